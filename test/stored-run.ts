// What must hold of everything that is stored for a closed run, however it came about (docs/design/protocol.md). Knows
// no workflow: which value and which steps are right is for those who know the run.
import { type Entry, isTerminal } from "../lib/ports/journal.ts";
import { isClosed, type Run } from "../lib/ports/run.ts";
import type { Loaded } from "../lib/ports/store.ts";

/** What is wrong, each in words; nothing when all is well. */
export function faultsOf(run: Run, loaded: Pick<Loaded, "checkpoints" | "facts">): readonly string[] {
  const entries = loaded.checkpoints.flatMap((checkpoint) => checkpoint.entries);
  return [
    ...metaFaults(run, entries.length),
    ...slotFaults(loaded.checkpoints),
    ...entryFaults(entries),
    ...signalFaults(loaded),
  ];
}

function* metaFaults(run: Run, entries: number): Iterable<string> {
  if (!isClosed(run.status)) yield `J4: META is ${run.status} and the journal has ended`;
  if (run.lastSeq !== entries) yield `J4: META has position ${run.lastSeq}, the journal ${entries}`;
  if (run.sweepAt !== undefined) yield "W4: a closed run is in the sweep index";
  if (run.leaseUntil !== undefined) yield "a lease is left";
}

function* slotFaults(checkpoints: Loaded["checkpoints"]): Iterable<string> {
  let next = 1;
  let highest = 0;
  for (const { first, entries, fence } of checkpoints) {
    if (first !== next) yield `J1: there is a checkpoint at ${first} where ${next} was due`;
    if (fence < highest) yield `J1: fence ${fence} follows fence ${highest}`;
    next = first + entries.length;
    highest = Math.max(highest, fence);
  }
}

function* entryFaults(entries: readonly Entry[]): Iterable<string> {
  const end = entries.findIndex(isTerminal);
  if (end === -1) yield "C1: the journal does not end with a terminal entry";
  else if (end !== entries.length - 1) yield "C1: something follows the end";
  // Ids come again when the code has begun anew.
  let generation = 1;
  const outcomes = entries.flatMap((entry) => {
    if (entry.type === "run.continued") generation = entry.generation;
    return entry.type === "step.succeeded" || entry.type === "step.failed"
      ? [`${generation} ${entry.id}`]
      : [];
  });
  if (new Set(outcomes).size !== outcomes.length) yield "a step has two outcomes";
  const wakeAt = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type === "sleep.started") wakeAt.set(entry.id, entry.wakeAt);
    if (entry.type === "sleep.finished" && !(entry.at >= (wakeAt.get(entry.id) ?? Number.NaN)))
      yield `T1: sleep ${entry.id} ended early`;
  }
}

function* signalFaults({ checkpoints, facts }: Pick<Loaded, "checkpoints" | "facts">): Iterable<string> {
  const consumedIn = (some: Loaded["checkpoints"]) =>
    some
      .flatMap(({ entries }) => entries)
      .flatMap((entry) =>
        entry.type === "signal.received" || entry.type === "signal.refused" ? [entry.fact] : [],
      );
  const consumed = consumedIn(checkpoints);
  if (new Set(consumed).size !== consumed.length) yield "a signal was delivered twice";
  const stored = new Set(facts.flatMap((fact) => (fact.kind === "signal" ? [fact.key] : [])));
  // What no owner has written was taken over from another run, and sent to that one.
  const own = checkpoints.filter(({ fence }) => fence > 0);
  for (const key of consumedIn(own)) if (!stored.has(key)) yield `signal ${key} was delivered and never sent`;
}
