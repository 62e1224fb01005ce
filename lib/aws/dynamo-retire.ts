// Takes what a run has used up out of the range that a load reads. A fact moves from I# to U#, where whoever puts a fact of
// its key still finds it; notes and step claims are deleted.
//
//   put U#key if absent ──► delete I#key
//
// Dying between the two leaves both, and the next one to retire the fact deletes what is left. Nothing here asks who owns the
// run: what is used up is in the journal, so it is used up for everybody, for ever.
import type { JournalStore } from "../ports/store.ts";
import { newMark, putIfAbsent, remove } from "./dynamo-write.ts";
import { toFactItem } from "./fact-item.ts";
import { factKey, noteKey, retiredKey, stepClaimKey, type Table } from "./table.ts";

type Request = Parameters<JournalStore["retire"]>[0];

/** Writes at the same time: a run's items share a partition, which takes 1,000 writes a second. */
const MAX_PARALLEL = 25;

/** Repeatable: the second time it puts nothing and deletes nothing. */
export async function retire(table: Table, { runId, facts, notes, stepClaims }: Request): Promise<void> {
  const moves = facts.map((fact) => async () => {
    await putIfAbsent(table, toFactItem(retiredKey(runId, fact.key), fact, newMark()));
    await remove(table, factKey(runId, fact.key));
  });
  const keys = [
    ...notes.map((name) => noteKey(runId, name)),
    ...stepClaims.map((seq) => stepClaimKey(runId, seq)),
  ];
  const work = [...moves, ...keys.map((key) => async () => await remove(table, key))];
  for (let first = 0; first < work.length; first += MAX_PARALLEL) {
    await Promise.all(work.slice(first, first + MAX_PARALLEL).map(async (act) => await act()));
  }
}
