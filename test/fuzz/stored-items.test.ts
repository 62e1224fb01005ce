// Whatever is wrong with what is stored, nobody guesses: the run stalls and names the item, the others go on, nothing is
// written over it, and once the item is mended the run goes on to the result it would have had.
import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createApi } from "../../lib/api/index.ts";
import { reviveRun, sendSignal, startRun, unpack } from "../../lib/engine/index.ts";
import { isTerminal } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { skipsWithoutDynoxide } from "../aws/dynoxide.ts";
import { useTable } from "../aws/use-table.ts";
import { type Damage, JOURNAL_DAMAGE, META_DAMAGE } from "./damage.ts";
import { type Dynamo, Stage } from "./stage.ts";

const HOUR_MS = 3_600_000;
/** A wake-up waits a few deliveries for a newer version; nothing else is tried twice. */
const MAX_CLAIMS = { E_CORRUPT: 1, E_NEWER_FORMAT: 8 };
const LARGE = randomBytes(20_000).toString("base64");
const RESULT = { at: new Date(0), zipped: 3_000, large: LARGE.length, word: "go", bound: 7n };

interface Played {
  readonly stage: Stage;
  readonly victim: string;
  readonly bystander: string;
  readonly effects: string[];
}

/** Two runs that wait for a signal. */
async function play(dynamo?: Dynamo): Promise<Played> {
  const effects: string[] = [];
  const trip = workflow("trip", async (ctx, input) => {
    const act = async <T>(name: string, value: T): Promise<T> =>
      await ctx.step(name, () => {
        effects.push(`${ctx.runId} ${name}`);
        return value;
      });
    const { at } = await act("small", { at: new Date(0) });
    const zipped = await act("zipped", "x".repeat(3_000));
    const large = await act("large", LARGE);
    const word = await ctx.waitForSignal("word");
    const { bound } = await act("last", input as { bound: bigint });
    return { at, zipped: zipped.length, large: large.length, word, bound };
  });
  const stage = new Stage([trip], dynamo);
  const input = { bound: 7n, padding: randomBytes(900).toString("base64") };
  const ids: string[] = [];
  for (let i = 0; i < 2; i += 1)
    ids.push((await startRun(stage.engine, { workflow: "trip", input })).run.runId);
  await stage.pass(1_000);
  const [victim = "", bystander = ""] = ids;
  expect(await stage.engine.ports.store.runs.get(victim)).toMatchObject({ status: "suspended", lastSeq: 3 });
  return { stage, victim, bystander, effects };
}

/** Spoils the item and gives what mends it. */
async function spoil({ stage, victim }: Played, { item, spoil }: Damage): Promise<() => Promise<void>> {
  const items = await stage.items.read(victim);
  const name = item === "I#" ? ([...items.keys()].find((key) => key.startsWith("I#")) ?? "") : item;
  const whole = items.get(name);
  const copy = structuredClone(whole);
  const instead = spoil(copy);
  await stage.items.write(victim, name, instead === null ? undefined : (instead ?? copy));
  return async () => {
    const standing = (await stage.items.read(victim)).get("META");
    // Of META only what was spoilt is mended: the stall is written there too.
    const mended = name === "META" ? undo(whole, copy, standing) : whole;
    await stage.items.write(victim, name, mended);
  };
}

type Fields = Record<string, unknown>;

/** What stands, with the fields that the damage has changed as they were. */
function undo(whole: Fields, spoilt: Fields, standing: Fields): Fields {
  const mended = { ...standing };
  for (const name of new Set([...Object.keys(whole), ...Object.keys(spoilt)])) {
    if (JSON.stringify(whole[name]) === JSON.stringify(spoilt[name])) continue;
    if (name in whole) mended[name] = whole[name];
    else delete mended[name];
  }
  return mended;
}

/** What a claim writes. */
function leaseOf({ status, fence, fails, leaseOwner, leaseUntil, mark, wake }: Fields): Fields {
  const lease = { status, fence, fails, leaseOwner, leaseUntil, mark, wake };
  return Object.fromEntries(Object.entries(lease).filter(([, value]) => value !== undefined));
}

async function resultOf({ stage: { engine } }: Played, runId: string): Promise<unknown> {
  expect(await engine.ports.store.runs.get(runId)).toMatchObject({ status: "succeeded" });
  const terminal = (await engine.ports.store.journal.last(runId))?.entries.at(-1);
  if (terminal === undefined || !isTerminal(terminal) || terminal.type !== "run.succeeded")
    throw new Error("no result");
  return await unpack(terminal.value, engine.ports.blobs);
}

/** All but META and the signals, which come from outside. */
async function journalOf({ stage, victim }: Played): Promise<unknown> {
  const items = [...(await stage.items.read(victim))];
  return new Map(items.filter(([name]) => name !== "META" && !name.startsWith("I#signal")));
}

function word({ stage: { engine } }: Played, runId: string): Promise<unknown> {
  return sendSignal(engine, { runId, name: "word", payload: "go" });
}

async function expectStall(open: () => Promise<Played>, damage: Damage): Promise<void> {
  const played = await open();
  const { stage, victim, bystander, effects } = played;
  const { engine } = stage;
  const mend = await spoil(played, damage);
  const spoilt = await journalOf(played);
  const claimsBefore = stage.claims.get(victim) ?? 0;
  await Promise.all([word(played, victim), word(played, bystander)]);
  await stage.pass(6 * HOUR_MS);

  const stalled = await engine.ports.store.runs.get(victim);
  expect(stalled).toMatchObject({ status: "stalled", stalled: { code: damage.code } });
  expect(stalled?.stalled?.message).toContain(victim);
  expect((stage.claims.get(victim) ?? 0) - claimsBefore).toBeLessThanOrEqual(MAX_CLAIMS[damage.code]);
  expect(await journalOf(played)).toEqual(spoilt);
  expect(await resultOf(played, bystander)).toEqual(RESULT);
  expect((await engine.ports.store.index.list({ workflows: ["trip"], limit: 10 })).runs).toHaveLength(2);

  // A retry that comes too early changes nothing. What META has forgotten by then, a retry cannot know.
  if (damage.item !== "META" && !damage.isOnlyKnownToMeta) {
    await reviveRun(engine, victim);
    await stage.pass(6 * HOUR_MS);
    expect(await engine.ports.store.runs.get(victim)).toMatchObject({
      status: "stalled",
      stalled: { code: damage.code },
    });
    expect(await journalOf(played)).toEqual(spoilt);
  }
  await mend();
  await reviveRun(engine, victim);
  await stage.pass(HOUR_MS);
  expect(await resultOf(played, victim)).toEqual(RESULT);
  expect(effects.length).toBe(new Set(effects).size);
}

async function expectUnread(open: () => Promise<Played>, damage: Damage): Promise<void> {
  const played = await open();
  const { stage, victim, bystander, effects } = played;
  const { store, activations } = stage.engine.ports;
  const api = createApi({ engine: stage.engine });
  const { wake } = (await store.runs.get(victim)) ?? { wake: 0 };
  // Comes after the damage: its fact is there, and a message of it is on its way.
  await word(played, victim);
  const mend = await spoil(played, damage);
  const spoilt = await stage.items.read(victim);
  const claimsBefore = stage.claims.get(victim) ?? 0;
  await activations.send(JSON.stringify({ kind: "wake-up", runId: victim, n: wake + 1 }), 0);
  await activations.send(JSON.stringify({ kind: "timer", runId: victim, fireAt: stage.clock.now() }), 0);
  await word(played, bystander);
  await stage.pass(6 * HOUR_MS);

  expect((stage.claims.get(victim) ?? 0) - claimsBefore).toBe(0);
  if (damage.isDeep)
    spoilt.set("META", { ...spoilt.get("META"), ...leaseOf((await stage.items.read(victim)).get("META")) });
  expect(await stage.items.read(victim)).toEqual(spoilt);
  expect(await resultOf(played, bystander)).toEqual(RESULT);
  for (const [method, path] of [
    ["GET", `/runs/${victim}`],
    ["GET", `/runs/${victim}/journal`],
    ["GET", `/runs/${victim}/journal/saved`],
    ["POST", `/runs/${victim}/signals/word`],
  ] as const) {
    const body = method === "POST" ? { body: JSON.stringify({ payload: "again" }) } : {};
    const response = await api.request(path, {
      method,
      headers: { "content-type": "application/json" },
      ...body,
    });
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = (await response.json()) as { code: string; detail: string };
    expect(problem.code).toBe(damage.code);
    expect(problem.detail).toContain(victim);
  }
  expect(await stage.items.read(victim)).toEqual(spoilt);
  const { runs } = (await (await api.request("/runs")).json()) as { runs: { runId: string }[] };
  expect(runs.map(({ runId }) => runId)).toContain(bystander);

  await mend();
  await stage.pass(25 * HOUR_MS);
  expect(await resultOf(played, victim)).toEqual(RESULT);
  expect(effects.length).toBe(new Set(effects).size);
}

function describeDamage(open: () => Promise<Played>): void {
  test.each(Object.keys(JOURNAL_DAMAGE))("%s stalls the run", async (what) => {
    await expectStall(open, JOURNAL_DAMAGE[what] as Damage);
  });
  test.each(Object.keys(META_DAMAGE))("META with %s is left alone", async (what) => {
    await expectUnread(open, META_DAMAGE[what] as Damage);
  });
}

describe("on SQLite", () => {
  describeDamage(async () => await play());

  test.each([
    ["is gone", "DELETE FROM blob"],
    [
      "has other bytes",
      "UPDATE blob SET bytes = x'1f8b0800000000000003ab56ca48cdc9c95780d31c5cb6150d000000'",
    ],
    ["was cut", "UPDATE blob SET bytes = substr(bytes, 1, 100)"],
  ])("a blob that %s stalls the run", async (_what, sql) => {
    const played = await play();
    const { stage, victim } = played;
    const blobs = stage.database.prepare("SELECT key, bytes FROM blob").all();
    stage.database.prepare(sql).run();
    await word(played, victim);
    await stage.pass(6 * HOUR_MS);
    expect(await stage.engine.ports.store.runs.get(victim)).toMatchObject({ stalled: { code: "E_CORRUPT" } });
    for (const { key = null, bytes = null } of blobs)
      stage.database.prepare("INSERT OR REPLACE INTO blob VALUES (?, ?)").run(key, bytes);
    await reviveRun(stage.engine, victim);
    await stage.pass(HOUR_MS);
    expect(await resultOf(played, victim)).toEqual(RESULT);
  });

  test("a checkpoint that is not JSON stalls the run, and its text is not told", async () => {
    const played = await play();
    await played.stage.items.write(played.victim, "J#1", "SECRET{");
    await word(played, played.victim);
    await played.stage.pass(HOUR_MS);
    const run = await played.stage.engine.ports.store.runs.get(played.victim);
    expect(run?.stalled?.code).toBe("E_CORRUPT");
    expect(run?.stalled?.message).not.toContain("SECRET");
  });
});

describe.skipIf(skipsWithoutDynoxide())("on DynamoDB", () => {
  const client = useTable("runs");

  describeDamage(async () => await play({ client: client(), table: "runs", namespace: randomUUID() }));
});
