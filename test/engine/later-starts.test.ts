// Runs that are started now and begin later.
import { describe, expect, it } from "vitest";
import { cancelRun, startRun } from "../../lib/engine/index.ts";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { skipsWithoutDynoxide } from "../aws/dynoxide.ts";
import { useTable } from "../aws/use-table.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { TableLab } from "./table-lab.ts";

const HOUR_MS = 3_600_000;
/** Tells when its code began: by its own clock, and by the world's. */
const tells = workflow("tells", { timeout: "2 hours" }, async (ctx) => {
  const shown = ctx.now().getTime();
  const real = await ctx.step("look", (step) => step.idempotencyKey.length > 0);
  return { shown, real };
});

async function startLater(lab: Lab, inMs: number, name = "tells"): Promise<{ runId: string; at: number }> {
  const at = lab.clock.now() + inMs;
  const { run } = await startRun(lab.engine, { workflow: name, input: 1, startAt: at });
  return { runId: run.runId, at };
}

async function beginsInTime(lab: Lab): Promise<void> {
  const { runId, at } = await startLater(lab, 6 * HOUR_MS);
  await lab.pass(6 * HOUR_MS - 1);
  const waiting = await lab.run(runId);
  expect(waiting).toMatchObject({ status: "suspended", startAt: at, deadline: at + 2 * HOUR_MS });
  expect(waiting.waits).toEqual([{ kind: "start", id: "tells", until: at }]);
  expect(await lab.entries(runId)).toEqual([]);
  await lab.pass(1);
  expect(await lab.result(runId)).toEqual({ shown: at, real: true });
  const [first] = await lab.entries(runId);
  expect(first?.at).toBe(at);
}

describe("a run that is to begin later", () => {
  it("begins at its time, and its timeout counts from there", async () => {
    const lab = new Lab([tells]);
    await beginsInTime(lab);
  });

  it("does so on SQLite", async () => {
    const database = openDatabase(":memory:");
    await beginsInTime(new Lab([tells], { store: new SqliteStore(database) }));
    database.close();
  });

  it("begins once and not before its time, wherever a process dies", async () => {
    await everyCrash(async (watch, where) => {
      const begun: number[] = [];
      const lab = new Lab([
        workflow("tells", async (ctx) => ctx.step("begin", () => begun.push(lab.clock.now())).then(() => 1)),
      ]);
      lab.watch = watch;
      const { runId, at } = await startLater(lab, HOUR_MS);
      expect(await lab.result(runId), where).toBe(1);
      expect(Math.min(...begun), where).toBeGreaterThanOrEqual(at);
      await checkInvariants(lab, runId);
    });
  });

  it("takes its slot only then", async () => {
    const one = workflow("one", { concurrency: { limit: 1 } }, async (ctx) => ctx.sleep("work", "1 minute"));
    const lab = new Lab([one]);
    const later = await startLater(lab, HOUR_MS, "one");
    await lab.settle();
    const now = await lab.start(one);
    await lab.result(now);
    expect(lab.clock.now()).toBeLessThan(later.at);
    await lab.result(later.runId);
    expect(lab.clock.now()).toBeGreaterThanOrEqual(later.at);
  });

  it("is cancelled before it begins, and its code hears nothing of it", async () => {
    let begun = 0;
    const lab = new Lab([workflow("tells", async () => (begun += 1))]);
    const { runId } = await startLater(lab, HOUR_MS);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("cancelled before it began");
    expect(begun).toBe(0);
    await lab.pass(2 * HOUR_MS);
    await checkInvariants(lab, runId);
  });

  it("keeps its time when it is started again under its key, and begins at once when that is past", async () => {
    const lab = new Lab([tells]);
    const at = lab.clock.now() + HOUR_MS;
    const start = (startAt: number) =>
      startRun(lab.engine, { workflow: "tells", input: 1, idempotencyKey: "k", startAt });
    const first = await start(at);
    const second = await start(at + HOUR_MS);
    expect([second.created, second.run.runId, second.run.startAt]).toEqual([false, first.run.runId, at]);
    const { run } = await startRun(lab.engine, { workflow: "tells", input: 1, startAt: "2001-01-01" });
    expect(run.startAt).toBeUndefined();
    await lab.settle();
    expect((await lab.run(run.runId)).status).toBe("succeeded");
  });

  it.each([
    ["tomorrow", `startAt is "tomorrow"; it must be a Date, an ISO time with its zone`],
    ["2027-05-01T18:00:00", `startAt is "2027-05-01T18:00:00"; it must`],
    [Number.NaN, "startAt is NaN; it must"],
    [{} as unknown as number, "startAt is {}; it must"],
  ])("is refused when its time is %s", async (startAt, message) => {
    const lab = new Lab([tells]);
    const start = startRun(lab.engine, { workflow: "tells", input: 1, startAt });
    await expect(start).rejects.toThrow(message);
  });
});

describe.skipIf(skipsWithoutDynoxide())("a run that is to begin later, on DynamoDB", () => {
  const client = useTable();

  it("begins at its time", async () => {
    await beginsInTime(new TableLab(client(), "perdure", [tells]));
  });
});
