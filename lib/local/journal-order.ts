// The order in which a journal's parts come, and the check that none is missing.
import type { Checkpoint, Fact } from "../ports/journal.ts";
import { PerdureError } from "../sdk/errors.ts";

/** The highest position a checkpoint holds. */
export function lastPosition({ first, entries }: Checkpoint): number {
  return first + entries.length - 1;
}

export function compareFacts(a: Fact, b: Fact): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}

/** The counterpart of J1 on the reading side: a journal with a gap or an overlap must not be replayed. */
export function assertGapless(runId: string, checkpoints: readonly Checkpoint[]): void {
  let next = 1;
  for (const checkpoint of checkpoints) {
    if (checkpoint.first !== next) {
      const what = `The journal of run ${runId} has a checkpoint at position ${checkpoint.first} where ${next} was due.`;
      throw new PerdureError("E_INTERNAL", what);
    }
    next = lastPosition(checkpoint) + 1;
  }
}

/** The first checkpoints of an ordered list, up to the one with which `limit` entries are reached. */
export function takeEntries(checkpoints: Iterable<Checkpoint>, limit: number): Checkpoint[] {
  const page: Checkpoint[] = [];
  let entries = 0;
  for (const checkpoint of checkpoints) {
    page.push(checkpoint);
    entries += checkpoint.entries.length;
    if (entries >= limit) break;
  }
  return page;
}
