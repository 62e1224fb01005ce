// One file, several processes, and one that is killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteQueue } from "../../lib/local/sqlite/sqlite-queue.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { SystemClock } from "../../lib/local/system-clock.ts";

const CHILD = fileURLToPath(new URL("./sqlite-child.ts", import.meta.url));
const TIMEOUT_MS = 30_000;
let directory = "";
let path = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "perdure-"));
  path = join(directory, "perdure.db");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a process that is killed loses nothing that was acknowledged", { timeout: TIMEOUT_MS }, async () => {
  const { child, lines } = start("append");
  let acknowledged = 0;
  for await (const line of lines) {
    acknowledged = Number(line);
    if (acknowledged === 50) child.kill("SIGKILL");
  }
  expect(acknowledged).toBeGreaterThanOrEqual(50);
  using database = openDatabase(path);
  const { checkpoints } = await new SqliteStore(database).journal.load("run_1");
  expect(checkpoints.length).toBeGreaterThanOrEqual(acknowledged);
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
});

test("processes that share a queue receive each message once", { timeout: TIMEOUT_MS }, async () => {
  using database = openDatabase(path);
  const queue = new SqliteQueue(database, "activations", { clock: new SystemClock() });
  const bodies = Array.from({ length: 60 }, (_, i) => `message ${i}`);
  for (const body of bodies) await queue.send(body);
  const takers = Array.from({ length: 3 }, () => start("take"));
  const taken = await Promise.all(
    takers.map(async ({ child, lines }) => {
      const exit = once(child, "exit");
      const got: string[] = [];
      for await (const line of lines) got.push(line);
      expect(await exit).toEqual([0, null]);
      return got;
    }),
  );
  expect(taken.flat().toSorted()).toEqual(bodies.toSorted());
});

function start(role: "append" | "take"): { child: ChildProcess; lines: AsyncIterable<string> } {
  const child = spawn(process.execPath, [CHILD, role, path], { stdio: ["ignore", "pipe", "inherit"] });
  return { child, lines: createInterface({ input: child.stdout }) };
}
