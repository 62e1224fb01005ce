// Asking a run to end: a fact like a signal, which the run takes note of and cleans up after (W1, J4).
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type EndRequest, openRun, putEndFact, readRun } from "./end-request.ts";
import type { Engine } from "./engine.ts";
import { wake } from "./wake.ts";

/**
 * Asks a run to end. Asking again changes nothing.
 *
 * @throws E_RUN_NOT_FOUND, E_RUN_CLOSED, E_BAD_OPTION
 */
export async function cancelRun(engine: Engine, request: EndRequest): Promise<Run> {
  await openRun(engine, request);
  await putEndFact(engine, request, "cancel");
  await wake(engine, request.runId);
  return await readRun(engine, request.runId);
}

/** Asks a run to end that may have ended, or never been. */
export async function cancelQuietly(engine: Engine, runId: string, reason: string): Promise<void> {
  try {
    await cancelRun(engine, { runId, reason });
  } catch (error) {
    const isOver = error instanceof PerdureError && ["E_RUN_CLOSED", "E_RUN_NOT_FOUND"].includes(error.code);
    if (!isOver) throw error;
  }
}
