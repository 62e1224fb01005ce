// An operator holds a run and lets it go again. While it is held nobody claims it: its timers and signals are kept, and
// looked at when it is resumed. Whoever has it when it is paused goes on to the next point where it can leave.
import { isClosed, type Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { readRun } from "./end-request.ts";
import type { Engine } from "./engine.ts";
import { sweepTime } from "./settings.ts";
import { sendWakeUp } from "./wake.ts";

/** Pausing again changes nothing. @throws E_RUN_NOT_FOUND, E_RUN_CLOSED, E_RUN_STALLED */
export async function pauseRun(engine: Engine, runId: string): Promise<Run> {
  const { ports, settings } = engine;
  const paused = await ports.store.runs.pause({ runId, sweepAt: sweepTime(ports.clock.now(), settings) });
  if (paused !== undefined) return paused;
  const { status } = await readRun(engine, runId);
  if (isClosed(status)) throw new PerdureError("E_RUN_CLOSED", `Run ${runId} is ${status}.`);
  throw new PerdureError("E_RUN_STALLED", `Run ${runId} is ${status}.`);
}

/** @throws E_RUN_NOT_FOUND, E_RUN_NOT_PAUSED */
export async function resumeRun(engine: Engine, runId: string): Promise<Run> {
  const { ports, settings } = engine;
  const now = ports.clock.now();
  const resumed = await ports.store.runs.resume({ runId, sweepAt: sweepTime(now, settings) });
  const run = resumed ?? (await readRun(engine, runId));
  // J4: somebody may have resumed it and died before the message was sent. Also when leased: while it was paused its
  // holder's message may have come back and been deleted (W2).
  const needsMessage =
    !isClosed(run.status) && run.status !== "stalled" && !run.paused && run.wake > run.handled;
  if (needsMessage) await sendWakeUp(engine, runId, run.wake, 0);
  if (resumed !== undefined) return resumed;
  throw new PerdureError("E_RUN_NOT_PAUSED", `Run ${runId} is ${run.status}.`);
}
