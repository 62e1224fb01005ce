// One server for one data file. Two would be safe (leases see to it) but nobody would know which code runs what. The
// lock is SQLite's, on a file of its own beside the data: the system lets go of it when the process ends, however it
// ends, and tools may still read the data meanwhile.
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartError } from "./start-error.ts";

const SQLITE_BUSY = 5;

/** Makes the folder when it is missing. @throws StartError when another live process holds the lock */
export function lockDataFile(dataFile: string): { release(): void } {
  // Two names of one file are one lock.
  const file = existsSync(dataFile) ? realpathSync(dataFile) : dataFile;
  const connection = openLock(`${file}.lock`, dataFile);
  try {
    connection.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    connection.close();
    if (Reflect.get(Object(error), "errcode") !== SQLITE_BUSY) throw error;
    throw new StartError(
      `The data file ${dataFile} is in use by another Perdure server. Stop that one, or give this one a file of its own with --data.`,
    );
  }
  return { release: () => connection.close() };
}

function openLock(lockFile: string, dataFile: string): DatabaseSync {
  try {
    mkdirSync(dirname(dataFile), { recursive: true });
    return new DatabaseSync(lockFile, { timeout: 0 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `No data file can be made at ${dataFile}: ${why}. Choose another place with --data.`,
    );
  }
}
