// Where things lie in the table (docs/design/protocol.md): keys, shards and the handle that the Dynamo* files share.
//
//   RUN#<runId>   META              the run as a whole                             run-item.ts
//                 J#<seq:10>        one checkpoint, possibly several entries       dynamo-journal.ts
//                 I#<key>           inbox fact                                     dynamo-journal.ts
//                 N#<name>          note: the latest of something                  dynamo-journal.ts
//                 S#<seq:10>        claim of a step that runs in a step handler    step-claims.ts
//                 U#<key>           inbox fact that was used up                    dynamo-retire.ts
//   LIMIT#<ns>#<limiter>
//                 HOLDERS           runs that hold a slot                          dynamo-limits.ts
//                 PACE              the next place of a rate                       dynamo-limits.ts
//                 W#<createdAt:13>#<runId>   a run in line                         dynamo-limits.ts
//   list          <ns>#<workflow>#<shard>, <createdAt:13>#<runId>                  dynamo-index.ts
//   sweep         <ns>#sweep#<shard>, <sweepAt>          open runs                 dynamo-index.ts
//                 <ns>#expiry#<shard>, <expiresAt, ms>   closed runs               retention.ts
//
// A namespace parts applications that share a table in both indexes; run ids are unique in the whole table.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { INDEX_SHARDS } from "../limits.ts";
import { LIMIT_PREFIX } from "../schema.ts";

export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
  readonly namespace: string;
  /** Most items on a page of a query; as many as fit 1 MB when absent. */
  readonly pageItems?: number;
}

/** An item, or part of one, as plain JavaScript values. */
export type Item = Readonly<Record<string, unknown>>;

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

const RUN_PREFIX = "RUN#";
/** Fits MAX_LOOP_TURNS times MAX_ENTRIES_PER_CHECKPOINT with two digits to spare. */
const SEQ_DIGITS = 10;
/** Epoch ms until the year 2286. */
const TIME_DIGITS = 13;
export const MAX_TIME_MS = 10 ** TIME_DIGITS - 1;

/** What a sort key begins with, by what it holds. */
export const SORT = { checkpoint: "J#", fact: "I#", note: "N#", stepClaim: "S#", retired: "U#" } as const;
/** Ends the range of a prefix: `$` is the character after `#`, so no key lies between, whatever follows the prefix. */
export const endOf = (prefix: (typeof SORT)[keyof typeof SORT]): string => `${prefix.slice(0, -1)}$`;

export const partitionOf = (runId: string): string => `${RUN_PREFIX}${runId}`;
export const metaKey = (runId: string): Key => ({ pk: partitionOf(runId), sk: "META" });
export const checkpointKey = (runId: string, first: number): Key => ({
  pk: partitionOf(runId),
  sk: `${SORT.checkpoint}${padSeq(first)}`,
});
export const factKey = (runId: string, key: string): Key => ({
  pk: partitionOf(runId),
  sk: `${SORT.fact}${key}`,
});
export const retiredKey = (runId: string, key: string): Key => ({
  pk: partitionOf(runId),
  sk: `${SORT.retired}${key}`,
});
export const noteKey = (runId: string, name: string): Key => ({
  pk: partitionOf(runId),
  sk: `${SORT.note}${name}`,
});
export const stepClaimKey = (runId: string, seq: number): Key => ({
  pk: partitionOf(runId),
  sk: `${SORT.stepClaim}${padSeq(seq)}`,
});
/** Limiters are named after workflows, and these are a namespace's own. */
export const limitKey = (table: Table, limiter: string, sk: string): Key => ({
  pk: `${LIMIT_PREFIX}${table.namespace}#${limiter}`,
  sk,
});

export const runIdOf = (item: Item): string => String(item.pk).slice(RUN_PREFIX.length);

export const listPartition = (table: Table, workflow: string, shard: number): string =>
  `${table.namespace}#${workflow}#${shard}`;
export const listPosition = (createdAt: number, runId: string): string => `${padTime(createdAt)}#${runId}`;
export const sweepPartition = (table: Table, kind: "sweep" | "expiry", shard: number): string =>
  `${table.namespace}#${kind}#${shard}`;

/** Text that sorts like the time it stands for. */
export const padTime = (ms: number): string => String(ms).padStart(TIME_DIGITS, "0");

/** FNV-1a: spreads ids that differ in their last characters, and costs nothing beside a request. */
export function shardOf(runId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < runId.length; index++) {
    hash = Math.imul(hash ^ runId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % INDEX_SHARDS;
}

export const SHARDS: readonly number[] = Array.from({ length: INDEX_SHARDS }, (_, shard) => shard);

function padSeq(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, "0");
}
