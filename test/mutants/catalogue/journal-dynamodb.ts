// Journal, facts, step claims, indexes and retention on DynamoDB (lib/aws).
import type { Area } from "../mutant.ts";

const journal = "lib/aws/dynamo-journal.ts";
const read = "lib/aws/dynamo-read.ts";
const index = "lib/aws/dynamo-index.ts";
const steps = "lib/aws/step-claims.ts";
const retention = "lib/aws/retention.ts";
const retire = "lib/aws/dynamo-retire.ts";
const noticedIn = ["test/aws/dynamo-store.test.ts"];
const LOST_ANSWERS = ["test/aws/lost-answers.test.ts"];
const REQUESTS = ["test/aws/dynamo-reads.test.ts"];
const RETENTION = ["test/aws/retention.test.ts"];
const RETIRE = ["test/aws/retire.test.ts"];

export const journalDynamodb: Area = [
  {
    name: "dynamodb: a checkpoint does not know its own mark",
    invariant: "J2",
    why: "a write whose answer was lost counts as somebody else's",
    file: journal,
    find: "if (answer.applied || answer.standing?.mark === checkpoint.mark) return",
    replace: "if (answer.applied) return",
    noticedIn: LOST_ANSWERS,
  },
  {
    name: "dynamodb: a fact does not know its own mark",
    invariant: "J4",
    why: "whoever stored a signal is told that somebody else had",
    file: journal,
    find: "if (answer.applied || answer.standing?.mark === mark) return { stored: true };",
    replace: "if (answer.applied) return { stored: true };",
    noticedIn: LOST_ANSWERS,
  },
  {
    name: "dynamodb: facts come in the order of their keys",
    invariant: "code",
    why: "signals are not delivered in the order of their arrival",
    file: journal,
    find: "withPrefix(SORT.fact).map(fromFactItem).toSorted(byArrival)",
    replace: "withPrefix(SORT.fact).map(fromFactItem)",
    noticedIn,
  },
  {
    name: "dynamodb: only the first page of a query is read",
    invariant: "J3",
    why: "a journal above one megabyte loses its end",
    file: read,
    find: "start = answer.LastEvaluatedKey;",
    replace: "start = undefined;",
    noticedIn: ["test/aws/dynamo-store.test.ts", "test/aws/write-units.test.ts"],
  },
  {
    name: "dynamodb: a journal is read as it was a moment ago",
    invariant: "J3",
    why: "the newest entries and signals are missing from a replay",
    file: read,
    find: "...(index === undefined ? { ConsistentRead: true } : { IndexName: index.name }),",
    replace: "...(index === undefined ? {} : { IndexName: index.name }),",
    noticedIn: REQUESTS,
  },
  {
    name: "dynamodb: an item is read as it was a moment ago",
    invariant: "W4",
    why: "decisions about a run are made from its past",
    file: read,
    find: "Key: toAttributes({ ...key }), ConsistentRead: true",
    replace: "Key: toAttributes({ ...key })",
    noticedIn: REQUESTS,
  },
  {
    name: "dynamodb: runs that a throttled table left unread are missing",
    invariant: "code",
    why: "a list of runs leaves some out",
    file: read,
    find: "keys = answer.UnprocessedKeys?.[table.name]?.Keys ?? [];",
    replace: "keys = [];",
    noticedIn: REQUESTS,
  },
  {
    name: "dynamodb: a list hides runs behind those of another shard",
    invariant: "code",
    why: "a page of the list leaves some runs out",
    file: index,
    find: "position < below && position >= horizon",
    replace: "position < below",
    noticedIn: ["test/aws/dynamo-index.test.ts", ...noticedIn],
  },
  {
    name: "dynamodb: the sweeper looks into one shard only",
    invariant: "W4",
    why: "nothing finds most of the runs whose message was lost",
    file: index,
    find: "const shards = await inParallel(SHARDS, MAX_PARALLEL_QUERIES, async (shard) => {",
    replace: "const shards = await inParallel(SHARDS.slice(0, 1), MAX_PARALLEL_QUERIES, async (shard) => {",
    noticedIn,
  },
  {
    name: "dynamodb: a step's claim is taken while it is held",
    invariant: "J1",
    why: "two handlers run one step",
    file: steps,
    find: "OR #leaseUntil <= :now",
    replace: "OR #leaseUntil <= :now OR #leaseUntil > :now",
    noticedIn,
  },
  {
    name: "dynamodb: a step's claim is renewed by somebody else",
    invariant: "J1",
    why: "a handler that was replaced believes that it holds the step",
    file: steps,
    find: 'const I_HOLD_IT = "#owner = :owner";',
    replace: 'const I_HOLD_IT = "(#owner = :owner OR #owner <> :owner)";',
    noticedIn,
  },
  {
    name: "dynamodb: a step's claim does not know its own mark",
    invariant: "J2",
    why: "a claim whose answer was lost locks its step for a lease",
    file: steps,
    find: "return { ok: answer.standing.mark === mark,",
    replace: "return { ok: false,",
    noticedIn: LOST_ANSWERS,
  },
  {
    name: "dynamodb: a purge believes the index",
    invariant: "C1",
    why: "it deletes a run that was started anew",
    file: retention,
    find: "if (run?.expiresAt === undefined || run.expiresAt * 1_000 > now) return false;",
    replace: "if (run === undefined) return false;",
    noticedIn: RETENTION,
  },
  {
    name: "dynamodb: a fact leaves the inbox before it is kept",
    invariant: "F4",
    why: "who dies in between has lost it, and who looks finds none",
    file: retire,
    find: "    await putIfAbsent(table, toFactItem(retiredKey(runId, fact.key), fact, newMark()));\n    await remove(table, factKey(runId, fact.key));\n",
    replace:
      "    await remove(table, factKey(runId, fact.key));\n    await putIfAbsent(table, toFactItem(retiredKey(runId, fact.key), fact, newMark()));\n",
    noticedIn: RETIRE,
  },
  {
    name: "dynamodb: a fact that is retired again overwrites the first",
    invariant: "F4",
    why: "a caller is told what was put too late",
    file: retire,
    find: "    await putIfAbsent(table, toFactItem",
    replace: "    await remove(table, retiredKey(runId, fact.key));\n    await putIfAbsent(table, toFactItem",
    noticedIn: RETIRE,
  },
  {
    name: "dynamodb: all that was used up is retired at the same time",
    invariant: "code",
    why: "a partition is asked for more writes than it takes",
    file: retire,
    find: "const MAX_PARALLEL = 25;",
    replace: "const MAX_PARALLEL = 1_000;",
    noticedIn: RETIRE,
  },
];
