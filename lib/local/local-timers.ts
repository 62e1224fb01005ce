// What the local timers offer beyond the Timers port: nothing fires by itself here, a worker loop asks.
import type { Timers } from "../ports/timers.ts";

export interface LocalTimers extends Timers {
  /** Moves the messages of due timers to the activation queue, a bounded number of them, and says how many. */
  collectDue(): Promise<number>;
  /** Epoch ms of the earliest timer, if there is one. */
  nextFireAt(): number | undefined;
  /** Calls `listener` after a timer was armed by this process; returns what ends it. */
  onArm(listener: () => void): () => void;
}

/** Timers moved at once: bounds one transaction; who asks again gets the next. */
export const MAX_TIMERS_COLLECTED = 1_000;
