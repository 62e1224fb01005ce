// Wake-ups further away than a queue can delay. A timer may fire late, twice, or never: the sweeper covers that (W4);
// whoever gets its message checks the time itself (T1).

export interface Timer {
  /** Unique for what it wakes; arming the same name again means it is armed already, which is success. */
  readonly name: string;
  /** Epoch ms. */
  readonly fireAt: number;
  /** The message put on the activation queue when it fires. */
  readonly message: string;
}

export interface Timers {
  arm(timer: Timer): Promise<void>;
  /** Succeeds also when there is no such timer. */
  disarm(name: string): Promise<void>;
}
