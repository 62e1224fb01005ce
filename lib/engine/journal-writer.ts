// Appends to one run's journal under one lease. Keeps J1 (one slot, one winner) and J2 (what a lost slot means).
//
//   slot    5        6        7
//   old     put ✓    put ✗ ─► finds a higher fence: replaced, stops
//   new              put ✓    put …
//
// An old owner's late entry may also win a slot that the new owner has not used yet: then the new one adopts it.
import { MAX_CHECKPOINT_BYTES } from "../limits.ts";
import type { Entry } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { Engine } from "./engine.ts";
import { LeaseLost } from "./lease.ts";
import { payloadBytes } from "./payloads.ts";

/** A former owner's entry took the slot: read the journal again and replay. */
export class Overtaken extends Error {
  override readonly name = "Overtaken";
}

export interface WriterOptions {
  readonly engine: Engine;
  readonly run: Run;
  /** Unique for this activation. */
  readonly owner: string;
  /** Position of the next entry. */
  readonly next: number;
  /** Aborted when the lease is lost. */
  readonly signal: AbortSignal;
}

export class JournalWriter {
  #next: number;
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  /** Position of the last entry that is known to be in the journal. */
  get lastSeq(): number {
    return this.#next - 1;
  }

  /**
   * Appends entries, in one write unless they are too many; answers the position of the first.
   *
   * @throws LeaseLost when a newer owner has written (J2), Overtaken when an older one has
   */
  async append(entries: readonly Entry[]): Promise<number> {
    const first = this.#next;
    const { maxEntriesPerCheckpoint } = this.#options.engine.settings;
    for (const chunk of chunksOf(entries, maxEntriesPerCheckpoint)) await this.#put(chunk);
    return first;
  }

  async #put(entries: readonly Entry[]): Promise<void> {
    const { owner, signal } = this.#options;
    const { ports } = this.#options.engine;
    const { runId, fence } = this.#options.run;
    if (signal.aborted) throw new LeaseLost(`run ${runId}: the lease with fence ${fence} is lost`);
    const mark = `${owner}.${this.#next}`;
    const checkpoint = { first: this.#next, entries, fence, mark, at: ports.clock.now() };
    const result = await ports.store.journal.append(runId, checkpoint);
    if (!result.ok) {
      if (result.existing.fence > fence)
        throw new LeaseLost(`run ${runId}: fence ${result.existing.fence} has replaced ${fence}`);
      throw new Overtaken(`run ${runId}: slot ${this.#next} was taken by fence ${result.existing.fence}`);
    }
    this.#next += entries.length;
  }
}

function* chunksOf(entries: readonly Entry[], maxEntries: number): Iterable<readonly Entry[]> {
  let chunk: Entry[] = [];
  let sizeBytes = 0;
  for (const entry of entries) {
    const entryBytes = entrySizeBytes(entry);
    const full = chunk.length >= maxEntries || sizeBytes + entryBytes > MAX_CHECKPOINT_BYTES;
    if (full && chunk.length > 0) {
      yield chunk;
      chunk = [];
      sizeBytes = 0;
    }
    chunk.push(entry);
    sizeBytes += entryBytes;
  }
  if (chunk.length > 0) yield chunk;
}

function entrySizeBytes(entry: Entry): number {
  const fixed = 400;
  if ("value" in entry) return fixed + payloadBytes(entry.value);
  if ("failure" in entry)
    return fixed + 2 * Buffer.byteLength(entry.failure.message) + payloadBytes(entry.failure.error);
  return fixed;
}
