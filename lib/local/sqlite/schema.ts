// The tables of a local database and their version. A run and a checkpoint are JSON documents as the ports define them;
// the columns beside a document are computed from it by SQLite, so the two cannot disagree.
//
// `user_version` counts the steps of MIGRATIONS that a file has seen. Steps that were released are never changed, only
// added to.
import type { DatabaseSync } from "node:sqlite";
import { PerdureError } from "../../sdk/errors.ts";
import { integerOf } from "./row.ts";

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE run (
    run_id     TEXT PRIMARY KEY,
    doc        TEXT NOT NULL,
    workflow   TEXT AS (doc ->> '$.workflow'),
    status     TEXT AS (doc ->> '$.status'),
    created_at INTEGER AS (doc ->> '$.createdAt'),
    sweep_at   INTEGER AS (doc ->> '$.sweepAt')
  ) STRICT;
  -- Newest first, with all that a list asks about: it walks the index and stops at its limit.
  CREATE INDEX run_by_time ON run (created_at DESC, run_id DESC, workflow, status);
  -- W4: exactly the runs that are not closed have a sweep time.
  CREATE INDEX run_by_sweep ON run (sweep_at) WHERE sweep_at IS NOT NULL;

  -- J1: one slot, one winner.
  CREATE TABLE checkpoint (
    run_id TEXT NOT NULL,
    first  INTEGER NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (run_id, first)
  ) STRICT;

  CREATE TABLE fact (
    run_id TEXT NOT NULL,
    key    TEXT NOT NULL,
    at     INTEGER NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
  ) STRICT;

  CREATE TABLE step_claim (
    run_id      TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    owner       TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    claims      INTEGER NOT NULL,
    PRIMARY KEY (run_id, seq)
  ) STRICT, WITHOUT ROWID;

  -- AUTOINCREMENT: the number of a removed message is never given again, so an old receipt fits no new message.
  CREATE TABLE message (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    queue      TEXT NOT NULL,
    body       TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    receives   INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX message_by_time ON message (queue, visible_at);

  CREATE TABLE timer (
    name    TEXT PRIMARY KEY,
    fire_at INTEGER NOT NULL,
    message TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX timer_by_time ON timer (fire_at);

  CREATE TABLE blob (
    key   TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- Of one name only the highest order stays.
  CREATE TABLE note (
    run_id TEXT NOT NULL,
    name   TEXT NOT NULL,
    ord    INTEGER NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (run_id, name)
  ) STRICT;
  `,
  `
  -- Facts that were used up: no longer read with their run.
  CREATE TABLE retired_fact (
    run_id TEXT NOT NULL,
    key    TEXT NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
  ) STRICT;
  `,
  `
  -- The latest events, each once. The number keeps their order and says which are too many.
  CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id     TEXT NOT NULL UNIQUE,
    doc    TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Runs that hold a slot of a limiter, runs that wait for one, and the time from which the next place of a pace is given out.
  CREATE TABLE limiter_holder (
    limiter  TEXT NOT NULL,
    run_id   TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (limiter, run_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE limiter_waiter (
    limiter    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    run_id     TEXT NOT NULL,
    PRIMARY KEY (limiter, created_at, run_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pace (
    limiter TEXT PRIMARY KEY,
    next_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a file to this version, in one transaction. @throws E_BAD_OPTION when it is newer, or not Perdure's */
export function migrate(database: DatabaseSync, path: string): void {
  // Immediate, so that of two processes that open a new file one makes the tables and the other finds them.
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = integerOf(database.prepare("PRAGMA user_version").get(), "user_version");
    const tables = integerOf(
      database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get(),
      "tables",
    );
    assertKnown(path, version, tables);
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function assertKnown(path: string, version: number, tables: number): void {
  if (version > SCHEMA_VERSION) {
    const versions = `its tables have version ${version}, this one knows them up to ${SCHEMA_VERSION}`;
    const what = `The database ${path} was written by a newer Perdure: ${versions}. Update perdure, or use another file.`;
    throw new PerdureError("E_BAD_OPTION", what);
  }
  if (version === 0 && tables > 0) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `The database ${path} belongs to another program. Use another file.`,
    );
  }
}
