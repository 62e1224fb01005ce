// A long timer's message is never claimed: it is converted into a numbered wake-up, delayed to the exact time
// (docs/design/protocol.md). Doing so twice, or for a timer that is no longer wanted, costs an activation that finds nothing due (T1).
import { isClosed } from "../ports/run.ts";
import { type Disposition, DONE, type Engine } from "./engine.ts";
import type { TimerFired } from "./messages.ts";
import { sweepTime } from "./settings.ts";
import { sendWakeUp } from "./wake.ts";

export async function fireTimer(engine: Engine, { runId, fireAt }: TimerFired): Promise<Disposition> {
  const { ports, settings } = engine;
  const run = await ports.store.runs.get(runId);
  if (run === undefined || isClosed(run.status) || run.status === "stalled") return DONE;
  const raised = await ports.store.runs.raise({ runId, sweepAt: sweepTime(fireAt, settings) });
  if (raised === undefined) return DONE;
  const delayMs = Math.min(Math.max(0, fireAt - ports.clock.now()), ports.activations.maxDelayMs);
  await sendWakeUp(engine, runId, raised.wake, delayMs);
  return DONE;
}
