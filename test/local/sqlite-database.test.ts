// The file: its version, its durability, its transactions.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SCHEMA_VERSION } from "../../lib/local/sqlite/schema.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { PerdureError } from "../../lib/sdk/errors.ts";
import { aCheckpoint, anEntry, aRun } from "../conformance/samples.ts";

let directory = "";
let path = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "perdure-"));
  path = join(directory, "perdure.db");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("what was written is there when the file is opened again", async () => {
  const run = aRun();
  {
    using database = openDatabase(path);
    await new SqliteStore(database).runs.create(run);
  }
  using database = openDatabase(path);
  expect(await new SqliteStore(database).runs.get(run.runId)).toEqual(run);
});

test("two connections to one file see each other's writes", async () => {
  using one = openDatabase(path);
  using other = openDatabase(path);
  const run = aRun();
  await new SqliteStore(one).runs.create(run);
  expect((await new SqliteStore(other).runs.create(run)).created).toBe(false);
});

test("a commit waits for the disk: write-ahead log, synchronous FULL", () => {
  using database = openDatabase(path);
  expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(database.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(database.prepare("PRAGMA fullfsync").get()).toEqual({ fullfsync: 1 });
});

test("a file of a newer version is refused, by name and number, and left alone", () => {
  openDatabase(path).close();
  setVersion(path, SCHEMA_VERSION + 1);
  const open = () => openDatabase(path);
  expect(open).toThrow(PerdureError);
  expect(open).toThrow(path);
  expect(open).toThrow(`version ${SCHEMA_VERSION + 1}`);
  expect(readVersion(path)).toBe(SCHEMA_VERSION + 1);
});

test("a database of another program is refused and left alone", () => {
  const foreign = new DatabaseSync(path);
  foreign.exec("CREATE TABLE contact (name TEXT)");
  foreign.close();
  expect(() => openDatabase(path)).toThrow("belongs to another program");
  expect(readVersion(path)).toBe(0);
});

test("a write that throws leaves nothing behind, and the next one works", async () => {
  using database = openDatabase(path);
  const insert = database.prepare("INSERT INTO blob (key, bytes) VALUES (?, x'00')");
  const work = () => {
    insert.run("half");
    throw new Error("on the way");
  };
  expect(() => database.write(work)).toThrow("on the way");
  expect(database.prepare("SELECT count(*) AS blobs FROM blob").get()).toEqual({ blobs: 0 });
  expect((await new SqliteStore(database).runs.create(aRun())).created).toBe(true);
});

test("a page that stops at its limit leaves no read open that would hold back the log", async () => {
  using database = openDatabase(path);
  const { journal } = new SqliteStore(database);
  for (const first of [1, 2, 3]) await journal.append("run_1", aCheckpoint({ first, entries: [anEntry()] }));
  expect(await journal.page("run_1", 0, 1)).toHaveLength(1);
  expect(database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()).toMatchObject({ busy: 0, log: 0 });
});

test("bytes of a Buffer are stored as bytes", async () => {
  using database = openDatabase(path);
  const { journal } = new SqliteStore(database);
  const value = { encoding: "json", gzip: Buffer.from([1, 2, 255]) } as const;
  await journal.append("run_1", aCheckpoint({ entries: [anEntry({ value })] }));
  const entry = (await journal.last("run_1"))?.entries[0];
  expect(entry).toMatchObject({ value: { gzip: new Uint8Array([1, 2, 255]) } });
});

test("a journal with a gap is not loaded", async () => {
  using database = openDatabase(path);
  const { journal } = new SqliteStore(database);
  await journal.append("run_1", aCheckpoint({ first: 1 }));
  await journal.append("run_1", aCheckpoint({ first: 3 }));
  await expect(journal.load("run_1")).rejects.toMatchObject({ code: "E_CORRUPT" });
});

function setVersion(file: string, version: number): void {
  const connection = new DatabaseSync(file);
  connection.exec(`PRAGMA user_version = ${version}`);
  connection.close();
}

function readVersion(file: string): unknown {
  const connection = new DatabaseSync(file);
  const row = connection.prepare("PRAGMA user_version").get();
  connection.close();
  return row?.["user_version"];
}
