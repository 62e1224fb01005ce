// Deletes runs whose time is over. Called by whoever sweeps; not part of the Store port.
//
// DynamoDB's own TTL would be free, and wrong here: it drops items one by one, in any order, days apart. A run whose META
// went before its journal could be started anew (ids come from idempotency keys) and would replay the old journal.
// So the journal and the blobs go first and META last, and a purge that dies between the two is taken up by the next.
// It costs one write unit per kilobyte deleted, as much as the writes did. A user who never purges pays storage instead.
// Until it runs, closed runs stay: nothing else deletes them.
//
// Two purges may meet, and the run may start anew while one of them sleeps. What was listed before META was read and
// found expired belongs to the expired run, and every delete names the item's mark, which no later item shares:
//
//   purge A   list    read META: expired               delete J#1 if its mark is the one listed: refused
//   purge B     list, read META, delete all, META
//   caller                                   start: META, J#1
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { BlobRemoval } from "./blob-removal.ts";
import { dueEntries } from "./dynamo-index.ts";
import { queryPages } from "./dynamo-read.ts";
import { createDynamoRuns } from "./dynamo-runs.ts";
import { openTable } from "./dynamo-store.ts";
import { deleteWhen } from "./dynamo-write.ts";
import { type Item, metaKey, runIdOf, type Table } from "./table.ts";

export interface Retention {
  /** Deletes at most `limit` runs that have expired by `now` (epoch ms), and answers with their ids. */
  purge(now: number, limit: number): Promise<readonly string[]>;
}

/** Deletes at the same time: a run's items share a partition, which takes 1,000 writes a second. */
const MAX_PARALLEL_DELETES = 25;

const IS_EXPIRED = "attribute_exists(#closedAt) AND #sweepSk <= :now";
const IS_UNCHANGED = "#mark = :mark";

export function createRetention(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly namespace?: string;
  readonly removeBlobs: BlobRemoval;
}): Retention {
  const table = openTable(options);
  return {
    async purge(now, limit) {
      const purged: string[] = [];
      for (const entry of await dueEntries(table, "expiry", now, limit)) {
        if (await purgeRun(table, options.removeBlobs, runIdOf(entry), now)) purged.push(runIdOf(entry));
      }
      return purged;
    },
  };
}

async function purgeRun(
  table: Table,
  removeBlobs: BlobRemoval,
  runId: string,
  now: number,
): Promise<boolean> {
  const runs = createDynamoRuns(table);
  const meta = metaKey(runId);
  for await (const items of queryPages(table, { partition: meta.pk, from: " ", to: "~" })) {
    const run = await runs.get(runId);
    if (run?.expiresAt === undefined || run.expiresAt * 1_000 > now) return false;
    await deleteEach(
      table,
      items.filter((item) => item.sk !== meta.sk),
    );
  }
  await removeBlobs(runId);
  return await deleteWhen(table, meta, IS_EXPIRED, { now });
}

async function deleteEach(table: Table, items: readonly Item[]): Promise<void> {
  for (let first = 0; first < items.length; first += MAX_PARALLEL_DELETES) {
    const deletes = items.slice(first, first + MAX_PARALLEL_DELETES).map(async ({ pk, sk, mark }) => {
      await deleteWhen(table, { pk: String(pk), sk: String(sk) }, IS_UNCHANGED, { mark });
    });
    await Promise.all(deletes);
  }
}
