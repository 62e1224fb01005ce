// The order in which a journal's parts come.
import type { Checkpoint } from "../ports/journal.ts";
import type { Fold } from "../ports/run.ts";

/** The highest position a checkpoint holds. */
export function lastPosition({ first, entries }: Checkpoint): number {
  return first + entries.length - 1;
}

/** Whether a journal may be read without this checkpoint. */
export function isInFold(checkpoint: Checkpoint, folds: readonly Fold[]): boolean {
  return folds.some(({ from, to }) => checkpoint.first >= from && lastPosition(checkpoint) <= to);
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
