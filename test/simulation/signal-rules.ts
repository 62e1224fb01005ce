// No accepted signal is passed over: whoever records that a signal did not come in time, and loaded the inbox after the
// signal had been accepted, has given it to another call first. (That none is delivered twice, verdict.ts checks; one
// that is awaited without a limit and lost would leave its run open for ever.)
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { SimProcess } from "./sim-process.ts";

interface Accepted {
  readonly runId: string;
  readonly key: string;
  readonly signal: string;
  readonly at: number;
}

export class SignalRules {
  readonly #complain: (what: string) => void;
  readonly #loadedAt = new Map<SimProcess, number>();
  /** What a client has stored and not been answered for. */
  readonly #stored = new Map<SimProcess, Accepted>();
  readonly #accepted: Accepted[] = [];
  readonly #consumed = new Set<string>();

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  readonly handlers: Handlers = {
    "journal.load": ({ process, at }) => {
      this.#loadedAt.set(process, at);
    },
    "journal.putFact": ({ process, args: [runId, fact], at }) => {
      if (fact.kind === "signal")
        this.#stored.set(process, { runId, key: fact.key, signal: fact.signal, at });
    },
    // The last thing a client does that others can see; what it stored is counted from here on (W1).
    "runs.raise": ({ process, args: [{ runId }], answer, at }) => {
      const stored = this.#stored.get(process);
      if (stored?.runId === runId && answer !== undefined) this.#accepted.push({ ...stored, at });
    },
    "journal.append": (seen) => this.#appended(seen),
  };

  #appended({ process, args: [runId, { entries }], answer }: SeenBy<"journal.append">): void {
    if (!answer.ok) return;
    for (const entry of entries) {
      if ("fact" in entry) this.#consumed.add(`${runId} ${entry.fact}`);
      for (const key of ("untaken" in entry && entry.untaken) || []) this.#consumed.delete(`${runId} ${key}`);
    }
    const loadedAt = this.#loadedAt.get(process) ?? 0;
    for (const entry of entries) {
      if (entry.type !== "signal.timed_out") continue;
      const passedOver = this.#accepted.find(
        (accepted) =>
          accepted.runId === runId &&
          accepted.signal === entry.signal &&
          accepted.at < loadedAt &&
          !this.#consumed.has(`${runId} ${accepted.key}`),
      );
      if (passedOver !== undefined)
        this.#complain(`${runId}: ${entry.id} timed out although signal ${passedOver.key} was there`);
    }
  }
}
