// What the store costs (docs/design/protocol.md), as the server counts it: requests and write units of each operation, indexes
// included. The numbers are the product's promise, so they stand here one by one; a change of any is a decision.
import { randomUUID } from "node:crypto";
import type { ConsumedCapacity } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { Store } from "../../lib/ports/store.ts";
import {
  aCheckpoint,
  aFact,
  anEntry,
  aPayload,
  aRun,
  aRunId,
  aSuspension,
  FAR_FUTURE_SECONDS,
  MINUTE_MS,
  NOW,
} from "../conformance/samples.ts";
import { aClaim, claimed, mustGet } from "../conformance/store-steps.ts";
import { createItemTable, createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

const TEN_STEP_BUDGET = 21;
/** The result of a step that must cost one unit (docs/design/protocol.md). */
const LARGEST_SMALL_RESULT = "x".repeat(800);
const LATER = NOW + 60 * MINUTE_MS;

interface Cost {
  readonly requests: number;
  readonly table: number;
  readonly list: number;
  readonly sweep: number;
}

describe.skipIf(skipsWithoutDynoxide())("write units on dynoxide", () => {
  let server: Dynoxide;
  let store: Store;
  let requests: ConsumedCapacity[] = [];
  /** Units of the last request, by table. */
  let transacted: Readonly<Record<string, number | undefined>> = {};

  beforeAll(async () => {
    server = await startDynoxide();
    const client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
    await createTable(client, "perdure");
    await createItemTable(client, "perdure-items");
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: "INDEXES" } });
        const { ConsumedCapacity: capacity = [] } = answer.output as {
          ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
        };
        // One for each table, when a transaction touches several.
        const each = [capacity].flat();
        transacted = Object.fromEntries(
          each.map(({ TableName: table = "", CapacityUnits }) => [table, CapacityUnits]),
        );
        requests.push(each.length === 1 ? (each[0] ?? {}) : {});
        return answer;
      },
      { step: "initialize", name: "countCapacity" },
    );
    store = createDynamoStore({ client, tableName: "perdure" });
  });
  afterAll(async () => await server.stop());

  async function costOf(operation: () => Promise<unknown>): Promise<Cost> {
    requests = [];
    await operation();
    const sum = (units: (capacity: ConsumedCapacity) => number | undefined) =>
      requests.reduce((total, capacity) => total + (units(capacity) ?? 0), 0);
    return {
      requests: requests.length,
      table: sum(({ Table }) => Table?.CapacityUnits),
      list: sum(({ GlobalSecondaryIndexes: indexes }) => indexes?.list?.CapacityUnits),
      sweep: sum(({ GlobalSecondaryIndexes: indexes }) => indexes?.sweep?.CapacityUnits),
    };
  }

  test("create is one request: one unit for META and one for each index", async () => {
    const cost = await costOf(async () => await store.runs.create(aRun()));
    expect(cost).toEqual({ requests: 1, table: 1, list: 1, sweep: 1 });
  });

  test("claim, renew, abandon and a claim of it all again are one request and one unit each, and touch no index", async () => {
    const { run } = await store.runs.create(aRun());
    const { runId } = run;
    const once = { requests: 1, table: 1, list: 0, sweep: 0 };
    expect(await costOf(async () => await store.runs.claim(aClaim(runId)))).toEqual(once);
    expect(await costOf(async () => await store.runs.renew({ runId, fence: 1, leaseUntil: LATER }))).toEqual(
      once,
    );
    expect(await costOf(async () => await store.runs.abandon({ runId, fence: 1 }))).toEqual(once);
    expect(await costOf(async () => await store.runs.claim(aClaim(runId)))).toEqual(once);
  });

  test("a claim with a number ahead of wake is two requests, the first of them refused", async () => {
    const { run } = await store.runs.create(aRun());
    expect(await costOf(async () => await store.runs.claim(aClaim(run.runId, { n: 5 })))).toMatchObject({
      list: 0,
      sweep: 0,
    });
  });

  test("append is one request and one unit for a step result of 800 bytes, and touches no index", async () => {
    // Ids and marks as long as the engine makes them.
    const ulid = "01K".padEnd(26, "0");
    const entries = [anEntry({ id: "charge-card", value: aPayload(LARGEST_SMALL_RESULT) })];
    const checkpoint = aCheckpoint({ first: 12_345, fence: 12, mark: `${ulid}.12345`, entries });
    const cost = await costOf(async () => await store.journal.append(`run_${ulid}`, checkpoint));
    expect(cost).toEqual({ requests: 1, table: 1, list: 0, sweep: 0 });
  });

  test("suspend is one request and one unit, and two more when the sweep time moves", async () => {
    const staying = await claimed(store);
    const moving = await claimed(store);
    const suspend = async (run: Run, sweepAt: number) =>
      await costOf(async () => await store.runs.suspend(aSuspension(run, { sweepAt })));
    expect(await suspend(staying, staying.sweepAt ?? 0)).toEqual({
      requests: 1,
      table: 1,
      list: 0,
      sweep: 0,
    });
    expect(await suspend(moving, LATER)).toEqual({ requests: 1, table: 1, list: 0, sweep: 2 });
  });

  test("a signal to a suspended run is two requests and two units, and two more when the sweep time moves", async () => {
    const run = await claimed(store);
    await store.runs.suspend(aSuspension(run, { sweepAt: NOW }));
    const signal = async (sweepAt: number) =>
      await costOf(async () => {
        await store.journal.putFact(run.runId, aFact());
        await store.runs.raise({ runId: run.runId, sweepAt });
      });
    expect(await signal(NOW)).toEqual({ requests: 2, table: 2, list: 0, sweep: 0 });
    expect(await signal(LATER)).toEqual({ requests: 2, table: 2, list: 0, sweep: 2 });
  });

  test("close is one request: META, the outcome in the list, and a move to the expiry partition", async () => {
    const run = await claimed(store);
    expect(await costOf(async () => await store.runs.close(ending(run)))).toEqual({
      requests: 1,
      table: 1,
      list: 1,
      sweep: 2,
    });
  });

  test("stall and revive are one request each and show in both indexes", async () => {
    const { runId, fence } = await claimed(store);
    const reason = { code: "E_POISON", message: "dies", at: NOW };
    const stall = async () =>
      await store.runs.stall({ runId, fence, by: "owner", now: NOW, reason, sweepAt: LATER });
    expect(await costOf(stall)).toEqual({ requests: 1, table: 1, list: 1, sweep: 2 });
    const revive = async () => await store.runs.revive({ runId, sweepAt: LATER });
    expect(await costOf(revive)).toEqual({ requests: 1, table: 1, list: 1, sweep: 0 });
  });

  test("claiming and renewing a step is one request and one unit", async () => {
    const claim = { runId: randomUUID(), seq: 3, owner: "worker-1", leaseUntil: LATER };
    const once = { requests: 1, table: 1, list: 0, sweep: 0 };
    expect(await costOf(async () => await store.journal.claimStep({ ...claim, now: NOW }))).toEqual(once);
    expect(await costOf(async () => await store.journal.renewStep(claim))).toEqual(once);
  });

  test("showing a published state is one request and one unit more than recording it, whichever state stands", async () => {
    const { runId } = aRun();
    for (const order of [1, 2]) {
      const note = { name: "state", order, at: NOW, value: aPayload(LARGEST_SMALL_RESULT) };
      const cost = await costOf(async () => await store.journal.putNote(runId, note));
      expect(cost).toEqual({ requests: 1, table: 1, list: 0, sweep: 0 });
    }
  });

  test("the turn of a loop is one request and one unit, with 800 bytes of state", async () => {
    const value = aPayload(LARGEST_SMALL_RESULT);
    const turned = { type: "loop.turned", id: "rounds", turn: 999, value, from: 12, at: NOW } as const;
    const checkpoint = aCheckpoint({ first: 12_345, entries: [turned] });
    const cost = await costOf(async () => await store.journal.append(aRun().runId, checkpoint));
    expect(cost).toEqual({ requests: 1, table: 1, list: 0, sweep: 0 });
  });

  test("a suspension that brings folds costs no more than one that does not", async () => {
    const run = await claimed(store);
    const folds = Array.from({ length: 4 }, (_, i) => ({ from: 1 + i * 100_000, to: (i + 1) * 100_000 - 9 }));
    const suspension = aSuspension(run, { sweepAt: run.sweepAt ?? 0, folds });
    const cost = await costOf(async () => await store.runs.suspend(suspension));
    expect(cost).toEqual({ requests: 1, table: 1, list: 0, sweep: 0 });
  });

  test("retiring is two requests and two units for a fact, and one for a claim or a note", async () => {
    const { runId } = aRun();
    const facts = [aFact({ key: "signal-a" }), aFact({ key: "signal-b" })];
    for (const fact of facts) await store.journal.putFact(runId, fact);
    await store.journal.claimStep({ runId, seq: 3, owner: "o", now: NOW, leaseUntil: LATER });
    const retire = async () => await store.journal.retire({ runId, facts, notes: ["none"], stepClaims: [3] });
    expect(await costOf(retire)).toEqual({ requests: 6, table: 6, list: 0, sweep: 0 });
  });

  test("a load reads as many stretches as its folds leave, however long they are", async () => {
    const { runId } = aRun();
    for (let first = 1; first <= 300; first += 1) {
      const entries = [anEntry({ value: aPayload("x".repeat(10_000)) })];
      await store.journal.append(runId, aCheckpoint({ first, entries }));
    }
    const load = async (...folds: readonly { from: number; to: number }[]) =>
      (await costOf(async () => await store.journal.load(runId, folds))).requests;
    expect(await load()).toBeGreaterThanOrEqual(3);
    expect(await load({ from: 2, to: 299 })).toBe(2);
    expect(await load({ from: 2, to: 100 }, { from: 102, to: 299 })).toBe(3);
  });

  test("a transaction is one request and two units for the checkpoint, and two for each KB of the author's", async () => {
    const put = (id: string, text: string) => ({ put: { table: "perdure-items", item: { id, text } } });
    const entries = [{ type: "tx.committed", id: "pay", at: NOW } as const];
    const writes = [put("a", "x".repeat(800)), put("b", "x".repeat(1_800))];
    const append = async () =>
      await store.journal.appendWith?.(aRun().runId, aCheckpoint({ entries }), writes);
    const answers: unknown[] = [];
    const cost = await costOf(async () => answers.push(await append()));
    expect(answers).toEqual([{ ok: true }]);
    expect(cost.requests).toBe(1);
    expect(transacted).toEqual({ perdure: 2, "perdure-items": 6 });
  });

  test("a slot is one unit to take, and one to give back; the last one is two", async () => {
    const { limits } = store;
    const limiter = "orders/w/";
    const one = { requests: 1, table: 1, list: 0, sweep: 0 };
    for (const runId of ["a", "b"])
      expect(await costOf(async () => await limits.take({ limiter, runId, limit: 2, now: NOW }))).toEqual(
        one,
      );
    const waiter = { limiter, runId: "c", createdAt: NOW };
    expect(await costOf(async () => await limits.enlist(waiter))).toEqual(one);
    expect(await costOf(async () => await limits.delist(waiter))).toEqual(one);
    expect(await costOf(async () => await limits.release({ limiter, runId: "a" }))).toEqual(one);
    const last = await costOf(async () => await limits.release({ limiter, runId: "b" }));
    expect(last).toEqual({ ...one, requests: 2, table: 2 });
  });

  test("a full limit of thirty is a unit for each thirty that hold a slot", async () => {
    const limiter = "orders/k/many";
    const take = async () =>
      await store.limits.take({ limiter, runId: aRunId().slice(0, 30), limit: 60, now: NOW });
    for (let held = 0; held < 28; held += 1) expect((await costOf(take)).table).toBe(1);
    for (let held = 28; held < 58; held += 1) expect((await costOf(take)).table).toBeLessThanOrEqual(2);
  });

  // When others are before, a refused request comes first, which the server bills and does not count here.
  test("a place of a rate is one unit", async () => {
    const reserve = async () =>
      await store.limits.reserve({ limiter: "orders/r/", now: NOW, intervalMs: 10 });
    expect(await costOf(reserve)).toEqual({ requests: 1, table: 1, list: 0, sweep: 0 });
    expect(await costOf(reserve)).toEqual({ requests: 1, table: 1, list: 0, sweep: 0 });
  });

  test("loading a journal of 10,000 entries takes at most 8 reads", { timeout: 60_000 }, async () => {
    const { runId } = aRun();
    const size = 20;
    const entries = Array.from({ length: size }, (_, i) =>
      anEntry({ id: `step-${i}`, value: aPayload('{"ok":true}') }),
    );
    const firsts = Array.from({ length: 10_000 / size }, (_, i) => 1 + i * size);
    for (const first of firsts) await store.journal.append(runId, aCheckpoint({ first, entries }));
    const cost = await costOf(async () => await store.journal.load(runId));
    expect(cost.requests).toBeLessThanOrEqual(8);
  });

  test(`a ten-step run that never waits costs at most ${TEN_STEP_BUDGET} write units`, async () => {
    const run = aRun();
    const cost = await costOf(async () => {
      await store.runs.create(run);
      await store.runs.claim(aClaim(run.runId));
      for (let step = 1; step <= 10; step++) {
        const entries = [anEntry({ id: `step-${step}` })];
        await store.journal.append(run.runId, aCheckpoint({ first: step, entries }));
      }
      // The code hears of its last step when that is recorded, so its end is a checkpoint of its own.
      const ended = { type: "run.succeeded", value: aPayload(), at: NOW } as const;
      await store.journal.append(run.runId, aCheckpoint({ first: 11, entries: [ended] }));
      await store.runs.close(ending({ ...run, fence: 1 }));
    });
    expect((await mustGet(store, run.runId)).status).toBe("succeeded");
    expect(cost).toEqual({ requests: 14, table: 14, list: 2, sweep: 3 });
    expect(cost.table + cost.list + cost.sweep).toBeLessThanOrEqual(TEN_STEP_BUDGET);
  });
});

function ending({ runId, fence }: Run) {
  return {
    runId,
    fence,
    status: "succeeded",
    closedAt: NOW,
    lastSeq: 11,
    expiresAt: FAR_FUTURE_SECONDS,
  } as const;
}
