// POST /runs/{id}/cancel, /terminate, /pause and /resume: what operators do, and what a run shows of it.
import { describe, expect, test } from "vitest";
import { JournalPage, RunDetail, RunSummary } from "../../lib/api/answers.ts";
import { type Bench, openBench, problemOf, readJson } from "./bench.ts";
import { approve, astray, booking, greet, party, refusing } from "./samples.ts";

/** Between an entry and the suspension behind it lies a moment. */
async function readWaiting({ get }: Bench, runId: string) {
  for (;;) {
    const run = await readJson(RunDetail, get(`/runs/${runId}?wait=20ms`));
    if (run.waits.length > 0) return run;
  }
}

describe("a cancelled run", () => {
  test("cleans up and says what was undone, what was not, and why it ended", async () => {
    const bench = openBench([booking]);
    const { start, post, get } = bench;
    const runId = await start("booking");
    await readWaiting(bench, runId);
    const asked = await post(`/runs/${runId}/cancel`, { reason: "the trip is off" });
    expect(asked.status).toBe(202);
    expect(await readJson(RunSummary, asked)).toMatchObject({ runId });
    const run = await readJson(RunDetail, get(`/runs/${runId}?wait=5s`));
    expect(run).toMatchObject({
      status: "cancelled",
      error: { name: "CancelledError", code: "E_CANCELLED" },
      undone: [
        { id: "hotel", ok: false, error: expect.stringContaining("the hotel says no") },
        { id: "flight", ok: true },
      ],
    });
    expect(run.error?.message).toContain("the trip is off");
    expect(run).not.toHaveProperty("terminated");
    const { entries } = await readJson(JournalPage, get(`/runs/${runId}/journal`));
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: "run.cancel_requested", reason: "the trip is off" }),
        expect.objectContaining({ type: "step.succeeded", id: "flight#undo" }),
        expect.objectContaining({ type: "run.cancelled", undone: run.undone }),
      ]),
    );
  });

  test("may be asked without a body, and again", async () => {
    const { start, app } = openBench([approve], { works: false });
    const path = `/runs/${await start("approve")}/cancel`;
    for (let i = 0; i < 2; i += 1) expect((await app.request(path, { method: "POST" })).status).toBe(202);
  });
});

describe("a terminated run", () => {
  test("has ended when the answer comes, whatever its state, and nothing was undone", async () => {
    const bench = openBench([booking, astray]);
    const { start, post, get } = bench;
    const [waiting, stalled] = [await start("booking"), await start("astray")];
    await readWaiting(bench, waiting);
    await get(`/runs/${stalled}?wait=5s`);
    for (const runId of [waiting, stalled]) {
      const response = await post(`/runs/${runId}/terminate`, { reason: "runaway" });
      expect(await readJson(RunSummary, response)).toMatchObject({ status: "cancelled" });
      const run = await readJson(RunDetail, get(`/runs/${runId}`));
      expect(run).toMatchObject({ status: "cancelled", terminated: true });
      expect(run.error?.message).toContain("terminated: runaway");
      expect(run).not.toHaveProperty("undone");
    }
  });
});

describe("a paused run", () => {
  test("shows what it waits for, keeps what comes, and goes on when it is resumed", async () => {
    const bench = openBench([approve]);
    const { start, post, get } = bench;
    const runId = await start("approve");
    await readWaiting(bench, runId);
    expect(await readJson(RunSummary, post(`/runs/${runId}/pause`))).toMatchObject({
      status: "paused",
      paused: true,
      waits: [{ kind: "signal", id: "decided" }],
    });
    await post(`/runs/${runId}/signals/decided`, { payload: { ok: true } });
    expect((await readJson(RunDetail, get(`/runs/${runId}?wait=200ms`))).status).toBe("paused");
    const resumed = await post(`/runs/${runId}/resume`);
    expect(resumed.status).toBe(202);
    expect(await readJson(RunSummary, resumed)).not.toHaveProperty("paused");
    expect(await readJson(RunDetail, get(`/runs/${runId}?wait=5s`))).toMatchObject({ result: true });
  });

  test("does not say when it goes on by itself, because it does not", async () => {
    const bench = openBench([booking]);
    const runId = await bench.start("booking");
    expect((await readWaiting(bench, runId)).nextWakeAt).toBeDefined();
    await bench.post(`/runs/${runId}/pause`);
    const paused = await readJson(RunDetail, bench.get(`/runs/${runId}`));
    expect(paused.waits).toHaveLength(1);
    expect(paused).not.toHaveProperty("nextWakeAt");
  });
});

describe("is refused:", () => {
  test.each(["cancel", "terminate", "pause"])("to %s a run that has ended", async (act) => {
    const { start, post, get } = openBench([greet]);
    const runId = await start("greet", { who: "Ada" });
    await get(`/runs/${runId}?wait=5s`);
    expect(await problemOf(await post(`/runs/${runId}/${act}`))).toMatchObject({
      status: 409,
      code: "E_RUN_CLOSED",
    });
  });

  test.each(["cancel", "terminate", "pause", "resume"])("to %s a run that is not there", async (act) => {
    const problem = await problemOf(await openBench([]).post(`/runs/nix/${act}`));
    expect(problem).toMatchObject({ status: 404, code: "E_RUN_NOT_FOUND" });
  });

  test("to resume a run that nobody paused, and to pause a stalled one", async () => {
    const { start, post, get } = openBench([approve, astray]);
    const resumed = await post(`/runs/${await start("approve")}/resume`);
    expect(await problemOf(resumed)).toMatchObject({ status: 409, code: "E_RUN_NOT_PAUSED" });
    const stalled = await start("astray");
    await get(`/runs/${stalled}?wait=5s`);
    const paused = await post(`/runs/${stalled}/pause`);
    expect(await problemOf(paused)).toMatchObject({ status: 409, code: "E_RUN_STALLED" });
  });
});

test("a child run names its parent, and its parent's journal the child", async () => {
  const { start, get } = openBench([party, greet, refusing]);
  const runId = await start("party");
  await get(`/runs/${runId}?wait=5s`);
  const { entries } = await readJson(JournalPage, get(`/runs/${runId}/journal`));
  const started = entries.find(({ type }) => type === "child.started");
  expect(started).toMatchObject({ id: "guest", onParentClose: "cancel" });
  const child = await readJson(RunDetail, get(`/runs/${started?.child}`));
  expect(child).toMatchObject({ workflow: "greet", parent: { runId, id: "guest" }, result: "Hello, Ada" });
  expect(entries.find(({ type }) => type === "child.failed")).toMatchObject({
    id: "ill",
    status: "failed",
    error: { name: "StepError" },
  });
  expect(entries.find(({ type }) => type === "run.version_marked")).toMatchObject({
    change: "with music",
    version: 2,
  });
  expect(entries.find(({ type }) => type === "step.polled")).toHaveProperty("nextAt");
});
