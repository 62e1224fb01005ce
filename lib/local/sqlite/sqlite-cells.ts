// Runs as rows. A rule is applied in one immediate transaction: no other process writes between its read and its write.
import type { Run } from "../../ports/run.ts";
import type { RunCells } from "../ruled-runs.ts";
import type { Rule } from "../run-rules.ts";
import type { Database } from "./database.ts";
import { readRun, writeDocument } from "./document.ts";
import { textOf } from "./row.ts";

export class SqliteCells implements RunCells {
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = {
      get: database.prepare("SELECT doc FROM run WHERE run_id = ?"),
      put: database.prepare(
        "INSERT INTO run (run_id, doc) VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc",
      ),
    };
  }

  read(runId: string): Run | undefined {
    const row = this.#statements.get.get(runId);
    return row === undefined ? undefined : readRun(runId, textOf(row, "doc"));
  }

  apply<Answer>(runId: string, rule: Rule<Answer>): Answer {
    return this.#database.write(() => {
      const { answer, write } = rule(this.read(runId));
      if (write !== undefined) this.#statements.put.run(runId, writeDocument(write));
      return answer;
    });
  }
}
