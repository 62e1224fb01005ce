// What becomes of a message whose run, or something of it, cannot be read: the run stalls, so that nobody tries in vain
// for ever. An activation that holds the lease stalls its run itself; this is for everybody else.
import { MAX_UNKNOWN_DELIVERIES } from "../limits.ts";
import { isClosed } from "../ports/run.ts";
import type { PerdureError } from "../sdk/errors.ts";
import { type Disposition, DONE, type Engine, faultBackoffMs, later } from "./engine.ts";
import { stall } from "./leave.ts";
import { UnreadableError } from "./unreadable.ts";

/**
 * Does what a message asks for.
 *
 * A run whose META cannot be read is left as it is and the message dropped, because it would only come back for ever:
 * the sweeper finds the run again once META is mended (W4).
 */
export async function orStall(
  engine: Engine,
  runId: string,
  /** Of the message. */
  receiveCount: number,
  handle: () => Promise<Disposition>,
): Promise<Disposition> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    if (isDeploymentUnderWay(error, receiveCount)) return later(faultBackoffMs(receiveCount));
    return await stallUnreadable(engine, runId, error);
  }
}

/**
 * While a deployment rolls, functions of two versions serve the same runs. What another knows and this one does not (a
 * form, a workflow that was just added) is worth a few deliveries.
 */
export function isDeploymentUnderWay(fault: PerdureError, receiveCount: number): boolean {
  const passes = fault.code === "E_NEWER_FORMAT" || fault.code === "E_UNKNOWN_WORKFLOW";
  return passes && receiveCount <= MAX_UNKNOWN_DELIVERIES;
}

async function stallUnreadable(engine: Engine, runId: string, fault: UnreadableError): Promise<Disposition> {
  const { ports, settings } = engine;
  try {
    const run = await ports.store.runs.get(runId);
    if (run === undefined || isClosed(run.status) || run.status === "stalled") return DONE;
    const { kind } = await stall(engine, run, fault, "onlooker");
    return kind === "left" ? DONE : later(settings.leaseMs);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    ports.log.error("a run cannot be read", { run: runId, code: error.code, reason: error.message });
    return DONE;
  }
}
