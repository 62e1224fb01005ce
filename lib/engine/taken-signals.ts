// Which signals of the inbox the journal has given to the code, by the keys of their facts.
//
// A signal may be recorded for a call that the code gives up in the same checkpoint: nobody has taken it. The entry that ends
// the turn or the generation around that call names it, and from then on it waits for the next who asks.
import type { Entry } from "../ports/journal.ts";

export class TakenSignals {
  readonly #taken = new Set<string>();
  /** Recorded for calls that had been given up, with the ids of those. */
  readonly #missed = new Map<string, string>();

  get keys(): ReadonlySet<string> {
    return this.#taken;
  }

  take(key: string): void {
    this.#taken.add(key);
    this.#missed.delete(key);
  }

  /** It was recorded for a call that nobody waits for any more. */
  miss(key: string, callId: string): void {
    if (!this.#taken.has(key)) this.#missed.set(key, callId);
  }

  missedBelow(scope: string): readonly string[] {
    return [...this.#missed].flatMap(([key, callId]) => (callId.startsWith(scope) ? [key] : []));
  }

  /** Notes an entry of which the code does not hear. */
  leaveOut(entry: Entry): void {
    if ("fact" in entry) this.#taken.add(entry.fact);
    this.giveBack(entry);
  }

  giveBack(entry: Entry): void {
    for (const key of ("untaken" in entry && entry.untaken) || []) {
      this.#taken.delete(key);
      this.#missed.delete(key);
    }
  }
}
