// A process of its own for sqlite-processes.test.ts: `node sqlite-child.ts append|take <file>`.
import { writeSync } from "node:fs";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteQueue } from "../../lib/local/sqlite/sqlite-queue.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { SystemClock } from "../../lib/local/system-clock.ts";
import { aCheckpoint } from "../conformance/samples.ts";

const [role, path = ""] = process.argv.slice(2);
const database = openDatabase(path);

/** Appends for ever, and says each position once the store has acknowledged it. */
async function append(): Promise<void> {
  const { journal } = new SqliteStore(database);
  for (let first = 1; ; first += 1) {
    await journal.append("run_1", aCheckpoint({ first }));
    say(String(first));
  }
}

/** Receives until the queue is empty, and says each body it got. */
async function take(): Promise<void> {
  const queue = new SqliteQueue(database, "activations", { clock: new SystemClock() });
  for (;;) {
    const deliveries = await queue.receive({ max: 3, visibilityMs: 600_000, waitMs: 0 });
    if (deliveries.length === 0) return;
    for (const { body, receipt } of deliveries) {
      say(body);
      await queue.remove(receipt);
    }
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

await (role === "append" ? append() : take());
