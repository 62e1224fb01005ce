// Wake-ups: counted in META first, then announced through the queue (W1, W2).
import type { Run } from "../ports/run.ts";
import type { Engine } from "./engine.ts";
import { writeMessage } from "./messages.ts";
import { sweepTime } from "./settings.ts";

/**
 * Another cause to look at a run, after what it is about has been stored. No message while somebody holds the lease:
 * the holder sees `wake` before it leaves, and if it dies, its own message comes back (W2). False when closed or absent.
 */
export async function wake(engine: Engine, runId: string): Promise<boolean> {
  const { ports, settings } = engine;
  const now = ports.clock.now();
  const run = await ports.store.runs.raise({ runId, sweepAt: sweepTime(now, settings) });
  if (run === undefined) return false;
  if (!isLeased(run, now)) await sendWakeUp(engine, runId, run.wake, 0);
  return true;
}

/** Asks for an activation for the cause numbered `n`. */
export async function sendWakeUp(engine: Engine, runId: string, n: number, delayMs: number): Promise<void> {
  await engine.ports.activations.send(writeMessage({ kind: "wake-up", runId, n }), delayMs);
}

export function isLeased(run: Run, now: number): boolean {
  return run.leaseUntil !== undefined && run.leaseUntil > now;
}
