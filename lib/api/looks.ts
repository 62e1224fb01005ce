// Waiting by looking again and again: at once, then at growing intervals. Whoever waits looks at the store in each
// round of the loop; the store is the only thing that all processes share.
import type { Clock } from "../ports/clock.ts";

const FIRST_PAUSE_MS = 25;

export interface LooksOptions {
  readonly clock: Clock;
  /** Longest time in all; the last look comes at its end. */
  readonly waitMs: number;
  /** Longest pause between two looks. */
  readonly pollEveryMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

export interface Look {
  readonly isLast: boolean;
  /** Something happened: the next looks come quickly again. */
  soon(): void;
}

/**
 * One look for each round of the loop.
 *
 * @example
 * for await (const look of looks(options)) {
 *   const run = await read();
 *   if (isOver(run) || look.isLast) return run;
 * }
 */
export async function* looks({
  clock,
  waitMs,
  pollEveryMs,
  signal,
}: LooksOptions): AsyncGenerator<Look, void, void> {
  const until = clock.now() + waitMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const leftMs = until - clock.now();
    const isLast = leftMs <= 0 || signal.aborted;
    yield { isLast, soon: () => (pauseMs = FIRST_PAUSE_MS) };
    if (isLast) return;
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
    pauseMs = Math.min(pauseMs * 1.5, pollEveryMs);
  }
}
