// The whole engine over the real protocols, with two workers on each queue: DynamoDB as dynoxide speaks it, SQS and S3
// as fauxqs do. Scheduler has no server here; the cloud suite runs it.
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBlobClient, createQueueClient, createTableClient } from "../../lib/aws/clients.ts";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import { createS3Blobs } from "../../lib/aws/s3-blobs.ts";
import { createSqsQueue } from "../../lib/aws/sqs-queue.ts";
import {
  createRegistry,
  type Engine,
  LOCAL_SETTINGS,
  sendSignal,
  startRun,
  unpack,
} from "../../lib/engine/index.ts";
import { silentLog } from "../../lib/local/console-log.ts";
import { MemoryEvents } from "../../lib/local/memory-events.ts";
import { MemoryTimers } from "../../lib/local/memory-timers.ts";
import { SystemClock } from "../../lib/local/system-clock.ts";
import { systemRandom } from "../../lib/local/system-random.ts";
import { work } from "../../lib/local/worker.ts";
import { isTerminal } from "../../lib/ports/journal.ts";
import { isClosed, type Run } from "../../lib/ports/run.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { createTable } from "./create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { emulatorAccess } from "./suites.ts";

const WORKERS = 2;

const trip = workflow("trip", async (ctx, input) => {
  const first = await ctx.step("first", () => ({ at: new Date(0), of: input }));
  const parts = await Promise.all([1, 2, 3].map((n) => ctx.step(`part ${n}`, () => n)));
  const again = await ctx.step(
    "again",
    (s) => (s.attempt === 1 ? Promise.reject(new Error("once")) : s.attempt),
    {
      retry: { initial: "10ms" },
    },
  );
  const big = await ctx.step("big", () =>
    Array.from({ length: 62_000 }, (_, i) => (i * 7919) % 10_007).join(" "),
  );
  const word = await ctx.waitForSignal("word", { timeout: "1h" });
  const remote = await ctx.step("remote", () => `${word} from afar`, { on: "far" });
  return { first, parts, again, bigChars: big.length, remote };
});

const TURNS = 12;
const rounds = workflow("rounds", async (ctx) =>
  ctx.loop("round", [] as readonly unknown[], async (c, seen, turn) => {
    const item = await c.waitForSignal("item");
    const more = [...seen, await c.step("keep", () => item, { on: "far" })];
    return turn === TURNS - 1 ? { done: more } : { next: more };
  }),
);

describe.skipIf(skipsWithoutDynoxide()).each([
  { how: "DynamoDB and SQS", paging: {} },
  // DynamoDB ends a page at 1 MB: what needs many megabytes there needs a few items here.
  { how: "DynamoDB in pages of two items and SQS", paging: { pageItems: 2 } },
])("the engine on $how", ({ paging }) => {
  const stop = new AbortController();
  let dynoxide: Dynoxide;
  let fauxqs: FauxqsServer;
  let engine: Engine;
  let working: Promise<unknown>;

  beforeAll(async () => {
    [dynoxide, fauxqs] = await Promise.all([startDynoxide(), startFauxqs({ port: 0, logger: false })]);
    const tables = createTableClient({ ...emulatorAccess, endpoint: dynoxide.endpoint });
    await createTable(tables, "runs");
    const queues = createQueueClient({ ...emulatorAccess, endpoint: fauxqs.address });
    const queue = (name: string) =>
      createSqsQueue({ client: queues, url: fauxqs.createQueue(name).queueUrl });
    const [activations, far] = [queue("activations"), queue("far")];
    const bucket = fauxqs.createBucket("blobs").bucketName;
    const clock = new SystemClock();
    engine = {
      ports: {
        store: createDynamoStore({ client: tables, tableName: "runs", ...paging }),
        activations,
        stepHandlers: new Map([["far", far]]),
        timers: new MemoryTimers({ clock, queue: activations }),
        events: new MemoryEvents(),
        blobs: createS3Blobs({
          client: createBlobClient({ ...emulatorAccess, endpoint: fauxqs.address }),
          bucket,
        }),
        clock,
        random: systemRandom,
        log: silentLog,
      },
      registry: createRegistry([trip, rounds] as AnyWorkflow[]),
      settings: LOCAL_SETTINGS,
    };
    const workers = [activations, far].flatMap((each) =>
      Array.from({ length: WORKERS }, () => work({ engine, queue: each, waitMs: 1_000 }, stop.signal)),
    );
    working = Promise.all(workers);
  });

  afterAll(async () => {
    stop.abort();
    await working;
    await Promise.all([dynoxide.stop(), fauxqs.stop()]);
  });

  async function untilRun(reached: (run: Run) => boolean, runId: string): Promise<void> {
    for (;;) {
      const run = await engine.ports.store.runs.get(runId);
      if (run !== undefined && (reached(run) || run.status === "stalled")) return;
      await engine.ports.clock.sleep(20);
    }
  }

  it("leaves the turns of a loop behind, and takes each signal once", async () => {
    const { runId } = (await startRun(engine, { workflow: "rounds", input: null })).run;
    const { journal, runs } = engine.ports.store;
    const send = async (turn: number) =>
      await sendSignal(engine, { runId, name: "item", payload: turn, idempotencyKey: `item-${turn}` });
    for (let turn = 0; turn < TURNS; turn += 1) {
      await send(turn);
      // Again, while it is taken or long after.
      if (turn > 0) expect(await send(turn - 1)).toEqual({ stored: false });
      // A run that suspends between its turns.
      await untilRun((run) => run.status === "suspended" || isClosed(run.status), runId);
    }
    await untilRun((run) => isClosed(run.status), runId);
    const { folds = [], lastSeq = 0 } = (await runs.get(runId)) ?? {};
    expect(folds.length).toBeGreaterThan(0);
    const whole = (await journal.load(runId)).checkpoints.flatMap(({ entries }) => entries);
    expect(whole).toHaveLength(lastSeq);
    const kept = await journal.load(runId, folds);
    expect(kept.checkpoints.flatMap(({ entries }) => entries).length).toBeLessThan(lastSeq);
    const end = whole.at(-1);
    if (end?.type !== "run.succeeded") throw new Error(end?.type);
    expect(await unpack(end.value, engine.ports.blobs)).toEqual(
      Array.from({ length: TURNS }, (_, turn) => turn),
    );
    expect(whole.filter(({ type }) => type === "signal.received")).toHaveLength(TURNS);
  });

  it("takes twenty runs from start to end, every value as it was", async () => {
    const starts = Array.from({ length: 20 }, (_, n) => ({
      workflow: "trip",
      input: { n },
      idempotencyKey: `trip-${n}`,
    }));
    const runs = await Promise.all(starts.map(async (request) => (await startRun(engine, request)).run));
    const again = await Promise.all(starts.map((request) => startRun(engine, request)));
    expect(again.every(({ created }) => !created)).toBe(true);
    await Promise.all(
      runs.map(({ runId }) =>
        sendSignal(engine, { runId, name: "word", payload: "news", idempotencyKey: "k" }),
      ),
    );

    for (const [n, { runId }] of runs.entries()) {
      let run = await engine.ports.store.runs.get(runId);
      while (run !== undefined && !isClosed(run.status) && run.status !== "stalled") {
        await engine.ports.clock.sleep(20);
        run = await engine.ports.store.runs.get(runId);
      }
      expect(run).toMatchObject({ status: "succeeded" });
      const terminal = (await engine.ports.store.journal.last(runId))?.entries.at(-1);
      if (terminal === undefined || !isTerminal(terminal) || terminal.type !== "run.succeeded")
        throw new Error("no result");
      expect(await unpack(terminal.value, engine.ports.blobs)).toEqual({
        first: { at: new Date(0), of: { n } },
        parts: [1, 2, 3],
        again: 2,
        bigChars: expect.any(Number),
        remote: "news from afar",
      });
    }
  });
});
