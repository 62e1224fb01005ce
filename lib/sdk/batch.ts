// What `ctx.parallel` and `ctx.map` may be asked for, and what they tell of pieces of work of which some may fail.

export interface BatchOptions {
  /** Pieces under way at the same time. @default all of them */
  readonly concurrency?: number;
  /**
   * Enough when so many have succeeded, a count from 1 on or a percentage above 0: the others are cancelled. The answer is a `Batch`.
   * @default all of them
   */
  readonly minSuccessful?: number | `${number}%`;
  /**
   * Failures that may happen, a count, a percentage or "all"; one more and the rest is cancelled and `BatchError` thrown.
   * The answer is a `Batch`. @default 0, and the first failure itself is thrown; with minSuccessful: all others
   */
  readonly tolerate?: number | `${number}%` | "all";
}

/** What `ctx.map` may be asked for besides. */
export interface MapKey<I> {
  /**
   * Names the piece of work of an item, in the ids of its calls and in the `Batch`. Has to differ from item to item and to
   * answer the same on every replay. @default the index
   */
  readonly key?: (item: I, index: number) => string;
}

/** Options with which the answer is a `Batch`. */
export type TolerantOptions = BatchOptions &
  ({ readonly minSuccessful: number | `${number}%` } | { readonly tolerate: number | `${number}%` | "all" });

/** What became of one piece of work. `key` is the name of the branch, or the key of the item. */
export type BatchItem<T> = { readonly index: number; readonly key: string } & (
  | { readonly status: "succeeded"; readonly value: T }
  | { readonly status: "failed"; readonly error: unknown }
  /** It was under way when the outcome was decided without it. */
  | { readonly status: "cancelled" }
  | { readonly status: "not-started" }
);

export interface Batch<T> {
  /** In the order of the items or branches, whatever the order in which they ended. */
  readonly items: readonly BatchItem<T>[];
  /** Of those that succeeded, in the same order. */
  readonly values: readonly T[];
  readonly failures: readonly Extract<BatchItem<T>, { readonly status: "failed" }>[];
  readonly completion: "all-completed" | "enough-succeeded" | "too-many-failures";
}
