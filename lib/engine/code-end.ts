// How the code of a run comes to its end: it returns, fails, is cancelled, has no time left, or begins anew. What it has done is
// undone where it failed, children that are to be waited for are waited for, and only then there is an outcome.
//
//   returned ─────────────────────────► children have ended ──► outcome
//   failed, time up ──► undone ──────► children have ended ──► outcome
//   begins anew ──► nothing is open ──► continuation            (or told to stay: cancelled, or its input refused)
//
// An outcome other than success is final when nothing is under way any more that would have to be undone (isUnsure).
import type { Undone } from "../ports/journal.ts";
import { CancelledError } from "../sdk/errors.ts";
import type { Call, CallKind, StepCall } from "./call.ts";
import type { Made } from "./call-factory.ts";
import { type Encoded, encode } from "./codec.ts";
import type { Execution } from "./execution.ts";
import type { Outcome } from "./outcome.ts";

/** How the code ended, and what was undone because of it. */
export type Ended = (Outcome | { readonly ok: false; readonly expired: true }) & {
  readonly undone?: readonly Undone[];
};

/** Calls that the code need not wait for: what it has said is recorded when it ends, and nothing else that is open then. */
export const LAST_WORDS: readonly CallKind[] = ["state", "attributes", "event"];

export class CodeEnd {
  /** Set when the code has returned or thrown, and what it had registered is undone. */
  outcome: Ended | undefined;
  /** What the code has thrown, also while what it had registered is still being undone. */
  failure: { readonly error: unknown } | undefined;
  /** The code wants to begin anew with this input, and all that it had under way has ended. */
  continuation: Encoded | undefined;
  /** Ends of children that the run waits for before it ends itself. */
  readonly awaited = new Set<Made>();

  readonly #execution: Execution;
  #isCancelled = false;
  #isExpired = false;
  /** What the code has done is being undone, or has been. */
  #hasFailed = false;
  /** Rejects the code's `continueAsNew`: it goes on after all. */
  #stay: ((error: Error) => void) | undefined;
  /** The code has ended while it waited for its new beginning. */
  #hasReturned = false;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** The journal says that somebody has asked for the end. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** The journal says that the run's time is up. */
  get isExpired(): boolean {
    return this.#isExpired;
  }

  /**
   * A step that is under way may turn out to have been done, and would have to be undone: the run must not end before that is
   * known. One that succeeds does not undo anything.
   */
  isUnsure(isUnderWay: (call: StepCall) => boolean): boolean {
    if (this.outcome?.ok) return false;
    const { calls } = this.#execution;
    return [...calls.open(), ...calls.withdrawn()].some(
      (call) => call.kind === "step" && call.compensation !== undefined && isUnderWay(call),
    );
  }

  /** A child that is to be waited for has not ended. */
  get isAwaiting(): boolean {
    const isAwaited = (call: Call) => call.kind === "child" && call.onParentClose === "wait";
    return [...this.#execution.calls.open()].some(isAwaited);
  }

  /** The code may ask for nothing more: it has no time left, has failed, or wants to begin anew. */
  get isNear(): boolean {
    return this.#hasFailed || this.#stay !== undefined;
  }

  succeed(value: unknown): void {
    this.#waitThenEnd({ ok: true, value });
  }

  fail(error: unknown): void {
    this.#undoThenEnd({ ok: false, error });
  }

  /** Every open call rejects; what the code calls from then on is its cleaning up, and works. */
  cancel(reason: string | undefined): void {
    const { run, calls } = this.#execution;
    this.#isCancelled = true;
    const why = reason === undefined ? "" : `: ${reason}`;
    const errorOf = (call: Call) =>
      new CancelledError(
        `run ${run.runId} was cancelled while it waited for ${call.kind} "${call.id}"${why}`,
      );
    // What it has said is still recorded; whoever waits for that hears of the cancellation all the same.
    for (const call of this.#lastWords()) call.reject(errorOf(call));
    calls.withdrawBelow("", errorOf, LAST_WORDS);
    const stay = this.#stay;
    if (stay === undefined) return;
    this.#stay = undefined;
    this.continuation = undefined;
    const error = new CancelledError(`run ${run.runId} was cancelled before it began anew${why}`);
    stay(error);
    if (this.#hasReturned) this.#undoThenEnd({ ok: false, error });
  }

  /** The code goes no further: it never hears of its calls again. What it has said is still recorded. */
  expire(): void {
    this.#isExpired = true;
    this.#stay = undefined;
    this.continuation = undefined;
    const never = new Promise(() => {});
    for (const call of this.#lastWords()) call.resolve(never);
    this.#undoThenEnd({ ok: false, expired: true });
  }

  /** Never resolves: the code begins anew. */
  continueAsNew(input: unknown): Promise<never> {
    return new Promise<never>((_, reject) => {
      const encoded = encode(input);
      const { runId } = this.#execution.run;
      if (!this.#execution.admits("ctx.continueAsNew", false)) return;
      if (this.#isCancelled) throw new CancelledError(`run ${runId} was cancelled: it does not begin anew`);
      this.#stay = reject;
      const isToBegin = () => this.#stay === reject;
      void this.closeScope("", isToBegin).then(() => {
        if (isToBegin()) this.continuation = encoded;
      });
    });
  }

  /** What the code would begin anew with does not fit. */
  refuseContinuation(error: unknown): void {
    this.#stay = undefined;
    this.continuation = undefined;
    this.fail(error);
  }

  /**
   * Ends what lies below a scope: what is open is given up; children that are to be waited for, and what is being undone,
   * are waited for. What the code has said without waiting for it is still recorded. `isStillToEnd` is asked after the wait:
   * what is open by then may be a cancelled run that cleans up.
   */
  async closeScope(scope: string, isStillToEnd: () => boolean = () => true): Promise<void> {
    const { calls, undos } = this.#execution;
    calls.withdrawBelow(scope, undefined, LAST_WORDS);
    const awaited = [...this.awaited].filter(({ id }) => id?.startsWith(scope));
    await Promise.allSettled(awaited);
    for (const child of awaited) this.awaited.delete(child);
    await undos.endedBelow(scope);
    // Who waited for a child, or for what was undone, may have gone on.
    if (isStillToEnd()) calls.withdrawBelow(scope, undefined, LAST_WORDS);
  }

  /**
   * A step that nobody waits for any more may have succeeded in the moment in which the code failed. Takes the outcome back
   * when there is such a one, and answers how it is undone.
   */
  reopen(): (() => void) | undefined {
    const { outcome } = this;
    if (outcome === undefined || outcome.ok || !this.#execution.undos.anyKept) return undefined;
    this.outcome = undefined;
    return () => this.#undoThenEnd(outcome);
  }

  #lastWords(): readonly Call[] {
    return [...this.#execution.calls.open()].filter(({ kind }) => LAST_WORDS.includes(kind));
  }

  #undoThenEnd(ended: Ended): void {
    if (this.#stay !== undefined) {
      this.#hasReturned = true;
      return;
    }
    this.#hasFailed = true;
    // Loops are withdrawn too: of a turn that ended now, replay would leave out what is being undone in it.
    // Nobody waits for what other branches of the code have under way.
    this.#execution.calls.withdrawBelow("", undefined, LAST_WORDS);
    if ("error" in ended) this.failure ??= ended;
    const { undone: before = [] } = ended;
    // Awaited by nobody: it moves in turns, like the code.
    void this.#execution.undos.runAll().then((undone) => {
      // Who undoes by hand meanwhile is told again of what was undone before, and so are we.
      const all = [...new Set([...before, ...undone])];
      this.#waitThenEnd(undone.length === 0 ? ended : { ...ended, undone: all });
    });
  }

  #waitThenEnd(ended: Ended): void {
    if (this.#stay !== undefined) {
      this.#hasReturned = true;
      return;
    }
    if (this.awaited.size === 0) this.#end(ended);
    else void Promise.allSettled(this.awaited).then(() => this.#end(ended));
  }

  #end(ended: Ended): void {
    const { undos } = this.#execution;
    this.#execution.checkTurn("the code ended after it waited for something that is not recorded");
    // Time was up while it waited for its children: what it has done is being undone.
    if (ended.ok && this.#isExpired) return;
    // While it waited for its children a step may have succeeded.
    if (!ended.ok && undos.anyKept) this.#undoThenEnd(ended);
    else this.outcome ??= ended;
  }
}
