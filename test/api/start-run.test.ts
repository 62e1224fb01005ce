// POST /workflows/{workflow}/runs: a start is one run, however often it is sent.
import { describe, expect, test } from "vitest";
import { RunList, RunSummary } from "../../lib/api/answers.ts";
import { openBench, problemOf, readJson } from "./bench.ts";
import { approve, greet } from "./samples.ts";

const path = "/workflows/greet/runs";
const input = { who: "Ada" };

describe("starting a run", () => {
  test("answers 201 with the run and where it is", async () => {
    const { post, get } = openBench([greet]);
    const response = await post(path, { input });
    expect(response.status).toBe(201);
    const run = await readJson(RunSummary, response);
    expect(run).toMatchObject({ workflow: "greet", version: "1", status: "pending", waits: [] });
    expect(response.headers.get("location")).toBe(`/runs/${run.runId}`);
    expect((await get(`/runs/${run.runId}`)).status).toBe(200);
  });

  test("is one run when it is repeated with its idempotency key", async () => {
    const { post, get } = openBench([greet], { works: false });
    const key = { "idempotency-key": "order A-1" };
    const first = await post(path, { input }, key);
    const second = await post(path, { input }, key);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect((await readJson(RunSummary, second)).runId).toBe((await readJson(RunSummary, first)).runId);
    expect((await readJson(RunList, get("/runs"))).runs).toHaveLength(1);
  });

  test("is one run when many send it at the same time", async () => {
    const { post } = openBench([greet]);
    const sent = Array.from({ length: 20 }, () => post(path, { input }, { "idempotency-key": "same" }));
    const responses = await Promise.all(sent);
    expect(responses.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(19);
  });

  test("does not care about the order of the input's keys", async () => {
    const { post } = openBench([approve], { works: false });
    const key = { "idempotency-key": "k" };
    await post("/workflows/approve/runs", { input: { a: 1, b: { c: 2, d: 3 } } }, key);
    const again = await post("/workflows/approve/runs", { input: { b: { d: 3, c: 2 }, a: 1 } }, key);
    expect(again.status).toBe(200);
  });

  test("is refused when its key came before with another input", async () => {
    const { post, writes } = openBench([greet], { works: false });
    await post(path, { input }, { "idempotency-key": "k" });
    const before = writes.filter((write) => write !== "create");
    const conflict = await post(path, { input: { who: "Bob" } }, { "idempotency-key": "k" });
    expect(conflict.status).toBe(409);
    expect((await problemOf(conflict)).code).toBe("E_IDEMPOTENCY_CONFLICT");
    // The refused put is the one that found out.
    expect(writes.filter((write) => write !== "create")).toEqual(before);
  });

  test("takes a chosen run id, which is its own idempotency key", async () => {
    const { post } = openBench([greet], { works: false });
    const body = { input, runId: "order:A-1" };
    const first = await post(path, body);
    expect(first.headers.get("location")).toBe("/runs/order:A-1");
    expect([first.status, (await post(path, body)).status]).toEqual([201, 200]);
    expect((await post(path, { input: { who: "Bob" }, runId: "order:A-1" })).status).toBe(409);
  });

  test("needs no input when the workflow asks for none", async () => {
    const { post } = openBench([approve], { works: false });
    expect((await post("/workflows/approve/runs", {})).status).toBe(201);
  });
});
