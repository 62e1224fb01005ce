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
  readonly isAll: boolean;
  readonly done: Promise<readonly Undone[]>;
}

export class Undos {
  readonly #execution: Execution;
  #kept: Kept[] = [];
  /** One waits for the other. */
  #underWay: readonly UnderWay[] = [];

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** Something is to be undone, or being undone. */
  get anyKept(): boolean {
    return this.#kept.length > 0 || this.#underWay.length > 0;
  }

  keep(call: StepCall, value: unknown): void {
    if (call.compensation !== undefined) this.add(call.id, call.compensation, value);
  }

  add(id: string, compensation: Compensation, value: unknown): void {
    this.#kept.push({ id, compensation, value });
  }

  /** What has been registered so far, below a scope, needs no undoing any more. */
  forgetBelow(scope: string): void {
    this.#kept = this.#kept.filter(({ id }) => !id.startsWith(scope));
  }

  /** What the running code has registered so far needs no undoing any more. */
  forgetOwn(): void {
    const own = this.#own();
    this.#kept = this.#kept.filter((each) => !own.has(each));
  }

  /** Undoes everything, also what succeeds meanwhile. Never rejects. Whoever asks while it is under way gets the same. */
  runAll(): Promise<readonly Undone[]> {
    const before = this.#underWay.at(-1);
    return before?.isAll === true ? before.done : this.#run({ scope: "", isAll: true }, () => true);
  }

  /** Undoes what the running code has registered so far. Never rejects. */
  runOwn(): Promise<readonly Undone[]> {
    const { scope } = this.#execution.bodies;
    const own = this.#own();
    return this.#run({ scope, isAll: false }, (each) => own.has(each));
  }

  /** Resolves when nothing is being undone for those who have asked below a scope. */
  async endedBelow(scope: string): Promise<void> {
    const find = () => this.#underWay.find((each) => each.scope.startsWith(scope));
    for (let next = find(); next !== undefined; next = find()) await next.done;
  }

  /** A turn that ends keeps what it has done, and replay leaves it out: the code around its loop must not know of it. */
  #own(): ReadonlySet<Kept> {
    const { bodies } = this.#execution;
    const isOwn = ({ id }: Kept) => id.startsWith(bodies.scope) && !bodies.isOfInnerLoop(id);
    return new Set(this.#kept.filter(isOwn));
  }

  /** What is being undone for another one comes first, and is told of when it lies below the scope. */
  #run(part: Omit<UnderWay, "done">, isMeant: (each: Kept) => boolean): Promise<readonly Undone[]> {
    const before = this.#underWay.at(-1);
    const isToldOf = before?.scope.startsWith(part.scope) === true;
    const undo = async () => {
      const earlier = before === undefined ? [] : await before.done;
      const later = await this.#undoEach(isMeant);
      return isToldOf ? [...earlier, ...later] : later;
    };
    const done = undo().then((undone) => {
      this.#underWay = this.#underWay.filter((each) => each.done !== done);
      return undone;
    });
    this.#underWay = [...this.#underWay, { ...part, done }];
    return done;
  }

  async #undoEach(isMeant: (each: Kept) => boolean): Promise<readonly Undone[]> {
    const undone: Undone[] = [];
    for (let next = this.#take(isMeant); next !== undefined; next = this.#take(isMeant))
      undone.push(await this.#undo(next));
    return undone;
  }

  #take(isMeant: (each: Kept) => boolean): Kept | undefined {
    const at = this.#kept.findLastIndex(isMeant);
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
