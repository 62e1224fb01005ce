// Blobs on the table `blob`.
import { UnreadableError } from "../../engine/unreadable.ts";
import type { Blobs } from "../../ports/blobs.ts";
import { blobKey, isBlobOf } from "../blob-key.ts";
import type { Database } from "./database.ts";
import { bytesOf } from "./row.ts";

export class SqliteBlobs implements Blobs {
  readonly #statements;

  constructor(database: Database) {
    this.#statements = {
      put: database.prepare("INSERT INTO blob (key, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING"),
      get: database.prepare("SELECT bytes FROM blob WHERE key = ?"),
    };
  }

  async put(runId: string, bytes: Uint8Array): Promise<string> {
    const key = blobKey(runId, bytes);
    this.#statements.put.run(key, bytes);
    return key;
  }

  async get(key: string): Promise<Uint8Array> {
    const row = this.#statements.get.get(key);
    if (row === undefined) throw new UnreadableError("E_CORRUPT", `There is no blob ${key}.`);
    const bytes = bytesOf(row, "bytes");
    if (isBlobOf(key, bytes)) return bytes;
    throw new UnreadableError("E_CORRUPT", `The blob ${key} is not what was stored under that key.`);
  }
}
