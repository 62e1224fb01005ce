import { randomUUID } from "node:crypto";
import { type DynamoDBClient, ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import { createRetention, type Retention } from "../../lib/aws/retention.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aCheckpoint, aFact, anEntry, aPayload, aRun, NOW } from "../conformance/samples.ts";
import { claimed } from "../conformance/store-steps.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

const DAY_MS = 86_400_000;
const EXPIRES_AT_MS = NOW + 90 * DAY_MS;

describe.skipIf(skipsWithoutDynoxide())("retention on dynoxide", () => {
  let server: Dynoxide;
  let client: DynamoDBClient;
  let store: Store;
  let retention: Retention;
  let namespace: string;

  beforeAll(async () => {
    server = await startDynoxide();
    client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    await createTable(client, "perdure");
  });
  beforeEach(() => {
    blobsRemoved.length = 0;
    namespace = randomUUID();
    store = createDynamoStore({ client, tableName: "perdure", namespace });
    retention = createRetention({ client, tableName: "perdure", namespace, removeBlobs });
  });
  afterAll(async () => await server.stop());

  /** Blobs are on S3, whose removal has a test of its own; here it counts when it comes. */
  const blobsRemoved: string[] = [];
  const removeBlobs = async (runId: string) => void blobsRemoved.push(runId);

  /** A closed run with more than a page of journal, a fact and a step claim. */
  async function closedRun(run: Run = aRun()): Promise<Run> {
    const { runId, fence } = await claimed(store, run);
    for (let first = 1; first <= 6; first++) {
      const entries = [anEntry({ value: aPayload("x".repeat(200_000)) })];
      await store.journal.append(runId, aCheckpoint({ first, entries }));
    }
    await store.journal.putFact(runId, aFact());
    await store.journal.claimStep({ runId, seq: 2, owner: "worker-1", now: NOW, leaseUntil: NOW + 1 });
    const expiresAt = EXPIRES_AT_MS / 1_000;
    await store.runs.close({ runId, fence, status: "succeeded", closedAt: NOW, lastSeq: 6, expiresAt });
    return run;
  }

  async function itemsOf({ runId }: Run): Promise<number> {
    const { Items: items = [] } = await client.send(
      new ScanCommand({ TableName: "perdure", ProjectionExpression: "pk" }),
    );
    return items.filter(({ pk }) => pk?.S === `RUN#${runId}`).length;
  }

  test("a purge leaves runs that are open or not yet expired alone", async () => {
    const open = await claimed(store);
    const closed = await closedRun();
    expect(await retention.purge(EXPIRES_AT_MS - 1, 10)).toEqual([]);
    expect((await store.runs.get(open.runId))?.status).toBe("running");
    expect((await store.journal.load(closed.runId)).checkpoints).toHaveLength(6);
    expect(await retention.purge(EXPIRES_AT_MS, 10)).toEqual([closed.runId]);
    expect(blobsRemoved).toEqual([closed.runId]);
  });

  test("an expired run is deleted with all its items, and its id can be used anew", async () => {
    const run = await closedRun();
    expect(await retention.purge(EXPIRES_AT_MS, 10)).toEqual([run.runId]);
    expect(await itemsOf(run)).toBe(0);
    expect((await store.runs.create(run)).created).toBe(true);
    expect((await store.journal.load(run.runId)).checkpoints).toEqual([]);
    expect(await retention.purge(EXPIRES_AT_MS, 10)).toEqual([]);
  });

  test("a purge keeps to its limit, and the next one goes on", async () => {
    const ids = [await closedRun(), await closedRun(), await closedRun()].map((run) => run.runId);
    const purged = [
      ...(await retention.purge(EXPIRES_AT_MS, 2)),
      ...(await retention.purge(EXPIRES_AT_MS, 2)),
    ];
    expect(purged.toSorted()).toEqual(ids.toSorted());
  });

  test("purges that meet delete a run once", async () => {
    const run = await closedRun();
    const purges = await Promise.all([
      retention.purge(EXPIRES_AT_MS, 10),
      retention.purge(EXPIRES_AT_MS, 10),
    ]);
    expect(new Set(purges.flat())).toEqual(new Set([run.runId]));
    expect(await itemsOf(run)).toBe(0);
  });

  test("a purge reads META before it believes the index", async () => {
    const run = await claimed(store);
    await store.journal.append(run.runId, aCheckpoint());
    await client.send(
      new UpdateItemCommand({
        TableName: "perdure",
        Key: { pk: { S: `RUN#${run.runId}` }, sk: { S: "META" } },
        UpdateExpression: "SET sweepPk = :expiry",
        ExpressionAttributeValues: { ":expiry": { S: `${namespace}#expiry#0` } },
      }),
    );
    expect(await retention.purge(EXPIRES_AT_MS, 10)).toEqual([]);
    expect((await store.journal.load(run.runId)).checkpoints).toHaveLength(1);
  });

  test("a purge that sleeps while another ends and the run starts anew deletes nothing of the new run", async () => {
    const run = await closedRun();
    const first = aCheckpoint();
    const sleepy = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    let isAsleep = true;
    sleepy.middlewareStack.add(
      (next, context) => async (args) => {
        const answer = await next(args);
        if (context.commandName !== "GetItemCommand" || !isAsleep) return answer;
        isAsleep = false;
        expect(await retention.purge(EXPIRES_AT_MS, 10)).toEqual([run.runId]);
        await claimed(store, run);
        await store.journal.append(run.runId, first);
        return answer;
      },
      { step: "initialize", name: "sleepAfterMeta" },
    );
    const late = createRetention({ client: sleepy, tableName: "perdure", namespace, removeBlobs });
    expect(await late.purge(EXPIRES_AT_MS, 10)).toEqual([]);
    expect(isAsleep).toBe(false);
    expect((await store.journal.load(run.runId)).checkpoints).toEqual([first]);
    expect((await store.runs.get(run.runId))?.status).toBe("running");
  });
});
