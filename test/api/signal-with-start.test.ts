// POST /workflows/{workflow}/signals/{name}: a signal for a run that is started if it is not there.
import { describe, expect, test } from "vitest";
import { RunDetail, SignalledWithStart } from "../../lib/api/answers.ts";
import { openBench, problemOf, readJson } from "./bench.ts";
import { approve, greet } from "./samples.ts";

const path = "/workflows/approve/signals/decided";
const payload = { ok: true };

describe("a signal with start", () => {
  test("starts the run and reaches it; once it is there, only the signal is new", async () => {
    const bench = openBench([approve], { works: false });
    const first = await bench.post(path, { runId: "cart-7", payload });
    expect(first.status).toBe(202);
    expect(first.headers.get("location")).toBe("/runs/cart-7");
    expect(await readJson(SignalledWithStart, first)).toEqual({
      runId: "cart-7",
      signal: "decided",
      stored: true,
      started: true,
    });
    const second = await readJson(SignalledWithStart, bench.post(path, { runId: "cart-7", payload }));
    expect(second).toMatchObject({ started: false, stored: true });
  });

  test("gives the workflow its input and its signal", async () => {
    const bench = openBench([approve]);
    await bench.post(path, { runId: "cart-8", input: { items: 2 }, payload });
    expect(await readJson(RunDetail, bench.get("/runs/cart-8?wait=5s"))).toMatchObject({
      input: { items: 2 },
      result: true,
    });
  });

  test("counts once under its idempotency key, which also names the run", async () => {
    const bench = openBench([approve], { works: false });
    const key = { "idempotency-key": "click 1" };
    const one = await readJson(SignalledWithStart, bench.post(path, { payload }, key));
    const two = await readJson(SignalledWithStart, bench.post(path, { payload }, key));
    expect(two).toEqual({ ...one, started: false, stored: false });
  });

  test("starts nothing when the signal or the input is wrong, and says which", async () => {
    const bench = openBench([approve, greet]);
    const wrong = await problemOf(await bench.post(path, { runId: "r", payload: { ok: 1 } }));
    expect(wrong).toMatchObject({ status: 422, issues: [{ path: "/payload/ok" }] });
    const input = await bench.post("/workflows/greet/signals/hello", { runId: "r", input: { who: 1 } });
    expect(await problemOf(input)).toMatchObject({ status: 422, issues: [{ path: "/input/who" }] });
    expect(await problemOf(await bench.post("/workflows/nix/signals/a", {}))).toMatchObject({ status: 404 });
    expect((await bench.get("/runs/r")).status).toBe(404);
    expect(bench.writes).toEqual([]);
  });

  test("is refused when the run is one of another workflow, or has ended", async () => {
    const bench = openBench([approve, greet]);
    await bench.post("/workflows/greet/runs", { runId: "taken", input: { who: "Ada" } });
    expect(await problemOf(await bench.post(path, { runId: "taken", payload }))).toMatchObject({
      status: 409,
      code: "E_IDEMPOTENCY_CONFLICT",
    });
    await bench.get("/runs/taken?wait=5s");
    const late = await bench.post("/workflows/greet/signals/hello", { runId: "taken", payload });
    expect(await problemOf(late)).toMatchObject({ status: 409, code: "E_RUN_CLOSED" });
  });
});
