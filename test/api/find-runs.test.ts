// GET /runs?attr.NAME=value, and the published state of a run: what is read without waking anybody.
import { describe, expect, test } from "vitest";
import { RunDetail, RunList } from "../../lib/api/answers.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { openBench, problemOf, readJson } from "./bench.ts";
import { approve } from "./samples.ts";

const path = "/workflows/approve/runs";

describe("runs are found by their attributes", () => {
  test("compared as text, all of them at once", async () => {
    const { post, get } = openBench([approve], { works: false });
    await post(path, { runId: "a", attributes: { customer: "c-17", express: true, total: 3 } });
    await post(path, { runId: "b", attributes: { customer: "c-17", express: false } });
    await post(path, { runId: "c" });
    const found = async (query: string) => {
      const { runs } = await readJson(RunList, get(`/runs?${query}`));
      return runs.map(({ runId }) => runId).toSorted();
    };
    expect(await found("attr.customer=c-17")).toEqual(["a", "b"]);
    expect(await found("attr.customer=c-17&attr.express=true")).toEqual(["a"]);
    expect(await found("attr.total=3")).toEqual(["a"]);
    expect(await found("attr.customer=nobody")).toEqual([]);
    expect(await found("attr.toString=x")).toEqual([]);
  });

  test("and show them", async () => {
    const { post, get } = openBench([approve], { works: false });
    await post(path, { runId: "a", attributes: { customer: "c-17" } });
    expect(await readJson(RunDetail, get("/runs/a"))).toMatchObject({ attributes: { customer: "c-17" } });
  });

  test("each given once", async () => {
    const { get } = openBench([approve]);
    const twice = await get("/runs?attr.customer=a&attr.customer=b");
    expect(await problemOf(twice)).toMatchObject({ status: 400, issues: [{ path: "/attr/customer" }] });
  });
});

test("a run shows what its workflow published last, and when", async () => {
  const baking = workflow("baking", async (ctx) => {
    await ctx.publish({ done: 1, since: new Date(0) });
    await ctx.waitForSignal("go on");
    await ctx.publish({ done: 2 });
  });
  const { start, get, post } = openBench([baking]);
  const runId = await start("baking");
  const first = async () => await readJson(RunDetail, get(`/runs/${runId}?wait=20ms`));
  let run = await first();
  while (run.state === undefined) run = await first();
  expect(run.state).toEqual({
    value: { done: 1, since: "1970-01-01T00:00:00.000Z" },
    at: expect.stringMatching(/Z$/),
  });
  await post(`/runs/${runId}/signals/go on`, {});
  expect((await readJson(RunDetail, get(`/runs/${runId}?wait=5s`))).state?.value).toEqual({ done: 2 });
});
