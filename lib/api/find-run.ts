// The run that a request names.
import type { Engine } from "../engine/index.ts";
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";

/** @throws E_RUN_NOT_FOUND */
export async function findRun({ ports }: Engine, runId: string): Promise<Run> {
  const run = await ports.store.runs.get(runId);
  if (run === undefined) throw new PerdureError("E_RUN_NOT_FOUND", `There is no run "${runId}".`);
  return run;
}
