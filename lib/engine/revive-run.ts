// A person has mended what stalled a run: it goes on from its journal, nothing recorded runs again.
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { Engine } from "./engine.ts";
import { sweepTime } from "./settings.ts";
import { isLeased, sendWakeUp } from "./wake.ts";

/** @throws E_RUN_NOT_FOUND, E_RUN_NOT_STALLED */
export async function reviveRun(engine: Engine, runId: string): Promise<Run> {
  const { ports, settings } = engine;
  const now = ports.clock.now();
  const revived = await ports.store.runs.revive({ runId, sweepAt: sweepTime(now, settings) });
  if (revived !== undefined) {
    await sendWakeUp(engine, runId, revived.wake, 0);
    return revived;
  }
  const run = await ports.store.runs.get(runId);
  if (run === undefined) throw new PerdureError("E_RUN_NOT_FOUND", `There is no run "${runId}".`);
  // J4: somebody may have revived it and died before the message was sent.
  const isAtRest = run.status === "pending" || run.status === "running";
  if (isAtRest && run.wake > run.handled && !isLeased(run, now)) {
    await sendWakeUp(engine, runId, run.wake, 0);
  }
  throw new PerdureError("E_RUN_NOT_STALLED", `Run ${runId} is ${run.status}.`);
}
