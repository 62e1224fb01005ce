// POST /callbacks/{token} and its heartbeat: whoever has the token ends the wait, once, and nothing gives the token away.
import { afterEach, describe, expect, test, vi } from "vitest";
import { CallbackCompleted, HeartbeatAccepted, RunDetail } from "../../lib/api/answers.ts";
import { type Bench, openBench, problemOf, readJson } from "./bench.ts";
import { handedOut, PATIENCE, payment, refund } from "./samples.ts";

afterEach(() => handedOut.clear());

/** Starts a payment, and gives its token once it was handed out. */
async function startPayment({ start }: Bench) {
  const runId = await start("payment");
  const [token = ""] = await vi.waitUntil(() => handedOut.get(runId), PATIENCE);
  return { runId, token };
}

async function ended({ get }: Bench, runId: string) {
  return await readJson(RunDetail, get(`/runs/${runId}?wait=5s`));
}

describe("a callback", () => {
  test("that is completed gives the workflow the result", async () => {
    const bench = openBench([payment]);
    const { runId, token } = await startPayment(bench);
    const response = await bench.post(`/callbacks/${token}`, { result: { cents: 4_200 } });
    expect(response.status).toBe(202);
    expect(await readJson(CallbackCompleted, response)).toEqual({ runId, callback: "paid", stored: true });
    expect(await ended(bench, runId)).toMatchObject({ result: { cents: 4_200 } });
  });

  test("that is completed with an error makes the wait fail, with what was reported as its cause", async () => {
    const bench = openBench([payment]);
    const { runId, token } = await startPayment(bench);
    const error = { name: "Declined", message: "no cover", code: "51" };
    expect((await bench.post(`/callbacks/${token}`, { error })).status).toBe(202);
    const run = await ended(bench, runId);
    expect(run).toMatchObject({ status: "failed", error: { code: "E_CALLBACK_FAILED" } });
    expect(run.error?.message).toContain("no cover");
  });

  test("counts once: the same completion is answered again, another one is refused", async () => {
    const bench = openBench([payment], { works: true });
    const { runId, token } = await startPayment(bench);
    const path = `/callbacks/${token}`;
    await bench.post(path, { result: { cents: 1 } });
    await ended(bench, runId);
    const again = await readJson(CallbackCompleted, bench.post(path, { result: { cents: 1 } }));
    expect(again.stored).toBe(false);
    for (const other of [{ result: { cents: 2 } }, { error: { message: "no" } }]) {
      expect(await problemOf(await bench.post(path, other))).toMatchObject({
        status: 409,
        code: "E_CALLBACK_COMPLETED",
      });
    }
    expect(await problemOf(await bench.post(`${path}/heartbeat`))).toMatchObject({ status: 409 });
  });

  test("with an error counts once, and errors are told apart by name, message and code", async () => {
    const bench = openBench([payment]);
    const { runId, token } = await startPayment(bench);
    const path = `/callbacks/${token}`;
    const error = { name: "Declined", message: "no \ud83d", code: "51" };
    await bench.post(path, { error });
    await ended(bench, runId);
    expect(await readJson(CallbackCompleted, bench.post(path, { error }))).toMatchObject({ stored: false });
    for (const other of [{ name: "Lost" }, { message: "yes" }, { code: "52" }]) {
      const answer = await bench.post(path, { error: { ...error, ...other } });
      expect(await problemOf(answer)).toMatchObject({ status: 409, code: "E_CALLBACK_COMPLETED" });
    }
  });

  test("of a run that has been ended is gone", async () => {
    const bench = openBench([payment]);
    const { runId, token } = await startPayment(bench);
    await bench.post(`/runs/${runId}/terminate`);
    for (const path of [`/callbacks/${token}`, `/callbacks/${token}/heartbeat`]) {
      const body = path.endsWith("heartbeat") ? {} : { result: 1 };
      expect(await problemOf(await bench.post(path, body))).toMatchObject({
        status: 410,
        code: "E_CALLBACK_CLOSED",
      });
    }
  });

  test("takes signs of life", async () => {
    const bench = openBench([payment]);
    const { token } = await startPayment(bench);
    const response = await bench.app.request(`/callbacks/${token}/heartbeat`, { method: "POST" });
    expect(response.status).toBe(202);
    expect(await readJson(HeartbeatAccepted, response)).toEqual({ heard: true });
  });

  test.each([
    ["neither a result nor an error", {}],
    ["both", { result: 1, error: { message: "no" } }],
    ["an error without a message", { error: {} }],
  ])("is not completed with %s", async (_what, body) => {
    const bench = openBench([payment]);
    const { runId, token } = await startPayment(bench);
    expect(await problemOf(await bench.post(`/callbacks/${token}`, body))).toMatchObject({
      status: 422,
      code: "E_INVALID_INPUT",
    });
    await bench.post(`/callbacks/${token}`, { result: { cents: 1 } });
    expect(await ended(bench, runId)).toMatchObject({ status: "succeeded" });
  });

  test("is not found by a token that was made up, cut, or is an approval's", async () => {
    const bench = openBench([payment, refund]);
    const { token } = await startPayment(bench);
    const runId = await bench.start("refund", 60_000);
    const [link = ""] = await vi.waitUntil(() => handedOut.get(runId), PATIENCE);
    const approval = link.slice(link.lastIndexOf("/") + 1);
    for (const wrong of ["cb_nix", token.slice(0, -1), `${token.slice(0, -1)}%20`, approval]) {
      const problem = await problemOf(await bench.post(`/callbacks/${wrong}`, { result: 1 }));
      expect(problem).toMatchObject({ status: 404, code: "E_CALLBACK_NOT_FOUND" });
    }
  });

  test("never shows its token: not in answers, the journal, or the log of a fault", async () => {
    const bench = openBench([payment]);
    const { runId, token } = await startPayment(bench);
    const secret = token.slice(token.indexOf(".") + 1);
    const completed = await (await bench.post(`/callbacks/${token}`, { result: { cents: 1 } })).text();
    await ended(bench, runId);
    const shown = await Promise.all(
      [`/runs/${runId}`, `/runs/${runId}/journal`, "/runs"].map(async (path) =>
        (await bench.get(path)).text(),
      ),
    );
    for (const text of [completed, ...shown]) expect(text).not.toContain(secret);

    vi.spyOn(bench.engine.ports.store.journal, "fact").mockRejectedValue(new Error("the store is down"));
    expect((await bench.post(`/callbacks/${token}`, { result: 1 })).status).toBe(500);
    const logged = bench.logLines.join("\n");
    expect(logged).toContain("the store is down");
    expect(logged).not.toContain(secret);
  });
});
