// POST /runs/{id}/retry of a run that has ended, and /fork: new runs that begin where another one was.
import { describe, expect, test } from "vitest";
import { JournalPage, RunDetail, RunSummary } from "../../lib/api/answers.ts";
import { TerminalError, workflow } from "../../lib/sdk/index.ts";
import { type Bench, openBench, problemOf, readJson } from "./bench.ts";
import { approve, greet, refusing } from "./samples.ts";

/** Charges, then ships, which fails as long as `broken` says so. `ran` counts what was really done. */
function shipping() {
  const state = { broken: true, ran: [] as string[] };
  const ship = workflow("ship", async (ctx, input) => {
    await ctx.step("charge", () => void state.ran.push("charge"));
    return await ctx.step("ship", () => {
      state.ran.push("ship");
      if (state.broken) throw new TerminalError("no parcels");
      return `shipped ${JSON.stringify(input)}`;
    });
  });
  return { ship, state };
}

async function ended({ get }: Bench, runId: string) {
  return await readJson(RunDetail, get(`/runs/${runId}?wait=5s`));
}

async function types({ get }: Bench, runId: string): Promise<string[]> {
  const { entries } = await readJson(JournalPage, get(`/runs/${runId}/journal`));
  return entries.map(({ type, id }) => (id === undefined ? type : `${type} ${id}`));
}

describe("a failed run that is retried", () => {
  test("is taken up by a new run that keeps what succeeded; its own journal stays as it is", async () => {
    const { ship, state } = shipping();
    const bench = openBench([ship]);
    const runId = await bench.start("ship", "KB-87");
    expect((await ended(bench, runId)).status).toBe("failed");
    const before = await types(bench, runId);
    state.broken = false;
    const response = await bench.post(`/runs/${runId}/retry`);
    expect(response.status).toBe(202);
    const summary = await readJson(RunSummary, response);
    expect(response.headers.get("location")).toBe(`/runs/${summary.runId}`);
    expect(summary.forkedFrom).toEqual({ runId, seq: before.length - 1 });
    expect(await ended(bench, summary.runId)).toMatchObject({ result: 'shipped "KB-87"' });
    expect(state.ran).toEqual(["charge", "ship", "ship"]);
    expect(await types(bench, runId)).toEqual(before);
  });

  test("does again what comes from a named step on", async () => {
    const { ship, state } = shipping();
    const bench = openBench([ship]);
    const runId = await bench.start("ship");
    await ended(bench, runId);
    state.broken = false;
    const again = await readJson(RunSummary, bench.post(`/runs/${runId}/retry`, { from: "charge" }));
    await ended(bench, again.runId);
    expect(state.ran).toEqual(["charge", "ship", "charge", "ship"]);
  });

  test("is taken up once under one idempotency key", async () => {
    const { ship } = shipping();
    const bench = openBench([ship]);
    const runId = await bench.start("ship");
    await ended(bench, runId);
    const key = { "idempotency-key": "ticket 7" };
    const [one, two] = await Promise.all([
      readJson(RunSummary, bench.post(`/runs/${runId}/retry`, {}, key)),
      readJson(RunSummary, bench.post(`/runs/${runId}/retry`, {}, key)),
    ]);
    expect(one.runId).toBe(two.runId);
    expect((await readJson(RunSummary, bench.post(`/runs/${runId}/retry`))).runId).not.toBe(one.runId);
  });

  test("is refused when there is no such step, or the run has a result", async () => {
    const bench = openBench([refusing, greet]);
    const failed = await bench.start("refusing");
    await ended(bench, failed);
    expect(await problemOf(await bench.post(`/runs/${failed}/retry`, { from: "nix" }))).toMatchObject({
      status: 400,
      code: "E_BAD_OPTION",
      detail: expect.stringContaining('no entry of a step "nix"'),
    });
    const succeeded = await bench.start("greet", { who: "Ada" });
    await ended(bench, succeeded);
    expect(await problemOf(await bench.post(`/runs/${succeeded}/retry`))).toMatchObject({
      status: 409,
      code: "E_RUN_NOT_FAILED",
    });
  });
});

describe("a fork", () => {
  test("begins with a part of the journal and may have other input", async () => {
    const { ship, state } = shipping();
    state.broken = false;
    const bench = openBench([ship]);
    const runId = await bench.start("ship", "old");
    await ended(bench, runId);
    const response = await bench.post(`/runs/${runId}/fork`, { after: 1, input: "new" });
    expect(response.status).toBe(202);
    const fork = await readJson(RunSummary, response);
    expect(response.headers.get("location")).toBe(`/runs/${fork.runId}`);
    expect(fork.forkedFrom).toEqual({ runId, seq: 1 });
    expect(await ended(bench, fork.runId)).toMatchObject({ input: "new", result: 'shipped "new"' });
    expect(state.ran).toEqual(["charge", "ship", "ship"]);
  });

  test("keeps the input when none is given, also when that is null", async () => {
    const { ship, state } = shipping();
    state.broken = false;
    const bench = openBench([ship]);
    const runId = await bench.start("ship", "old");
    await ended(bench, runId);
    const kept = await readJson(RunSummary, bench.post(`/runs/${runId}/fork`, { after: 0 }));
    const nulled = await readJson(RunSummary, bench.post(`/runs/${runId}/fork`, { after: 0, input: null }));
    expect(await ended(bench, kept.runId)).toMatchObject({ result: 'shipped "old"' });
    expect(await ended(bench, nulled.runId)).toMatchObject({ result: "shipped null" });
  });

  test("is possible of a run that goes on", async () => {
    const bench = openBench([approve]);
    const runId = await bench.start("approve");
    const fork = await readJson(RunSummary, bench.post(`/runs/${runId}/fork`, { after: 0 }));
    await bench.post(`/runs/${fork.runId}/signals/decided`, { payload: { ok: true } });
    expect(await ended(bench, fork.runId)).toMatchObject({ result: true });
    expect((await readJson(RunDetail, bench.get(`/runs/${runId}`))).status).not.toBe("succeeded");
  });

  test("is one under one idempotency key, and asked for otherwise a conflict", async () => {
    const bench = openBench([approve]);
    const path = `/runs/${await bench.start("approve")}/fork`;
    const key = { "idempotency-key": "ticket 8" };
    const one = await readJson(RunSummary, bench.post(path, { after: 0 }, key));
    expect((await readJson(RunSummary, bench.post(path, { after: 0 }, key))).runId).toBe(one.runId);
    expect(await problemOf(await bench.post(path, { after: 0, input: 1 }, key))).toMatchObject({
      status: 409,
      code: "E_IDEMPOTENCY_CONFLICT",
    });
  });

  test("is refused behind the end, with input that does not fit, and where the code leads elsewhere", async () => {
    const bench = openBench([greet]);
    const runId = await bench.start("greet", { who: "Ada" });
    await ended(bench, runId);
    const path = `/runs/${runId}/fork`;
    expect(await problemOf(await bench.post(path, { after: 2 }))).toMatchObject({
      status: 400,
      code: "E_BAD_OPTION",
    });
    expect(await problemOf(await bench.post(path, { after: 0, input: { who: 7 } }))).toMatchObject({
      status: 422,
      issues: [{ path: "/input/who", message: expect.any(String) }],
    });
    bench.registry.set(
      "greet",
      workflow("greet", async (ctx) => await ctx.step("other", () => 1)),
    );
    const before = [...bench.writes];
    expect(await problemOf(await bench.post(path, { after: 1 }))).toMatchObject({
      status: 409,
      code: "E_NONDETERMINISM",
      detail: expect.stringContaining('"other"'),
    });
    expect(bench.writes).toEqual(before);
  });
});
