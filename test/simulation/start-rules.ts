// Runs that are to begin later: nothing of their code is executed before their time, by anybody's clock (T1).
import type { Handlers } from "./seen-call.ts";

/** Clocks are ahead by this at most. */
const MAX_SKEW_MS = 5_000;

export class StartRules {
  readonly #complain: (what: string) => void;
  readonly #saw: (what: "began later") => void;
  readonly #now: () => number;
  readonly #startAt = new Map<string, number>();

  constructor(complain: (what: string) => void, saw: (what: "began later") => void, now: () => number) {
    this.#complain = complain;
    this.#saw = saw;
    this.#now = now;
  }

  readonly handlers: Handlers = {
    "runs.create": ({ args: [{ runId, startAt }] }) => {
      if (startAt !== undefined && !this.#startAt.has(runId)) this.#startAt.set(runId, startAt);
    },
    "journal.append": ({ args: [runId, { entries }], answer }) => {
      const startAt = this.#startAt.get(runId);
      if (startAt === undefined || !answer.ok) return;
      if (entries.some(({ type }) => type.startsWith("run."))) return;
      if (this.#now() + MAX_SKEW_MS < startAt) this.#complain(`T1: ${runId} began before its time`);
      else this.#saw("began later");
    },
  };
}
