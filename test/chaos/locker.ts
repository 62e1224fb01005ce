// Program: `locker.ts FILE MS` holds the exclusive lock of a SQLite file for so long.
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";

/** Whoever writes all the time lets nobody in for a while. */
const PATIENCE_MS = 60_000;

const [file = "", ms = "0"] = process.argv.slice(2);
const database = new DatabaseSync(file, { timeout: PATIENCE_MS });
database.exec("BEGIN EXCLUSIVE");
process.stdout.write("locked\n");
await pause(Number(ms));
database.exec("ROLLBACK");
database.close();
