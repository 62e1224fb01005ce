// Store on a local database.
import type { LimitStore } from "../../ports/limits.ts";
import type { JournalStore, RunIndex, RunStore, Store } from "../../ports/store.ts";
import { RuledRuns } from "../ruled-runs.ts";
import type { Database } from "./database.ts";
import { SqliteCells } from "./sqlite-cells.ts";
import { SqliteIndex } from "./sqlite-index.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { SqliteLimits } from "./sqlite-limits.ts";

export class SqliteStore implements Store {
  readonly runs: RunStore;
  readonly journal: JournalStore;
  readonly index: RunIndex;
  readonly limits: LimitStore;

  constructor(database: Database) {
    this.runs = new RuledRuns(new SqliteCells(database));
    this.journal = new SqliteJournal(database);
    this.index = new SqliteIndex(database);
    this.limits = new SqliteLimits(database);
  }
}
