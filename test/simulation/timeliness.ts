// T1: a timer never fires early, by the clock of whoever records that it fired. And not late either, where nothing
// excuses it: what begins when the effects of the last fault have passed is as punctual as if there had been none.
import type { CallEntry } from "../../lib/ports/journal.ts";

/** How much before its time an entry came, ms, negative when after it; nothing when it may come at any time. */
export function earlyByMs(entry: CallEntry, ofCall: readonly CallEntry[]): number | undefined {
  const dueAt = dueAtOf(entry, ofCall);
  return dueAt === undefined ? undefined : dueAt - entry.at;
}

function dueAtOf(entry: CallEntry, ofCall: readonly CallEntry[]): number | undefined {
  switch (entry.type) {
    case "sleep.finished":
      return ofCall.find((other) => other.type === "sleep.started")?.wakeAt ?? Number.POSITIVE_INFINITY;
    case "signal.timed_out":
      return ofCall.find((other) => other.type === "signal.awaited")?.deadline ?? Number.POSITIVE_INFINITY;
    case "callback.timed_out": {
      if (entry.silent === true) return undefined;
      return ofCall.find((other) => other.type === "callback.awaited")?.deadline ?? Number.POSITIVE_INFINITY;
    }
    case "step.started":
    case "step.dispatched": {
      const last = ofCall.findLast((other) => other.type === "step.retrying" || other.type === "step.polled");
      return last?.type === "step.retrying" ? last.retryAt : last?.nextAt;
    }
    default:
      return undefined;
  }
}

/** After a fault it takes this long until a backed-off message, a forgotten lease and the sweeper's next look are over. */
const EFFECTS_MS = 26 * 3_600_000;
/** A step in the same activation may hold the run; nobody waits for a process that was stopped in the middle. */
const LATE_MS = 3_000;
const SKEW_MS = 10_000;

export class Punctuality {
  #quietFrom = Number.NEGATIVE_INFINITY;
  readonly #spareMs: number;

  /** `spareMs`: how late the surroundings make a timer by themselves, a lost invocation for one. */
  constructor(spareMs: number) {
    this.#spareMs = spareMs;
  }

  /** A fault happened at this time, epoch ms, and lasts for so long. */
  disturbed(at: number, ms: number): void {
    this.#quietFrom = Math.max(this.#quietFrom, at + ms + EFFECTS_MS);
  }

  /** Whether nothing excuses it that a timer set at `startedAt` was noticed so late. */
  isLate(startedAt: number, lateMs: number, doClocksDisagree: boolean): boolean {
    const allowedMs = LATE_MS + this.#spareMs + (doClocksDisagree ? SKEW_MS : 0);
    return startedAt >= this.#quietFrom && lateMs > allowedMs;
  }
}
