// T1: a timer never fires early, by the clock of whoever records that it fired.
import type { CallEntry } from "../../lib/ports/journal.ts";

/** Whether an entry came before its time, given the entries of the journal before it. */
export function isSoon(entry: CallEntry, earlier: readonly CallEntry[]): boolean {
  const dueAt = dueAtOf(
    entry,
    earlier.filter(({ id }) => id === entry.id),
  );
  return dueAt !== undefined && entry.at < dueAt;
}

/** Epoch ms before which the entry must not be; nothing when it may come at any time. */
function dueAtOf(entry: CallEntry, ofCall: readonly CallEntry[]): number | undefined {
  switch (entry.type) {
    case "sleep.finished":
      return ofCall.find((other) => other.type === "sleep.started")?.wakeAt ?? Number.POSITIVE_INFINITY;
    case "signal.timed_out":
      return ofCall.find((other) => other.type === "signal.awaited")?.deadline ?? Number.POSITIVE_INFINITY;
    case "step.dispatched":
      return ofCall.findLast((other) => other.type === "step.retrying")?.retryAt;
    default:
      return undefined;
  }
}
