// The loops that AWS runs for us and a laptop does not: timers that fire, and the sweeper (W4).
import { type Engine, sweep } from "../engine/index.ts";
import type { LocalTimers } from "./local-timers.ts";

/** Bounds how long a timer armed by another process can go unnoticed. */
const MAX_TIMER_PAUSE_MS = 5_000;
/** Half of LOCAL_SETTINGS' sweep grain: what is due is found in the grain it falls into. */
const SWEEP_EVERY_MS = 5_000;

/** Puts the messages of due timers on their queue until `signal` aborts. */
export async function fireTimers({ ports }: Engine, timers: LocalTimers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await orLog(ports.log, "timers could not be collected", () => timers.collectDue());
    const dueInMs = (timers.nextFireAt() ?? Number.POSITIVE_INFINITY) - ports.clock.now();
    await sleepOrArm(ports.clock, timers, Math.min(MAX_TIMER_PAUSE_MS, Math.max(0, dueInMs)), signal);
  }
}

/** Sweeps until `signal` aborts. */
export async function sweepAgainAndAgain(engine: Engine, signal: AbortSignal): Promise<void> {
  const { clock, log } = engine.ports;
  while (!signal.aborted) {
    await orLog(log, "the sweep failed", () => sweep(engine));
    await clock.sleep(SWEEP_EVERY_MS, signal);
  }
}

async function sleepOrArm(
  clock: Engine["ports"]["clock"],
  timers: LocalTimers,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const armed = new AbortController();
  const stopListening = timers.onArm(() => armed.abort());
  try {
    await clock.sleep(ms, AbortSignal.any([armed.signal, signal]));
  } finally {
    stopListening();
  }
}

/** A full disk must not end the loop: the next round may succeed. */
async function orLog(
  log: Engine["ports"]["log"],
  message: string,
  act: () => Promise<unknown>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    log.error(message, { error: String(error) });
  }
}
