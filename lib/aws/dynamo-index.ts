// RunIndex on DynamoDB: which runs there are (index `list`) and which are due (index `sweep`, W4). Reads only.
//
// The list index follows a run only when it opens, stalls, revives and closes; all that happens between costs it
// nothing. So an index entry says which run and, by `outcome`, whether it is closed or stalled; the runs of a page are
// then read from the table in one batch, as they stand. An entry without outcome is open as far as the index knows:
// a run that closed a moment ago may be missing from a list of closed runs until the index has caught up.
//
// Every shard holds its runs in order, so a page is a merge of the shards. The sort key, time and run id, is unique over
// all of them: the last one looked at is the cursor, and a run that starts later shifts no page.
import { inParallel } from "../engine/in-parallel.ts";
import { LIST_PAGE } from "../limits.ts";
import { hasAttributes, isClosed, type Run } from "../ports/run.ts";
import type { RunIndex, RunQuery } from "../ports/store.ts";
import { tableDefinition } from "../schema.ts";
import { queryPages, type Range, readRuns } from "./dynamo-read.ts";
import { readCursor, writeCursor } from "./list-cursor.ts";
import {
  type Item,
  listPartition,
  MAX_TIME_MS,
  padTime,
  runIdOf,
  SHARDS,
  sweepPartition,
  type Table,
} from "./table.ts";

const { list: LIST_INDEX, sweep: SWEEP_INDEX } = tableDefinition.indexes;

/** A filter that finds nothing must end: the caller gets a short page and a cursor to go on with. */
const MAX_ROUNDS_PER_PAGE = 20;
/** Queries at the same time: more would only wait for sockets. */
const MAX_PARALLEL_QUERIES = 64;

interface ListEntry {
  readonly position: string;
  readonly runId: string;
  readonly outcome: unknown;
}

export function createDynamoIndex(table: Table): RunIndex {
  return {
    async list(query) {
      const limit = Math.min(query.limit, LIST_PAGE.most);
      const runs: Run[] = [];
      let below = query.cursor === undefined ? padTime(query.to ?? MAX_TIME_MS) : readCursor(query.cursor);
      for (let round = 0; round < MAX_ROUNDS_PER_PAGE; round++) {
        const { entries, isLast } = await newestEntries(table, query, below, limit);
        const candidates = entries.filter((entry) => mayMatch(entry, query));
        const looked = candidates.slice(0, limit - runs.length);
        const read = await readRuns(
          table,
          looked.map((entry) => entry.runId),
        );
        runs.push(...read.filter((run) => matches(run, query)));
        const isThrough = looked.length === candidates.length;
        if (isThrough && isLast) return { runs };
        below = (isThrough ? entries : looked).at(-1)?.position ?? below;
        if (runs.length >= limit) break;
      }
      return { runs, cursor: writeCursor(below) };
    },

    async due(now, limit) {
      const entries = await dueEntries(table, "sweep", now, limit);
      return entries.map(runIdOf);
    },
  };
}

/** Entries of the sweep index whose time has come, the longest due first. */
export async function dueEntries(
  table: Table,
  kind: "sweep" | "expiry",
  now: number,
  limit: number,
): Promise<readonly Item[]> {
  const shards = await inParallel(SHARDS, MAX_PARALLEL_QUERIES, async (shard) => {
    const partition = sweepPartition(table, kind, shard);
    return await firstItems(table, { partition, from: 0, to: now, limit, index: SWEEP_INDEX });
  });
  return shards
    .flat()
    .toSorted((a, b) => Number(a.sweepSk) - Number(b.sweepSk))
    .slice(0, limit);
}

/**
 * The newest entries below a position, at least `limit` of them unless there are no more (`isLast`).
 * A shard that has more than it gave hides its older ones, so the merge ends where the first such shard ends.
 */
async function newestEntries(
  table: Table,
  { workflows, from = 0 }: RunQuery,
  below: string,
  limit: number,
): Promise<{ readonly entries: readonly ListEntry[]; readonly isLast: boolean }> {
  const oldest = padTime(from);
  if (below <= oldest) return { entries: [], isLast: true };
  const partitions = workflows.flatMap((workflow) =>
    SHARDS.map((shard) => listPartition(table, workflow, shard)),
  );
  // BETWEEN includes `below`, which was looked at before: one more is asked for, and that one dropped.
  const range = { from: oldest, to: below, limit: limit + 1, newestFirst: true, index: LIST_INDEX };
  const shards = await inParallel(
    partitions,
    MAX_PARALLEL_QUERIES,
    async (partition) => await firstItems(table, { ...range, partition }),
  );
  const ends = shards.filter((items) => items.length > limit).map((items) => String(items.at(-1)?.listSk));
  const horizon = ends.toSorted().at(-1) ?? "";
  const entries = shards
    .flat()
    .map(toListEntry)
    .filter(({ position }) => position < below && position >= horizon)
    .toSorted((a, b) => (a.position < b.position ? 1 : -1));
  return { entries, isLast: ends.length === 0 };
}

function toListEntry(item: Item): ListEntry {
  return { position: String(item.listSk), runId: runIdOf(item), outcome: item.outcome };
}

/** Whether the run is worth reading: what the index shows is in question only for runs that are neither closed nor stalled. */
function mayMatch({ outcome }: ListEntry, { statuses }: RunQuery): boolean {
  if (statuses === undefined) return true;
  if (outcome !== undefined) return statuses.some((status) => status === outcome);
  return statuses.some((status) => !isClosed(status) && status !== "stalled");
}

function matches(run: Run, { statuses, attributes }: RunQuery): boolean {
  return (statuses?.includes(run.status) ?? true) && hasAttributes(run, attributes);
}

/** The first `limit` items of a range: one page, unless DynamoDB ends that earlier. Fewer are all there are. */
async function firstItems(table: Table, range: Range & { readonly limit: number }): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const items of queryPages(table, range)) {
    found.push(...items);
    if (found.length >= range.limit) break;
  }
  return found.slice(0, range.limit);
}
