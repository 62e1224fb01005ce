// RunIndex on the computed columns of the table `run`; never behind.
import { hasAttributes } from "../../ports/run.ts";
import type { RunIndex, RunQuery } from "../../ports/store.ts";
import { cutPage, readCursor } from "../run-place.ts";
import type { Database } from "./database.ts";
import { readableRun } from "./document.ts";
import { integerOf, textOf } from "./row.ts";

/** Before every run in the list. */
const START = { createdAt: Number.MAX_SAFE_INTEGER, runId: "" };

export class SqliteIndex implements RunIndex {
  readonly #statements;

  constructor(database: Database) {
    this.#statements = {
      list: database.prepare(`
        SELECT run_id AS runId, created_at AS createdAt, doc FROM run
        WHERE workflow IN (SELECT value FROM json_each(:workflows))
          AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
          AND created_at >= :from AND created_at < :to
          AND (created_at, run_id) < (:createdAt, :runId)
        ORDER BY created_at DESC, run_id DESC`),
      due: database.prepare("SELECT run_id FROM run WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?"),
    };
  }

  async list({ workflows, statuses, from, to, attributes, limit, cursor }: RunQuery) {
    const after = cursor === undefined ? START : readCursor(cursor);
    const rows = this.#statements.list.iterate({
      workflows: JSON.stringify(workflows),
      statuses: statuses === undefined ? null : JSON.stringify(statuses),
      from: from ?? 0,
      to: to ?? Number.MAX_SAFE_INTEGER,
      createdAt: after.createdAt,
      runId: after.runId,
    });
    // Row by row, and no further than the page: what SQL takes for the text of a number is not what JavaScript does.
    const places = rows
      .map((row) => ({
        runId: textOf(row, "runId"),
        createdAt: integerOf(row, "createdAt"),
        doc: textOf(row, "doc"),
      }))
      .filter(
        ({ runId, doc }) =>
          attributes === undefined || readableRun(runId, doc).some((run) => hasAttributes(run, attributes)),
      )
      .take(limit + 1);
    // Cut by its rows: a run that cannot be read leaves a shorter page, and no page is lost behind it.
    const { runs, ...page } = cutPage([...places], limit);
    return { ...page, runs: runs.flatMap(({ runId, doc }) => readableRun(runId, doc)) };
  }

  async due(now: number, limit: number) {
    return this.#statements.due.all(now, limit).map((row) => textOf(row, "run_id"));
  }
}
