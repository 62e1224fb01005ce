// GET /runs and /runs/{id}: how a run stands, and what came of it.
import { describe, expect, test } from "vitest";
import { RunDetail, RunList, WorkflowList } from "../../lib/api/answers.ts";
import { openBench, readJson } from "./bench.ts";
import { approve, astray, exotic, fail, greet, patient } from "./samples.ts";

/** Far below the waits asked for: what ends by itself must not end by their time. */
const PROMPT_MS = 10_000;

describe("one run", () => {
  test("shows input and result when it has succeeded", async () => {
    const { start, get } = openBench([greet]);
    const runId = await start("greet", { who: "Ada" });
    const run = await readJson(RunDetail, get(`/runs/${runId}?wait=5s`));
    expect(run).toMatchObject({
      runId,
      status: "succeeded",
      input: { who: "Ada" },
      result: "Hello, Ada",
      waits: [],
    });
    expect(Date.parse(run.closedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(run.startedAt));
  });

  test("shows values that JSON does not have so that people can read them", async () => {
    const { start, get } = openBench([exotic]);
    const run = await readJson(RunDetail, get(`/runs/${await start("exotic")}?wait=5s`));
    expect(run.result).toEqual({
      date: "1970-01-01T00:00:00.000Z",
      total: "12",
      tags: ["a", "b"],
      prices: { "KB-87": "129" },
      bytes: "AQID",
      cause: { name: "TypeError", message: "not a number" },
      nothing: null,
    });
  });

  test("shows the error when it has failed", async () => {
    const { start, get } = openBench([fail]);
    const run = await readJson(RunDetail, get(`/runs/${await start("fail")}?wait=5s`));
    expect(run).toMatchObject({ status: "failed", error: { name: "StepError", code: "E_STEP_FAILED" } });
    expect(run.error?.message).toContain("the card was stolen");
    expect(run).not.toHaveProperty("result");
  });

  test("shows which attempt comes next, after what error, and when", async () => {
    const { start, get } = openBench([patient]);
    const runId = await start("patient");
    await get(`/runs/${runId}/events?wait=5s`);
    const run = await readSuspended(get, runId);
    expect(run.waits).toEqual([
      {
        kind: "retry",
        id: "call",
        attempt: 2,
        maxAttempts: 3,
        lastError: "RetryableError: busy",
        until: run.nextWakeAt,
      },
    ]);
    expect(Date.parse(run.nextWakeAt ?? "") - Date.parse(run.startedAt)).toBeGreaterThanOrEqual(3_600_000);
    expect(Date.parse(run.deadline ?? "") - Date.parse(run.startedAt)).toBe(86_400_000);
  });

  test("shows why it is stalled, and a wait ends there", { timeout: PROMPT_MS }, async () => {
    const { start, get } = openBench([astray]);
    const run = await readJson(RunDetail, get(`/runs/${await start("astray")}?wait=20s`));
    expect(run).toMatchObject({ status: "stalled", stalled: { code: "E_FOREIGN_AWAIT" } });
  });

  test("leaves a large input out", async () => {
    const { start, get } = openBench([approve], { works: false });
    const run = await readJson(RunDetail, get(`/runs/${await start("approve", "x".repeat(300_000))}`));
    expect(run).not.toHaveProperty("input");
    const small = await readJson(RunDetail, get(`/runs/${await start("approve", "x".repeat(3_000))}`));
    expect(small.input).toHaveLength(3_000);
  });

  test("is answered as it stands when the wait is over", async () => {
    const { start, get } = openBench([approve], { works: false });
    const run = await readJson(RunDetail, get(`/runs/${await start("approve")}?wait=50ms`));
    expect(run.status).toBe("pending");
  });

  test("a wait ends when nobody waits any more", { timeout: PROMPT_MS }, async () => {
    const { start, app } = openBench([approve], { works: false });
    const caller = new AbortController();
    const waiting = app.request(`/runs/${await start("approve")}?wait=20s`, { signal: caller.signal });
    caller.abort();
    expect((await waiting).status).toBe(200);
  });

  test("a wait ends when the run does", { timeout: PROMPT_MS }, async () => {
    const { start, get, post } = openBench([approve]);
    const runId = await start("approve");
    const waiting = get(`/runs/${runId}?wait=20s`);
    await post(`/runs/${runId}/signals/decided`, { payload: { ok: true } });
    expect(await readJson(RunDetail, waiting)).toMatchObject({ status: "succeeded", result: true });
  });
});

describe("the list of runs", () => {
  test("is newest first and leads through all of them", async () => {
    const { start, get } = openBench([greet, approve], { works: false });
    const started: string[] = [];
    for (const who of ["Ada", "Bob", "Cyd"])
      started.push(await start("greet", { who }), await start("approve"));
    const found: string[] = [];
    let cursor = "";
    do {
      const page = await readJson(RunList, get(`/runs?limit=4${cursor}`));
      expect(page.runs.length).toBeLessThanOrEqual(4);
      for (const { runId } of page.runs) found.push(runId);
      cursor = page.cursor === undefined ? "" : `&cursor=${encodeURIComponent(page.cursor)}`;
    } while (cursor !== "");
    expect(found.toSorted()).toEqual(started.toSorted());
  });

  test("can be of one workflow, of some statuses, of a time", async () => {
    const { start, get } = openBench([greet, fail, approve]);
    const ids = [await start("greet", { who: "Ada" }), await start("fail")];
    for (const runId of ids) await get(`/runs/${runId}?wait=5s`);
    const runId = await start("approve");
    const list = async (query: string) =>
      (await readJson(RunList, get(`/runs?${query}`))).runs.map((run: { runId: string }) => run.runId);
    expect(await list("workflow=approve")).toEqual([runId]);
    expect((await list("status=succeeded,failed")).toSorted()).toEqual(ids.toSorted());
    expect((await list("status=succeeded&status=failed")).toSorted()).toEqual(ids.toSorted());
    expect(await list("from=2000-01-01")).toHaveLength(3);
    expect(await list("to=2000-01-01T00:00:00Z")).toEqual([]);
    expect(await list("workflow=removed")).toEqual([]);
  });

  test("the list of workflows says what each accepts", async () => {
    const { get } = openBench([patient, approve], { works: false });
    expect((await readJson(WorkflowList, get("/workflows"))).workflows).toEqual([
      { name: "approve", version: "1", signals: ["decided", "grown"] },
      { name: "patient", version: "1", signals: [], timeoutMs: 86_400_000 },
    ]);
  });
});

/** Between an entry and the suspension behind it lies a moment. */
async function readSuspended(get: (path: string) => Promise<Response>, runId: string) {
  for (;;) {
    const run = await readJson(RunDetail, get(`/runs/${runId}?wait=20ms`));
    if (run.status === "suspended") return run;
  }
}
