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

interface UnderWay {
  readonly scope: string;
  readonly done: Promise<readonly Undone[]>;
}

export class Undos {
  readonly #execution: Execution;
  #kept: Kept[] = [];
  #underWay: UnderWay | undefined;

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

  /** What has been registered so far, below a scope, needs no undoing any more. */
  forget(scope: string): void {
    this.#kept = this.#kept.filter(({ id }) => !id.startsWith(scope));
  }

  /** Undoes what has been registered below a scope. Never rejects. Whoever asks while it is under way gets the same. */
  async run(scope: string): Promise<readonly Undone[]> {
    const before = this.#underWay;
    if (before?.scope === scope) return await before.done;
    const done = before === undefined ? this.#undoAll(scope) : this.#undoAfter(before, scope);
    this.#underWay = { scope, done };
    const undone = await done;
    if (this.#underWay?.done === done) this.#underWay = undefined;
    return undone;
  }

  /** What another one is undoing comes first, and is told of when it lies below the scope. */
  async #undoAfter(before: UnderWay, scope: string): Promise<readonly Undone[]> {
    const earlier = await before.done;
    const later = await this.#undoAll(scope);
    return before.scope.startsWith(scope) ? [...earlier, ...later] : later;
  }

  async #undoAll(scope: string): Promise<readonly Undone[]> {
    const undone: Undone[] = [];
    for (let next = this.#take(scope); next !== undefined; next = this.#take(scope))
      undone.push(await this.#undo(next));
    return undone;
  }

  #take(scope: string): Kept | undefined {
    const at = this.#kept.findLastIndex(({ id }) => id.startsWith(scope));
    return at < 0 ? undefined : this.#kept.splice(at, 1)[0];
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
