// Blobs in memory, for tests and simulations.
import { UnreadableError } from "../engine/unreadable.ts";
import type { Blobs } from "../ports/blobs.ts";
import { blobKey } from "./blob-key.ts";

export class MemoryBlobs implements Blobs {
  readonly #blobs = new Map<string, Uint8Array>();

  async put(runId: string, bytes: Uint8Array): Promise<string> {
    const key = blobKey(runId, bytes);
    this.#blobs.set(key, Uint8Array.from(bytes));
    return key;
  }

  async get(key: string): Promise<Uint8Array> {
    const bytes = this.#blobs.get(key);
    if (bytes === undefined) throw new UnreadableError("E_CORRUPT", `There is no blob ${key}.`);
    return Uint8Array.from(bytes);
  }
}
