// Blobs on the table `blob`.
import type { Blobs } from "../../ports/blobs.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { blobKey } from "../blob-key.ts";
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
    if (row === undefined) throw new PerdureError("E_INTERNAL", `There is no blob ${key}.`);
    return bytesOf(row, "bytes");
  }
}
