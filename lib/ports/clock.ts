// Time as the engine sees it. Implemented by the system clock and by a virtual one for tests.

export interface Clock {
  /** Epoch milliseconds. Clocks of different workers do not agree; nothing may depend on it. */
  now(): number;
  /** Resolves after `ms` on this clock, or at once when `signal` aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when every promise job that is ready now, and every one these make ready, has run. */
  turn(): Promise<void>;
}
