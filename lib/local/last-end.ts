// How the last server on a data file ended, and what follows for the runs it was working on.
//
// All runs of a laptop share one process. When it is killed from outside (kill -9, a power cut, a restart in the middle
// of work), each of them has lost an activation and none is to blame: their leases, which nobody can hold any more, are
// given back as after any fault of the surroundings. When the process ended itself (an exit in a workflow's code, an
// error nobody caught), one of them did it, and all keep the mark, so that the poisonous one stalls at last while the
// others clear themselves by going on (lib/engine/poison.ts).
import { existsSync, rmSync, writeFileSync } from "node:fs";
import type { RunStore } from "../ports/store.ts";
import type { Database } from "./sqlite/database.ts";
import { leasedRuns } from "./sqlite/leased-runs.ts";

/** From here on until `forget`, an end that this process makes itself leaves a note beside the data file. */
export function noteOwnEnd(dataFile: string): { forget(): void } {
  const onExit = () => writeFileSync(noteOf(dataFile), "The server on this data file ended itself.\n");
  process.once("exit", onExit);
  return { forget: () => process.off("exit", onExit) };
}

/** To be called with the data file locked and before any work: every lease in it is a dead one. */
export async function settleLastEnd(dataFile: string, database: Database, runs: RunStore): Promise<void> {
  const note = noteOf(dataFile);
  if (existsSync(note)) return rmSync(note);
  for (const { runId, fence } of leasedRuns(database)) await runs.abandon({ runId, fence });
}

function noteOf(dataFile: string): string {
  return `${dataFile}.ended`;
}
