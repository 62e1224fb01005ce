// Appends to one run's journal under one lease. Keeps J1 (one slot, one winner) and J2 (what a lost slot means).
//
//   slot    5        6        7
//   old     put ✓    put ✗ ─► finds a higher fence: replaced, stops
//   new              put ✓    put …
//
// An old owner's late entry may also win a slot that the new owner has not used yet: then the new one adopts it.
import { MAX_CHECKPOINT_BYTES } from "../limits.ts";
import type { Checkpoint, Entry } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { TransactionAnswer } from "../ports/store.ts";
import type { TransactionWrite } from "../ports/transaction.ts";
import { shortDigest } from "./digest.ts";
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

  /**
   * Appends one entry together with writes of the author's, or neither; answers its position, or why not. Its mark is not
   * the one that `append` would give this slot, so that neither takes the other's entry for its own.
   *
   * @throws as `append`
   */
  async appendWith(
    entry: Entry,
    writes: readonly TransactionWrite[],
  ): Promise<Exclude<TransactionAnswer, { ok: true } | { existing: unknown }> | { readonly first: number }> {
    const { engine, owner, run } = this.#options;
    const { journal } = engine.ports.store;
    if (journal.appendWith === undefined) throw new TypeError("the store has no transactions");
    this.#checkLease();
    const first = this.#next;
    // The table knows a repetition by it, among the transactions of the whole account.
    const mark = shortDigest(`${run.runId} ${owner}.${first} transaction`);
    const checkpoint = { first, entries: [entry], fence: run.fence, mark, at: entry.at };
    const answer = await journal.appendWith(run.runId, checkpoint, writes);
    if ("existing" in answer) throw this.#lostSlot(answer.existing);
    if (!answer.ok) return answer;
    this.#next += 1;
    return { first };
  }

  async #put(entries: readonly Entry[]): Promise<void> {
    const { engine, owner, run } = this.#options;
    this.#checkLease();
    const mark = `${owner}.${this.#next}`;
    const checkpoint = {
      first: this.#next,
      entries,
      fence: run.fence,
      mark,
      at: engine.ports.clock.now(),
    };
    const result = await engine.ports.store.journal.append(run.runId, checkpoint);
    if (!result.ok) throw this.#lostSlot(result.existing);
    this.#next += entries.length;
  }

  #checkLease(): void {
    const { runId, fence } = this.#options.run;
    if (this.#options.signal.aborted)
      throw new LeaseLost(`run ${runId}: the lease with fence ${fence} is lost`);
  }

  /** J2: by whom decides what it means. */
  #lostSlot(existing: Checkpoint): LeaseLost | Overtaken {
    const { runId, fence } = this.#options.run;
    return existing.fence > fence
      ? new LeaseLost(`run ${runId}: fence ${existing.fence} has replaced ${fence}`)
      : new Overtaken(`run ${runId}: slot ${this.#next} was taken by fence ${existing.fence}`);
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
