// The order in which a journal's parts come.
import type { Checkpoint, Fact } from "../ports/journal.ts";

/** The highest position a checkpoint holds. */
export function lastPosition({ first, entries }: Checkpoint): number {
  return first + entries.length - 1;
}

export function compareFacts(a: Fact, b: Fact): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
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
