// Many pieces of work at once, no more than `concurrency` of them, until all have ended or the outcome is decided:
// enough have succeeded, or more have failed than is tolerated. Then what has not begun never begins, what is under way
// is cancelled, and the fan-out ends when it has ended too, so that nothing of it is left behind.
//
// Nothing is recorded of the fan-out itself. It moves only when its pieces settle, one at a time and in journal order, so
// it decides the same on every replay (D1), and its result may be of any size.
import type { Batch, BatchItem } from "../../sdk/batch.ts";
import { BatchError, CancelledError } from "../../sdk/errors.ts";

export interface Policy {
  readonly concurrency: number;
  /** The fan-out is over when so many have succeeded. */
  readonly minSuccessful: number;
  /** Failures that do not end it. */
  readonly tolerated: number;
}

export interface Pieces {
  readonly count: number;
  readonly keyOf: (index: number) => string;
  readonly run: (index: number) => Promise<unknown>;
  readonly cancel: (index: number, reason: string) => void;
  /** All of them together were cancelled, not by the fan-out itself. */
  readonly isUnwanted: () => boolean;
}

export interface FannedOut {
  readonly batch: Batch<unknown>;
  /** In time, not by number. */
  readonly firstFailure: { readonly error: unknown } | undefined;
}

type Decided = Batch<unknown>["completion"] | "cancelled";

/** Resolves with what became of every piece. @throws CancelledError when the fan-out itself was cancelled */
export async function fanOut(pieces: Pieces, policy: Policy): Promise<FannedOut> {
  return await new FanOut(pieces, policy).run();
}

class FanOut {
  readonly #pieces: Pieces;
  readonly #policy: Policy;
  readonly #items: BatchItem<unknown>[];
  readonly #underWay = new Set<number>();
  readonly #end = Promise.withResolvers<void>();
  #next = 0;
  #succeeded = 0;
  #failed = 0;
  #decided: Decided | undefined;
  #cancelledBy: unknown;
  #firstFailure: FannedOut["firstFailure"];

  constructor(pieces: Pieces, policy: Policy) {
    this.#pieces = pieces;
    this.#policy = policy;
    this.#items = Array.from({ length: pieces.count }, (_, index) => ({
      status: "not-started",
      index,
      key: pieces.keyOf(index),
    }));
  }

  async run(): Promise<FannedOut> {
    this.#goOn();
    await this.#end.promise;
    if (this.#decided === "cancelled") throw this.#cancelledBy;
    const failures = this.#items.filter((item) => item.status === "failed");
    const batch: Batch<unknown> = {
      items: this.#items,
      values: this.#items.flatMap((item) => (item.status === "succeeded" ? [item.value] : [])),
      failures,
      completion: this.#decided ?? "all-completed",
    };
    return { batch, firstFailure: this.#firstFailure };
  }

  #goOn(): void {
    while (this.#decided === undefined && this.#hasRoom()) {
      const index = this.#next;
      this.#next += 1;
      this.#underWay.add(index);
      this.#pieces.run(index).then(
        (value) => this.#settle(index, { status: "succeeded", value }),
        (error: unknown) => this.#settle(index, this.#failureOf(error)),
      );
    }
    const isOver = this.#decided !== undefined || this.#next === this.#pieces.count;
    if (isOver && this.#underWay.size === 0) this.#end.resolve();
  }

  #hasRoom(): boolean {
    return this.#next < this.#pieces.count && this.#underWay.size < this.#policy.concurrency;
  }

  #failureOf(
    error: unknown,
  ): { readonly status: "failed"; readonly error: unknown } | { readonly status: "cancelled" } {
    if (!(error instanceof CancelledError)) return { status: "failed", error };
    if (this.#decided === undefined) {
      // The piece has given up something of its own, and has not caught that.
      if (!this.#pieces.isUnwanted()) return { status: "failed", error };
      // Not ours: the run, or the scope around, was cancelled.
      this.#cancelledBy = error;
      this.#decide("cancelled");
    }
    return { status: "cancelled" };
  }

  #settle(
    index: number,
    outcome:
      | { readonly status: "succeeded"; readonly value: unknown }
      | { readonly status: "failed"; readonly error: unknown }
      | { readonly status: "cancelled" },
  ): void {
    this.#underWay.delete(index);
    this.#items[index] = { index, key: this.#pieces.keyOf(index), ...outcome };
    if (outcome.status === "succeeded") this.#succeeded += 1;
    if (outcome.status === "failed") {
      this.#failed += 1;
      this.#firstFailure ??= outcome;
    }
    const isLast = this.#underWay.size === 0 && this.#next === this.#pieces.count;
    if (this.#decided === undefined && this.#failed > this.#policy.tolerated)
      this.#decide("too-many-failures");
    else if (this.#decided === undefined && this.#succeeded >= this.#policy.minSuccessful && !isLast)
      this.#decide("enough-succeeded");
    this.#goOn();
  }

  #decide(decided: Decided): void {
    this.#decided = decided;
    for (const index of this.#underWay) this.#pieces.cancel(index, `the outcome was decided: ${decided}`);
  }
}

/** @throws BatchError for a caller who is told of failures, else the first failure itself */
export function unlessFailed(
  what: string,
  { batch, firstFailure }: FannedOut,
  isTold: boolean,
): Batch<unknown> {
  if (firstFailure === undefined || (isTold && batch.completion !== "too-many-failures")) return batch;
  if (!isTold) throw firstFailure.error;
  const counts = `${batch.failures.length} of ${batch.items.length} failed, ${batch.values.length} succeeded`;
  throw new BatchError(`${what}: ${counts}`, batch, { cause: firstFailure.error });
}
