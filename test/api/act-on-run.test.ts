// POST /runs/{id}/signals/{name} and /retry: acting on a run from outside.
import { describe, expect, test } from "vitest";
import { RunDetail, SignalAccepted } from "../../lib/api/answers.ts";
import { openBench, problemOf, readJson } from "./bench.ts";
import { approve, astray, greet, mended } from "./samples.ts";

const payload = { ok: true };

describe("a signal", () => {
  test("is accepted and reaches the workflow", async () => {
    const { start, post, get } = openBench([approve]);
    const runId = await start("approve");
    const response = await post(`/runs/${runId}/signals/decided`, { payload });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ runId, signal: "decided", stored: true });
    expect(await readJson(RunDetail, get(`/runs/${runId}?wait=5s`))).toMatchObject({ result: true });
  });

  test("counts once under its idempotency key", async () => {
    const { start, post } = openBench([approve], { works: false });
    const path = `/runs/${await start("approve")}/signals/decided`;
    const key = { "idempotency-key": "click 1" };
    const answers = [await post(path, { payload }, key), await post(path, { payload }, key)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(
      await Promise.all(answers.map(async (answer) => (await readJson(SignalAccepted, answer)).stored)),
    ).toEqual([true, false]);
  });

  test("is refused when its key came before with another payload", async () => {
    const { start, post } = openBench([approve], { works: false });
    const path = `/runs/${await start("approve")}/signals/decided`;
    await post(path, { payload }, { "idempotency-key": "k" });
    const conflict = await post(path, { payload: { ok: false } }, { "idempotency-key": "k" });
    expect(await problemOf(conflict)).toMatchObject({ status: 409, code: "E_IDEMPOTENCY_CONFLICT" });
  });

  test("is refused by a run that has ended, with nothing written", async () => {
    const { start, post, get, writes } = openBench([greet]);
    const runId = await start("greet", { who: "Ada" });
    await get(`/runs/${runId}?wait=5s`);
    const before = [...writes];
    const late = await post(`/runs/${runId}/signals/decided`, { payload });
    expect(await problemOf(late)).toMatchObject({ status: 409, code: "E_RUN_CLOSED" });
    expect(writes.slice(before.length).filter((write) => write === "putFact" || write === "raise")).toEqual(
      [],
    );
  });
});

describe("a retry", () => {
  test("lets a stalled run go on once its code is mended", async () => {
    const { start, post, get, registry } = openBench([astray]);
    const runId = await start("astray");
    expect(await readJson(RunDetail, get(`/runs/${runId}?wait=5s`))).toMatchObject({ status: "stalled" });
    registry.set("astray", mended);
    const response = await post(`/runs/${runId}/retry`);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ runId, status: "pending" });
    expect(await readJson(RunDetail, get(`/runs/${runId}?wait=5s`))).toMatchObject({
      status: "succeeded",
      result: "done",
    });
  });

  test("is refused by a run that is not stalled", async () => {
    const { start, post } = openBench([approve], { works: false });
    const response = await post(`/runs/${await start("approve")}/retry`, {});
    expect(await problemOf(response)).toMatchObject({ status: 409, code: "E_RUN_NOT_STALLED" });
  });

  test("is refused for a run that does not exist", async () => {
    const response = await openBench([]).post("/runs/nix/retry", {});
    expect(await problemOf(response)).toMatchObject({ status: 404, code: "E_RUN_NOT_FOUND" });
  });
});
