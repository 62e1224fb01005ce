// What the conformance suites cannot ask for, because only this store has shards and keeps closed runs in an index.
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { beforeAll, describe, expect, test } from "vitest";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import { shardOf } from "../../lib/aws/table.ts";
import { INDEX_SHARDS } from "../../lib/limits.ts";
import { CLOSED_STATUSES, type Run } from "../../lib/ports/run.ts";
import type { RunQuery, Store } from "../../lib/ports/store.ts";
import { aRun, FAR_FUTURE_SECONDS, NOW } from "../conformance/samples.ts";
import { claimed } from "../conformance/store-steps.ts";
import { skipsWithoutDynoxide } from "./dynoxide.ts";
import { useTable } from "./use-table.ts";

describe.skipIf(skipsWithoutDynoxide())("the indexes of the DynamoDB store", () => {
  const client = useTable();
  let open: (namespace: string) => Store;

  beforeAll(async () => {
    open = (namespace) => createDynamoStore({ client: client(), tableName: "perdure", namespace });
  });

  test("a page ends where a shard hides older runs, whatever the other shards have", async () => {
    const store = open("hidden");
    const [inOne, inOther] = [idsIn(1), idsIn(2)];
    const at = (age: number) => ({ createdAt: NOW - age });
    const oldest = await close(store, aRun({ ...at(9), runId: inOther() }));
    const hidden = await close(store, aRun({ ...at(5), runId: inOne() }));
    // A page of one asks each shard for two.
    for (const age of [1, 2]) await store.runs.create(aRun({ ...at(age), runId: inOne() }));
    const query = { workflows: ["order"], statuses: CLOSED_STATUSES, limit: 1 };
    expect(await collect(store, query)).toEqual([hidden.runId, oldest.runId]);
  });

  test("pages of one outcome miss no run, however runs lie in the shards", async () => {
    const store = open("outcomes");
    const closed: string[] = [];
    for (let i = 0; i < 8 * INDEX_SHARDS; i++) {
      const run = aRun({ createdAt: NOW + i });
      if (i % 3 === 0) {
        await close(store, run);
        closed.push(run.runId);
      } else {
        await store.runs.create(run);
      }
    }
    for (const limit of [1, 3]) {
      const query = { workflows: ["order"], statuses: CLOSED_STATUSES, limit };
      expect(await collect(store, query)).toEqual(closed.toReversed());
    }
  });

  test("a closed run cannot be postponed out of the place where retention finds it", async () => {
    const store = open("closed");
    const run = await close(store, aRun());
    const place = FAR_FUTURE_SECONDS * 1_000;
    await store.runs.postpone({ runId: run.runId, from: place, to: NOW });
    expect((await store.runs.get(run.runId))?.sweepAt).toBeUndefined();
    expect(await store.index.due(place, 10)).toEqual([]);
    const Key = { pk: { S: `RUN#${run.runId}` }, sk: { S: "META" } };
    const { Item: item } = await client().send(new GetItemCommand({ TableName: "perdure", Key }));
    expect(item?.sweepSk).toEqual({ N: String(place) });
  });

  test("applications that share a table list and sweep their own runs only", async () => {
    const [mine, theirs] = [open("mine"), open("theirs")];
    const { run } = await mine.runs.create(aRun({ sweepAt: NOW }));
    await theirs.runs.create(aRun({ sweepAt: NOW }));
    expect(await collect(mine, { workflows: ["order"], limit: 10 })).toEqual([run.runId]);
    expect(await mine.index.due(NOW, 10)).toEqual([run.runId]);
  });

  test("a namespace that would break a key is refused as E_BAD_OPTION", () => {
    for (const namespace of ["", "a#b", "x".repeat(65), "ü"]) {
      expect(() => open(namespace)).toThrow(expect.objectContaining({ code: "E_BAD_OPTION" }));
    }
  });
});

/** Ids of runs that lie in this shard. */
function idsIn(shard: number): () => string {
  let count = 0;
  return () => {
    do count += 1;
    while (shardOf(`run_${count}`) !== shard);
    return `run_${count}`;
  };
}

async function close(store: Store, run: Run): Promise<Run> {
  const { runId, fence } = await claimed(store, run);
  const ending = { status: "failed", closedAt: NOW, lastSeq: 1, expiresAt: FAR_FUTURE_SECONDS } as const;
  expect(await store.runs.close({ runId, fence, ...ending })).toEqual({ ok: true });
  return run;
}

async function collect(store: Store, query: RunQuery): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 1_000; page++) {
    const answer = await store.index.list(cursor === undefined ? query : { ...query, cursor });
    ids.push(...answer.runs.map((run) => run.runId));
    cursor = answer.cursor;
    if (cursor === undefined) return ids;
  }
  throw new Error("the cursors do not end");
}
