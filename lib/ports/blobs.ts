// Values too large for the table. Content decides the key, so writing twice is harmless and nothing is ever overwritten
// with something else. Written before the entry that points to it; gone no earlier than the run.

export interface Blobs {
  /** Stores bytes that belong to a run and says under which key. Repeating it gives the same key. */
  put(runId: string, bytes: Uint8Array): Promise<string>;
  /** @throws when nothing is stored under that key */
  get(key: string): Promise<Uint8Array>;
}
