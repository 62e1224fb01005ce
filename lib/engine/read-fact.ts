// Facts that may have been used up. A fact that leaves the inbox is among the retired before (F4, F5), so whoever looks in the
// inbox first and there second misses none. When a key is in both, somebody has put the fact again: the first one counts.
//
//   retire:   put U#key if absent ──► delete I#key
//   here:     put I#key if absent ──► read U#key          or: read I#key ──► read U#key
import type { Fact } from "../ports/journal.ts";
import type { Store } from "../ports/store.ts";

/** A fact, whether it has been used up or not. */
export async function readFact({ journal }: Store, runId: string, key: string): Promise<Fact | undefined> {
  const held = await journal.fact(runId, key);
  return (await journal.retired(runId, key)) ?? held;
}

/**
 * Stores a fact unless there has ever been one of its key. What is put beside one that was used up stays in the inbox, and
 * nobody takes it for news.
 */
export async function putFactOnce(
  { journal }: Store,
  runId: string,
  fact: Fact,
): ReturnType<Store["journal"]["putFact"]> {
  const result = await journal.putFact(runId, fact);
  // Also when there was one: it may be our own, put beside the used-up one by a try of which we heard nothing.
  const existing = await journal.retired(runId, fact.key);
  return existing === undefined ? result : { stored: false, existing };
}
