// All journals as they were written, from the calls that were applied: what rules judge by, whatever the stores answer.
import { type Checkpoint, type Entry, isTerminal } from "../../lib/ports/journal.ts";
import type { Handlers } from "./seen-call.ts";

/** An entry in its place. */
export interface Noted {
  readonly seq: number;
  readonly entry: Entry;
  /** Number of the event that recorded it. */
  readonly at: number;
  /** Of the code that it belongs to; the entry that begins one belongs to the one before. */
  readonly generation: number;
  /** It is the first of its checkpoint. */
  readonly isFirst: boolean;
}

const NOTHING: readonly Noted[] = [];

export class JournalBook {
  readonly #journals = new Map<string, Noted[]>();
  readonly #marks = new Set<string>();

  readonly handlers: Handlers = {
    "journal.append": ({ args: [runId, checkpoint], answer, at }) => {
      if (answer.ok) this.#note(runId, checkpoint, at);
    },
  };

  get runIds(): Iterable<string> {
    return this.#journals.keys();
  }

  /** In order; the entry at the position `seq` has the index `seq - 1`. */
  of(runId: string): readonly Noted[] {
    return this.#journals.get(runId) ?? NOTHING;
  }

  hasEnded(runId: string): boolean {
    const last = this.of(runId).at(-1);
    return last !== undefined && isTerminal(last.entry);
  }

  #note(runId: string, { first, entries, mark }: Checkpoint, at: number): void {
    const key = `${runId} ${first} ${mark}`;
    if (this.#marks.has(key)) return;
    this.#marks.add(key);
    const journal = this.#journals.get(runId) ?? [];
    this.#journals.set(runId, journal);
    for (const [i, entry] of entries.entries()) {
      const before = journal.at(-1);
      const generation =
        before?.entry.type === "run.continued" ? before.entry.generation : (before?.generation ?? 1);
      journal.push({ seq: first + i, entry, at, generation, isFirst: i === 0 });
    }
  }
}
