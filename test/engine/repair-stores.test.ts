// Repair on stores that keep something: a run with turns that are left out, a large value, a child and a signal fails, is
// taken up by a retry and forked; its journal is saved and replayed. The old run's items stay as they are.
import { describe, expect, it } from "vitest";
import { forkRun, retryRun } from "../../lib/engine/index.ts";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { replayAll } from "../../lib/testing/replay-all.ts";
import { saveJournal } from "../../lib/testing/saved-journal.ts";
import { skipsWithoutDynoxide } from "../aws/dynoxide.ts";
import { useTable } from "../aws/use-table.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { TableLab } from "./table-lab.ts";

function harvest() {
  const state = { isBroken: true, ran: [] as string[] };
  const ran = (what: string) => {
    state.ran.push(what);
    return what;
  };
  const press = workflow("press", async (ctx) => ctx.step("press", () => ran("press")));
  const pick = workflow("pick", async (ctx, field) => {
    const weights = await ctx.loop("row", [] as readonly number[], async (c, seen, turn) => {
      const more = [...seen, await c.step("weigh", () => ran(`row ${turn}`).length + turn)];
      await c.sleep("walk", "1h");
      return turn === 3 ? { done: more } : { next: more };
    });
    const photo = await ctx.step("photo", () =>
      Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 10_007),
    );
    const juice = await ctx.runChild("pressed", press, null);
    const word = await ctx.waitForSignal("word");
    const sold = await ctx.step("sell", () => {
      if (state.isBroken) throw new TerminalError("nobody buys");
      return ran("sell");
    });
    return { field, weights, photo: photo.length, juice, word, sold };
  });
  return { state, workflows: [pick, press], pick };
}

const PICKED = { weights: [5, 6, 7, 8], photo: 40_000, juice: "press", word: "now", sold: "sell" };

async function repairs(lab: Lab, { state, pick, workflows }: ReturnType<typeof harvest>): Promise<void> {
  const { journal } = lab.store;
  const runId = await lab.start(pick, "south");
  await lab.pass(5 * 3_600_000);
  await lab.signal(runId, "word", "now");
  await expect(lab.result(runId)).rejects.toThrow("nobody buys");
  const before = await journal.load(runId);
  const entries = await lab.entries(runId);

  state.isBroken = false;
  state.ran.length = 0;
  const retried = await retryRun(lab.engine, { runId });
  expect(await lab.result(retried.runId)).toEqual({ field: "south", ...PICKED });
  expect(state.ran, "only what had failed is done again").toEqual(["sell"]);

  const pressed = entries.findIndex(({ type }) => type === "child.succeeded") + 1;
  const forked = await forkRun(lab.engine, { runId, after: pressed, input: { value: "north" } });
  await lab.settle();
  await lab.signal(forked.runId, "word", "later");
  expect(await lab.result(forked.runId)).toEqual({ field: "north", ...PICKED, word: "later" });
  expect(state.ran).toEqual(["sell", "sell"]);
  expect((await lab.run(forked.runId)).forkedFrom).toEqual({ runId, seq: pressed });

  expect(await journal.load(runId), "the old run's journal is intact").toEqual(before);
  for (const id of [runId, retried.runId, forked.runId]) {
    await checkInvariants(lab, id);
    const saved = await saveJournal(lab.engine, id);
    // All but the end.
    const replayed = (await lab.entries(id)).length - 1;
    expect(await replayAll([saved], workflows)).toMatchObject({ entries: replayed });
  }
}

describe("repair", () => {
  it("keeps on SQLite what succeeded, and the old run's journal", async () => {
    const code = harvest();
    const database = openDatabase(":memory:");
    await repairs(new Lab(code.workflows, { store: new SqliteStore(database) }), code);
    database.close();
  });
});

describe.skipIf(skipsWithoutDynoxide())("repair", () => {
  const client = useTable();

  it("keeps on DynamoDB what succeeded, and the old run's journal", async () => {
    const code = harvest();
    await repairs(new TableLab(client(), "perdure", code.workflows), code);
  });

  it("that was asked for by one who died is the same when it is asked for again: DynamoDB keeps no order of an object's keys", async () => {
    const { state, workflows, pick } = harvest();
    const lab = new TableLab(client(), "perdure", workflows);
    const runId = await lab.start(pick, "west");
    await lab.pass(5 * 3_600_000);
    await lab.signal(runId, "word", "now");
    await expect(lab.result(runId)).rejects.toThrow("nobody buys");
    state.isBroken = false;
    const { store } = lab.ports;
    const create = () => Promise.reject(new Error("the asker is dead"));
    const runs = new Proxy(store.runs, {
      get: (target, key) => (key === "create" ? create : Reflect.get(target, key)),
    });
    const dying = { ...lab.engine, ports: { ...lab.ports, store: { ...store, runs } } };
    const request = { runId, idempotencyKey: "once more" };
    await expect(retryRun(dying, request)).rejects.toThrow("the asker is dead");
    expect(await lab.result((await retryRun(lab.engine, request)).runId)).toEqual({
      field: "west",
      ...PICKED,
    });
  });
});
