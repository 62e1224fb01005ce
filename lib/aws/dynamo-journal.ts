// JournalStore on DynamoDB: checkpoints (J#), inbox facts (I#), notes (N#) and step claims (S#), all in the partition of their run.
// One slot has one winner because its key is taken or not (J1); a checkpoint or fact, once there, is never changed.
// Owns these items' attributes; which entry may follow which is the engine's business.
//
// Sort keys put facts before the journal before META before step claims, so one Query reads a whole run.
// None of these items expires by itself: retention.ts deletes them with their run.

import { asCheckpoint, asNote, assertGapless } from "../engine/stored-forms.ts";
import { UnreadableError } from "../engine/unreadable.ts";
import { MAX_ENTRIES_PER_CHECKPOINT } from "../limits.ts";
import { byArrival, type Checkpoint, type Note } from "../ports/journal.ts";
import type { Fold } from "../ports/run.ts";
import type { JournalStore, Loaded } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { queryAll, queryPages, readItem } from "./dynamo-read.ts";
import { retire } from "./dynamo-retire.ts";
import { newMark, putIfAbsent, update } from "./dynamo-write.ts";
import { fromFactItem, toFactItem } from "./fact-item.ts";
import { claimStep, fromStepClaimItem, renewStep } from "./step-claims.ts";
import {
  checkpointKey,
  endOf,
  factKey,
  type Item,
  type Key,
  noteKey,
  partitionOf,
  retiredKey,
  SORT,
  type Table,
} from "./table.ts";
import { writeTogether } from "./transaction.ts";

export function createDynamoJournal(table: Table): JournalStore {
  const rangeOf = (runId: string, from: string, to: string) => ({ partition: partitionOf(runId), from, to });
  const factRange = (runId: string) => rangeOf(runId, SORT.fact, endOf(SORT.fact));

  return {
    // Mark: the checkpoint brings its own, because the engine too repeats an append whose fate it does not know.
    async append(runId, checkpoint) {
      const answer = await putIfAbsent(table, toCheckpointItem(runId, checkpoint));
      if (answer.applied || answer.standing?.mark === checkpoint.mark) return { ok: true };
      return { ok: false, existing: fromCheckpointItem(expectStanding(answer.standing, runId)) };
    },

    // Mark: the checkpoint's own, as with append; transaction.ts says how the answer is read.
    async appendWith(runId, checkpoint, writes) {
      const answer = await writeTogether(table, toCheckpointItem(runId, checkpoint), checkpoint.mark, writes);
      if (!("standing" in answer)) return answer;
      const { standing } = answer;
      if (standing?.mark === checkpoint.mark) return { ok: true };
      return { ok: false, existing: fromCheckpointItem(expectStanding(standing, runId)) };
    },

    async load(runId, folds = []) {
      const ranges = rangesBeside(runId, folds).map(({ from, to }) => rangeOf(runId, from, to));
      const items = await Promise.all(ranges.map(async (range) => await queryAll(table, range)));
      return sorted(runId, items.flat(), folds);
    },

    async page(runId, after, limit) {
      const found: Checkpoint[] = [];
      let entries = 0;
      const range = rangeOf(runId, checkpointKey(runId, after + 1).sk, endOf(SORT.checkpoint));
      for await (const items of queryPages(table, { ...range, limit })) {
        for (const item of items) {
          if (entries >= limit) break;
          const checkpoint = fromCheckpointItem(item);
          found.push(checkpoint);
          entries += checkpoint.entries.length;
        }
        if (entries >= limit) break;
      }
      if (after === 0 || found[0]?.first === after + 1) return found;
      // No checkpoint begins right after the position asked for: it may lie inside one that begins earlier.
      const [before] = await newest(table, runId, checkpointKey(runId, after).sk);
      return before !== undefined && before.first + before.entries.length - 1 > after
        ? [before, ...found]
        : found;
    },

    async last(runId) {
      const [checkpoint] = await newest(table, runId, endOf(SORT.checkpoint));
      return checkpoint;
    },

    // Mark: two callers may store the same fact, and one of them has.
    async putFact(runId, fact) {
      const mark = newMark();
      const answer = await putIfAbsent(table, toFactItem(factKey(runId, fact.key), fact, mark));
      if (answer.applied || answer.standing?.mark === mark) return { stored: true };
      return { stored: false, existing: fromFactItem(expectStanding(answer.standing, runId)) };
    },

    async facts(runId) {
      return (await queryAll(table, factRange(runId))).map(fromFactItem).toSorted(byArrival);
    },

    async fact(runId, key) {
      const item = await readItem(table, factKey(runId, key));
      return item === undefined ? undefined : fromFactItem(item);
    },

    retire: async (request) => await retire(table, request),

    async retired(runId, key) {
      const item = await readItem(table, retiredKey(runId, key));
      return item === undefined ? undefined : fromFactItem(item);
    },

    // Repeatable: the second time its own order stands.
    async putNote(runId, { name, order, at, value }) {
      const when = "attribute_not_exists(#order) OR #order < :order";
      const set = { order, at, value, mark: newMark() };
      await update(table, noteKey(runId, name), { set, when, given: { order } });
    },

    async note(runId, name) {
      const item = await readItem(table, noteKey(runId, name));
      return item === undefined ? undefined : fromNoteItem(item);
    },

    claimStep: async (request) => await claimStep(table, request),
    renewStep: async (request) => await renewStep(table, request),
  };
}

/** Facts and what lies before the first fold, what lies between folds, what lies after the last and all the rest. */
function rangesBeside(
  runId: string,
  folds: readonly Fold[],
): readonly { readonly from: string; readonly to: string }[] {
  const starts = [SORT.fact, ...folds.map(({ to }) => checkpointKey(runId, to + 1).sk)];
  return starts.map((from, i) => {
    const fold = folds[i];
    return { from, to: fold === undefined ? endOf(SORT.stepClaim) : checkpointKey(runId, fold.from - 1).sk };
  });
}

/** The checkpoint with the highest first position up to a sort key. */
async function newest(table: Table, runId: string, upTo: string): Promise<readonly Checkpoint[]> {
  const range = { partition: partitionOf(runId), from: SORT.checkpoint, to: upTo };
  for await (const items of queryPages(table, { ...range, limit: 1, newestFirst: true })) {
    return items.map(fromCheckpointItem);
  }
  return [];
}

/** A partition's items by kind. META lies between them and is left out: whoever loads has claimed, and has it. */
function sorted(runId: string, items: readonly Item[], folds: readonly Fold[]): Loaded {
  const withPrefix = (prefix: string) => items.filter((item) => String(item.sk).startsWith(prefix));
  const checkpoints = withPrefix(SORT.checkpoint).map(fromCheckpointItem);
  assertGapless(runId, checkpoints, folds);
  return {
    checkpoints,
    facts: withPrefix(SORT.fact).map(fromFactItem).toSorted(byArrival),
    notes: withPrefix(SORT.note).map(fromNoteItem),
    stepClaims: withPrefix(SORT.stepClaim).map(fromStepClaimItem),
  };
}

/** The position is in the key alone: a step's result of 0.8 KB and all that lies around it must fit one write unit. */
function toCheckpointItem(runId: string, checkpoint: Checkpoint): Item & Key {
  const { first, entries, fence, mark, at } = checkpoint;
  if (entries.length < 1 || entries.length > MAX_ENTRIES_PER_CHECKPOINT) {
    throw new PerdureError("E_INTERNAL", `A checkpoint of run ${runId} has ${entries.length} entries.`);
  }
  return { ...checkpointKey(runId, first), n: entries.length, fence, mark, at, entries };
}

/** `n` says how many entries were written, because a list that was cut still looks like a list. */
function fromCheckpointItem({ pk, sk, n, fence, mark, at, entries }: Item): Checkpoint {
  const place = `The item ${String(pk)} ${String(sk)}`;
  const first = Number(String(sk).slice(SORT.checkpoint.length));
  const checkpoint = asCheckpoint({ first, entries, fence, mark, at }, place);
  if (checkpoint.entries.length === n) return checkpoint;
  const what = `${place} cannot be read: it has ${checkpoint.entries.length} entries where ${String(n)} were written.`;
  throw new UnreadableError("E_CORRUPT", what);
}

function fromNoteItem({ pk, sk, order, at, value }: Item): Note {
  const name = String(sk).slice(SORT.note.length);
  return asNote({ name, order, at, value }, `The item ${String(pk)} ${String(sk)}`);
}

function expectStanding(standing: Item | undefined, runId: string): Item {
  if (standing !== undefined) return standing;
  throw new PerdureError(
    "E_INTERNAL",
    `The table refused a put for run ${runId} and did not say what stands there.`,
  );
}
