// One SQLite file that holds everything of a local Perdure. Owns the connection, its durability and its transactions;
// the tables are in schema.ts, what they mean in the files beside it.
//
// Durable: with the write-ahead log and `synchronous = FULL` a commit returns after the log has reached the disk, so
// neither kill -9 nor a power cut loses what was acknowledged. `fullfsync` makes that true on macOS, where a plain
// fsync stops at the drive's cache.
//
// Indivisible: node:sqlite is synchronous, so nothing of this process happens inside a transaction; against other
// processes a transaction that writes begins IMMEDIATE, and waits for its turn instead of failing half-way.
import { DatabaseSync } from "node:sqlite";
import { PerdureError } from "../../sdk/errors.ts";
import { migrate } from "./schema.ts";

/** How long a statement waits for another process that is writing. */
const BUSY_TIMEOUT_MS = 5_000;
const SQLITE_NOTADB = 26;

export class Database implements Disposable {
  readonly #connection: DatabaseSync;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  get prepare(): DatabaseSync["prepare"] {
    return this.#connection.prepare.bind(this.#connection);
  }

  /** Runs `work` in one transaction that may write; throws what it throws, with nothing written. */
  write<Result>(work: () => Result): Result {
    return this.#transaction("BEGIN IMMEDIATE", work);
  }

  /** Runs reads that see one state of the database. */
  read<Result>(work: () => Result): Result {
    return this.#transaction("BEGIN", work);
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #transaction<Result>(begin: string, work: () => Result): Result {
    this.#connection.exec(begin);
    try {
      const result = work();
      this.#connection.exec("COMMIT");
      return result;
    } catch (error) {
      // Some faults (a full disk) have rolled back already.
      if (this.#connection.isTransaction) this.#connection.exec("ROLLBACK");
      throw error;
    }
  }
}

/**
 * Opens a local database, and makes it when the file is new.
 *
 * @param path a file, or ":memory:"
 * @throws E_BAD_OPTION when the file is of a newer version, or belongs to another program
 */
export function openDatabase(path: string): Database {
  const connection = connect(path);
  try {
    connection.exec("PRAGMA journal_mode = WAL");
    connection.exec("PRAGMA synchronous = FULL");
    connection.exec("PRAGMA fullfsync = ON");
    migrate(connection, path);
  } catch (error) {
    connection.close();
    if (Reflect.get(Object(error), "errcode") !== SQLITE_NOTADB) throw error;
    throw new PerdureError("E_BAD_OPTION", `The data file ${path} is not a database.`);
  }
  return new Database(connection);
}

function connect(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PerdureError("E_BAD_OPTION", `The data file ${path} cannot be opened: ${why}.`, { cause });
  }
}
