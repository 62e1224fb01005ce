// What bounds how many runs go on at once, and how often they begin. A limiter is a set of runs that hold it and a line of
// runs that wait for it; or a pace, at which places in time are given out. Which limiters a run goes through, and when a
// slot may be taken out of whose hands, is the engine's (engine/flow/): here are single conditional writes and one read,
// strongly consistent.

export interface Waiter {
  readonly runId: string;
  /** Of the run, epoch ms: waiters stand in the order of their runs' start, then of their ids. */
  readonly createdAt: number;
}

export interface Standing {
  /** Runs that hold a slot, in no order. */
  readonly holders: readonly string[];
  /** When a slot was taken last, epoch ms; absent when none is held. */
  readonly takenAt?: number;
  /** The first in line. */
  readonly waiters: readonly Waiter[];
}

export interface LimitStore {
  /** All holders, and the first `waiters` in line. */
  read(request: { readonly limiter: string; readonly waiters: number }): Promise<Standing>;
  /** Makes `runId` a holder if fewer than `limit` are (Q1). True also when it is one already. */
  take(request: {
    readonly limiter: string;
    readonly runId: string;
    readonly limit: number;
    readonly now: number;
  }): Promise<boolean>;
  /** Succeeds also when `runId` holds nothing. With `takenAt`, does nothing when a slot was taken at another time since. */
  release(request: {
    readonly limiter: string;
    readonly runId: string;
    readonly takenAt?: number | undefined;
  }): Promise<void>;
  /** Puts a run in line; it stands there once. */
  enlist(request: { readonly limiter: string } & Waiter): Promise<void>;
  /** Succeeds also when it is not in line. */
  delist(request: { readonly limiter: string } & Waiter): Promise<void>;
  /**
   * Gives out the next place of a pace, epoch ms: `now`, or `intervalMs` after the one given out last, whichever is later.
   * A request that was repeated after a lost answer may use up two. Is forgotten some time after its next place has passed.
   */
  reserve(request: {
    readonly limiter: string;
    readonly now: number;
    readonly intervalMs: number;
  }): Promise<number>;
}
