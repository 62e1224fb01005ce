// A fact that was stored just before its run ended may have been taken or not: who put it is refused its count (`raise`)
// either way, and only the journal knows.
import type { Entry } from "../ports/journal.ts";
import type { Engine } from "./engine.ts";

/** Of a run that has closed. Reads its whole journal: seldom, and after that nothing is told wrongly. */
export async function wasTaken(
  { ports }: Engine,
  runId: string,
  takes: (entry: Entry) => boolean,
): Promise<boolean> {
  const { checkpoints } = await ports.store.journal.load(runId);
  return checkpoints.some(({ entries }) => entries.some(takes));
}
