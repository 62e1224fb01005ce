// Which signals of the inbox the journal has given to the code, by the keys of their facts.
//
// A signal may be recorded for a call that the code gives up in the same checkpoint: nobody has taken it. The entry that ends
// the turn or the generation around that call names it, and from then on it waits for the next who asks. Each later turn of
// the loop names it again until somebody has taken it: a fold may leave out the turn that named it first and not the entry
// that it was recorded by, because that one lies before the fold (F2).
//
//   seq     5                 6               7                     8 …            12
//   entry   signal.received   step beside     loop.turned 1         …              loop.turned 2
//           l/0/two: missed                   names it                             names it again
//   fold                                      |◄──── from 7, to 11 ──────────────►|
import type { Entry } from "../ports/journal.ts";

export class TakenSignals {
  readonly #taken = new Set<string>();
  /** Recorded for calls that had been given up: the ids of those, and the loops whose turns have named it. */
  readonly #missed = new Map<string, Set<string>>();

  get keys(): ReadonlySet<string> {
    return this.#taken;
  }

  take(key: string): void {
    this.#taken.add(key);
  }

  /** It was recorded for a call that nobody waits for any more. */
  miss(key: string, callId: string): void {
    this.#missed.set(key, (this.#missed.get(key) ?? new Set()).add(callId));
  }

  /** Those that nobody has taken since. */
  missedBelow(scope: string): readonly string[] {
    const isBelow = (id: string) => id.startsWith(scope);
    return [...this.#missed].flatMap(([key, ids]) =>
      !this.#taken.has(key) && [...ids].some(isBelow) ? [key] : [],
    );
  }

  /** Notes an entry of which the code does not hear. */
  leaveOut(entry: Entry): void {
    if ("fact" in entry) this.#taken.add(entry.fact);
    this.giveBack(entry);
  }

  giveBack(entry: Entry): void {
    for (const key of ("untaken" in entry && entry.untaken) || []) {
      this.#taken.delete(key);
      if ("id" in entry) this.miss(key, `${entry.id}/`);
    }
  }
}
