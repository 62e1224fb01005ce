// What a run has done that can be undone, and the undoing: in reverse order of success, one after the other, each a
// step of its own with the id `<step>#undo`, so that it is recorded, retried and never repeated like any other. One that
// cannot be undone is reported and the others go on.
import type { Undone } from "../ports/journal.ts";
import type { StepContext } from "../sdk/step.ts";
import type { Compensation, StepCall } from "./call.ts";
import { makeCall, plainStep } from "./call-factory.ts";
import type { Execution } from "./execution.ts";
import { undoIdOf } from "./undo-id.ts";

interface Kept {
  readonly id: string;
  readonly compensation: Compensation;
  readonly value: unknown;
}

export class Undos {
  readonly #execution: Execution;
  #kept: Kept[] = [];
  #underWay: Promise<readonly Undone[]> | undefined;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** Something is to be undone, or being undone. */
  get anyKept(): boolean {
    return this.#kept.length > 0 || this.#underWay !== undefined;
  }

  keep(call: StepCall, value: unknown): void {
    if (call.compensation !== undefined) this.add(call.id, call.compensation, value);
  }

  add(id: string, compensation: Compensation, value: unknown): void {
    this.#kept.push({ id, compensation, value });
  }

  /** What has been registered so far needs no undoing any more. */
  forget(): void {
    this.#kept = [];
  }

  /** Never rejects. Whoever asks while it is under way gets the same. */
  async run(): Promise<readonly Undone[]> {
    this.#underWay ??= this.#undoAll().finally(() => {
      this.#underWay = undefined;
    });
    return await this.#underWay;
  }

  async #undoAll(): Promise<readonly Undone[]> {
    const undone: Undone[] = [];
    for (let next = this.#kept.pop(); next !== undefined; next = this.#kept.pop())
      undone.push(await this.#undo(next));
    return undone;
  }

  async #undo({ id, compensation, value }: Kept): Promise<Undone> {
    const { undo, backoff, timeoutMs } = compensation;
    const body = async (step: StepContext) => {
      await undo(value, step);
    };
    try {
      const asked = { ...plainStep(body), backoff, timeoutMs };
      await makeCall(this.#execution, "step", undoIdOf(id), () => asked);
      return { id, ok: true };
    } catch (error) {
      return { id, ok: false, error: error instanceof Error ? error.message : String(error) };
    }
  }
}
