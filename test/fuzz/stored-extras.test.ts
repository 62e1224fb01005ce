// What is stored beside a run's journal and inbox: what it shows, whose turn a step handler has, signals that were used up, and
// who holds a limiter or stands in line. Damaged, it is named and never guessed at, and what is mended goes on.
import { randomUUID } from "node:crypto";
import {
  type AttributeValue,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, test } from "vitest";
import { readState, reviveRun, sendSignal, startRun } from "../../lib/engine/index.ts";
import type { Run } from "../../lib/ports/run.ts";
import { LIMIT_PREFIX } from "../../lib/schema.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { skipsWithoutDynoxide } from "../aws/dynoxide.ts";
import { useTable } from "../aws/use-table.ts";
import { set } from "./damage.ts";
import { type Dynamo, type Spoilable, Stage } from "./stage.ts";

const MINUTE_MS = 60_000;

type Spoil = (item: Spoilable) => void;

async function start(stage: Stage, name: string): Promise<string> {
  return (await startRun(stage.engine, { workflow: name, input: null })).run.runId;
}

async function say(stage: Stage, runId: string, name: string, idempotencyKey: string): Promise<void> {
  await sendSignal(stage.engine, { runId, name, payload: null, idempotencyKey });
  await stage.pass(MINUTE_MS);
}

async function runOf({ engine }: Stage, runId: string): Promise<Run | undefined> {
  return await engine.ports.store.runs.get(runId);
}

/** Stalled once, and not tried again and again. */
async function expectStall(stage: Stage, runId: string, item: string): Promise<void> {
  const run = await runOf(stage, runId);
  expect(run).toMatchObject({ status: "stalled", stalled: { code: "E_CORRUPT" } });
  expect(run?.stalled?.message).toContain(item);
  const claims = stage.claims.get(runId);
  await stage.pass(60 * MINUTE_MS);
  expect(stage.claims.get(runId)).toBe(claims);
}

describe.each<{ readonly name: string; readonly isDynamo: boolean }>([
  { name: "on SQLite", isDynamo: false },
  { name: "on DynamoDB", isDynamo: true },
])("$name", ({ isDynamo }) => {
  describe.skipIf(isDynamo && skipsWithoutDynoxide())("beside a run's journal", () => {
    const client: () => DynamoDBClient = isDynamo ? useTable("runs") : () => undefined as never;
    const keeper = workflow("keeper", async (ctx) => {
      await ctx.publish({ rooms: 3 });
      await ctx.loop("talk", 0, async (c, turn) => {
        await c.waitForSignal("word");
        return turn === 1 ? { done: turn } : { next: turn + 1 };
      });
      await ctx.step("far", () => "far", { on: "shipping" });
      await ctx.waitForSignal("go");
    });

    async function kept(): Promise<{ readonly stage: Stage; readonly runId: string }> {
      const dynamo: Dynamo = { client: client(), table: "runs", namespace: randomUUID() };
      const stage = new Stage([keeper], isDynamo ? dynamo : undefined);
      const runId = await start(stage, "keeper");
      await stage.pass(MINUTE_MS);
      await say(stage, runId, "word", "first");
      await say(stage, runId, "word", "second");
      expect(await runOf(stage, runId)).toMatchObject({ status: "suspended", waits: [{ id: "go" }] });
      return { stage, runId };
    }

    /** Answers what mends it. */
    async function spoil(
      stage: Stage,
      runId: string,
      prefix: string,
      how: Spoil,
    ): Promise<() => Promise<void>> {
      const items = await stage.items.read(runId);
      const name = [...items.keys()].find((key) => key.startsWith(prefix)) ?? "";
      const [whole, spoilt] = [items.get(name), structuredClone(items.get(name))];
      how(spoilt);
      await stage.items.write(runId, name, spoilt);
      return async () => await stage.items.write(runId, name, whole);
    }

    test.each<[string, string, Spoil]>([
      ["a state without an order", "N#", set("order", undefined)],
      ["a state whose value is a number", "N#", set("value", 7)],
      ["a state of no time", "N#", set("at", "noon")],
      ...(isDynamo
        ? ([
            ["a step handler's claim of nobody", "S#", set("owner", undefined)],
            ["a step handler's claim that was made so often", "S#", set("claims", "often")],
          ] satisfies [string, string, Spoil][])
        : []),
    ])("%s stalls the run until it is mended", async (_, prefix, how) => {
      const { stage, runId } = await kept();
      const mend = await spoil(stage, runId, prefix, how);
      await say(stage, runId, "go", "go");
      await expectStall(stage, runId, isDynamo ? prefix : "note");
      if (prefix === "N#")
        await expect(readState(stage.engine, runId)).rejects.toMatchObject({ code: "E_CORRUPT" });
      await mend();
      await reviveRun(stage.engine, runId);
      await stage.pass(MINUTE_MS);
      expect(await runOf(stage, runId)).toMatchObject({ status: "succeeded" });
    });

    test.each<[string, Spoil]>([
      ["is of no kind", set("kind", undefined)],
      ["has no time", set("at", undefined)],
    ])(
      "a signal that was used up and %s is refused when it is sent again, and the run goes on",
      async (_, how) => {
        const { stage, runId } = await kept();
        const mend = await spoil(stage, runId, "U#", how);
        const journal = async () => [...(await stage.items.read(runId))].filter(([name]) => name !== "META");
        const before = await journal();
        const again = async () => {
          for (const key of ["first", "second"]) await say(stage, runId, "word", key);
        };
        await expect(again()).rejects.toMatchObject({ code: "E_CORRUPT" });
        expect(await journal()).toEqual(before);
        await mend();
        await again();
        await say(stage, runId, "go", "go");
        expect(await runOf(stage, runId)).toMatchObject({ status: "succeeded" });
      },
    );
  });
});

describe.skipIf(skipsWithoutDynoxide())("a limiter on DynamoDB", () => {
  const client = useTable("runs");
  const single = workflow("single", { concurrency: { limit: 1 } }, async (ctx) => {
    await ctx.waitForSignal("go");
  });
  const paced = workflow("paced", { rate: { limit: 60, per: "1 hour" } }, async (ctx) =>
    ctx.step("s", () => 1),
  );

  /** Two runs, of which the second waits for the first. */
  async function open(workflowName: string) {
    const namespace = randomUUID();
    const stage = new Stage([single, paced], { client: client(), table: "runs", namespace });
    const [first, second] = [await start(stage, workflowName), await start(stage, workflowName)];
    await stage.pass(100);
    const [ref = ""] = (await runOf(stage, first))?.limiters ?? [];
    const pk = { S: `${LIMIT_PREFIX}${namespace}#${workflowName}/${ref}` };

    /** Answers what mends it. */
    const spoil = async (prefix: string, how: Spoil) => {
      const { Items: items = [] } = await client().send(
        new QueryCommand({
          TableName: "runs",
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": pk },
        }),
      );
      const whole = items.find(({ sk }) => sk?.S?.startsWith(prefix)) ?? {};
      const spoilt = unmarshall(whole);
      how(spoilt);
      const put = async (Item: Record<string, AttributeValue>) =>
        await client().send(new PutItemCommand({ TableName: "runs", Item }));
      await put(marshall(spoilt));
      return async () => await put(whole);
    };
    return { stage, first, second, spoil };
  }

  test.each<[string, string, Spoil]>([
    ["whose holders are a text", "HOLDERS", set("holders", "nobody")],
    ["whose holders are a list", "HOLDERS", (item) => set("holders", [...item.holders])(item)],
    ["whose slots were taken at no time", "HOLDERS", set("takenAt", undefined)],
    ["with a run in line that has no id", "W#", set("runId", undefined)],
    ["with a run in line that came at no time", "W#", set("createdAt", "early")],
  ])("%s stalls who comes to it, and lets nobody pass", async (_, prefix, how) => {
    const { stage, first, second, spoil } = await open("single");
    const mend = await spoil(prefix, how);
    const third = await start(stage, "single");
    await stage.pass(MINUTE_MS);
    await expectStall(stage, third, prefix);
    await mend();
    for (const runId of [first, second, third]) {
      for (const each of [first, second, third])
        if ((await runOf(stage, each))?.status === "stalled") await reviveRun(stage.engine, each);
      await say(stage, runId, "go", "go");
      await stage.pass(60 * MINUTE_MS);
      expect(await runOf(stage, runId)).toMatchObject({ status: "succeeded" });
    }
  });

  test("whose pace goes on from a text stalls who comes to it", async () => {
    const { stage, second, spoil } = await open("paced");
    const mend = await spoil("PACE", set("nextAt", "soon"));
    const third = await start(stage, "paced");
    await stage.pass(MINUTE_MS);
    await expectStall(stage, third, "PACE");
    await mend();
    await reviveRun(stage.engine, third);
    await stage.pass(10 * MINUTE_MS);
    for (const runId of [second, third])
      expect(await runOf(stage, runId)).toMatchObject({ status: "succeeded" });
  });

  test("that is damaged while a run holds it is named when that run ends", async () => {
    const { stage, first, second, spoil } = await open("single");
    const mend = await spoil("HOLDERS", set("holders", "nobody"));
    await say(stage, first, "go", "go");
    await expectStall(stage, first, "HOLDERS");
    await mend();
    for (const runId of [first, second])
      if ((await runOf(stage, runId))?.status === "stalled") await reviveRun(stage.engine, runId);
    await stage.pass(60 * MINUTE_MS);
    expect(await runOf(stage, first)).toMatchObject({ status: "succeeded" });
    await say(stage, second, "go", "go");
    await stage.pass(60 * MINUTE_MS);
    expect(await runOf(stage, second)).toMatchObject({ status: "succeeded" });
  });
});
