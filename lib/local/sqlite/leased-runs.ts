// Runs that somebody holds a lease of, live or not.
import type { Run } from "../../ports/run.ts";
import type { Database } from "./database.ts";
import { readableRun } from "./document.ts";
import { textOf } from "./row.ts";

export function leasedRuns(database: Database): readonly Run[] {
  const rows = database
    .prepare("SELECT run_id, doc FROM run WHERE doc ->> '$.leaseUntil' IS NOT NULL AND sweep_at IS NOT NULL")
    .all();
  return rows.flatMap((row) => readableRun(textOf(row, "run_id"), textOf(row, "doc")));
}
