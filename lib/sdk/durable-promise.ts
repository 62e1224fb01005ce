// What ctx calls return.

/** A promise whose wait the workflow may give up, for example of the loser of a race. */
export interface DurablePromise<T> extends Promise<T> {
  /**
   * Gives up waiting: the promise rejects with `CancelledError`, a running body sees its AbortSignal, a timer is taken
   * away, a signal that comes later is kept for the next who asks. Does nothing once the promise has settled. A body that
   * runs in a step handler (`on`) is not told: it runs to its end, and what it returns is dropped. Its AbortSignal fires
   * when the run ends or is cancelled, at the next renewal of its claim.
   *
   * @example
   * const timer = ctx.sleep("too late", "1 day");
   * const first = await Promise.race([ctx.waitForSignal("approved"), timer]);
   * timer.cancel();
   */
  cancel(reason?: string): void;
}
