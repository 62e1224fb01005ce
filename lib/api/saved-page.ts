// A run's journal as `replayAll` reads it, for a file beside the tests. Mostly one answer is the whole of it. A large one comes
// in parts, because a Lambda answers at most 6 MB: the first has the input, each further one begins behind the entry that the one
// before ended with. A checkpoint may be divided; no replay depends on where one ends.
import { type Engine, savedHead, saveEntry, saveInput } from "../engine/index.ts";
import { JOURNAL_PAGE, MAX_VALUE_BYTES } from "../limits.ts";
import type { Checkpoint } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { SavedJournalPage } from "./answers.ts";

/** Without `after` it has the input, and may have nothing else; with it, it has an entry, if there is one. */
export async function readSavedPage(
  engine: Engine,
  run: Run,
  after: number | undefined,
): Promise<SavedJournalPage> {
  const { journal } = engine.ports.store;
  const input = after === undefined ? await saveInput(engine, run) : undefined;
  let sizeChars = JSON.stringify(input ?? null).length;
  let last = after ?? 0;
  const parts = new Map<Checkpoint, SavedJournalPage["checkpoints"][number]>();
  const page = (more: boolean): SavedJournalPage => ({
    ...savedHead(run),
    ...(input === undefined ? {} : { input }),
    checkpoints: [...parts.values()],
    after: last,
    more,
  });
  for (const checkpoint of await journal.page(run.runId, last, JOURNAL_PAGE.most)) {
    const { first, fence, at, entries } = checkpoint;
    for (const entry of entries.slice(Math.max(0, last + 1 - first))) {
      const saved = { ...(await saveEntry(engine, run.runId, entry)) };
      sizeChars += JSON.stringify(saved).length;
      if (sizeChars > MAX_VALUE_BYTES && (parts.size > 0 || input !== undefined)) return page(true);
      last += 1;
      const part = parts.get(checkpoint);
      if (part === undefined) parts.set(checkpoint, { first: last, fence, at, entries: [saved] });
      else part.entries.push(saved);
    }
  }
  const behind = await journal.page(run.runId, last, 1);
  return page(behind.length > 0);
}
