// Bad input never reaches a workflow: each of these is refused with a problem that names the fault, and nothing is
// written to the store, the blobs or the queues.
import { describe, expect, test } from "vitest";
import { MAX_ISSUES, MAX_VALUE_BYTES } from "../../lib/limits.ts";
import type { ErrorCode } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { type Bench, openBench, problemOf } from "./bench.ts";
import { approve, greet } from "./samples.ts";

const RUNS = "/workflows/greet/runs";
const LONG = "x".repeat(129);
const input = { who: "Ada" };

interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  /** Paths of all issues. */
  readonly paths?: readonly string[];
}
type Send = (bench: Bench, runId: string) => Promise<Response> | Response;

const malformed = (status = 400): Refusal => ({ status, code: "E_MALFORMED_JSON" });
const badBody = (...paths: string[]): Refusal => ({ status: 422, code: "E_INVALID_INPUT", paths });
const badOption = (...paths: string[]): Refusal => ({ status: 400, code: "E_BAD_OPTION", paths });

const bodies: Record<string, readonly [Send, Refusal]> = {
  "an empty body": [({ post }) => post(RUNS, ""), malformed()],
  "a body that is not JSON": [({ post }) => post(RUNS, "{'input': 1}"), malformed()],
  "a body that ends early": [({ post }) => post(RUNS, '{"input": {"who": "A'), malformed()],
  "a body that is not UTF-8": [({ app }) => sendBytes(app, Uint8Array.of(0x22, 0xff, 0x22)), malformed()],
  "no content type": [({ app }) => app.request(RUNS, { method: "POST" }), malformed(415)],
  "the content type of a form": [
    ({ post }) => post(RUNS, "input=1", { "content-type": "application/x-www-form-urlencoded" }),
    malformed(415),
  ],
  "JSON that calls itself text": [
    ({ post }) => post(RUNS, { input }, { "content-type": "text/plain" }),
    malformed(415),
  ],
  "another charset": [
    ({ post }) => post(RUNS, { input }, { "content-type": "application/json; charset=latin1" }),
    malformed(415),
  ],
  "a body that is a list": [({ post }) => post(RUNS, [input]), badBody("")],
  "a body that is an empty list": [({ post }) => post(RUNS, []), badBody("")],
  "a body that is text": [({ post }) => post("/workflows/approve/runs", '"input"'), badBody("")],
  "a body that is null": [({ post }) => post(RUNS, "null"), badBody("")],
  "a field that is not known": [({ post }) => post(RUNS, { input, priority: 1 }), badBody("/priority")],
  "a run id that is a number": [({ post }) => post(RUNS, { input, runId: 7 }), badBody("/runId")],
  "a run id with a slash": [({ post }) => post(RUNS, { input, runId: "a/b" }), badBody("/runId")],
  "a run id that is a folder to URLs": [({ post }) => post(RUNS, { input, runId: ".." }), badBody("/runId")],
  "a run id that is too long": [({ post }) => post(RUNS, { input, runId: LONG }), badBody("/runId")],
  "an input that does not fit its schema": [
    ({ post }) => post(RUNS, { input: { who: 1 } }),
    badBody("/input/who"),
  ],
  "no input where one is asked for": [({ post }) => post(RUNS, {}), badBody("/input")],
  "an input nested too deep": [
    ({ post }) => post("/workflows/approve/runs", `{"input":${"[".repeat(300)}${"]".repeat(300)}}`),
    { status: 422, code: "E_NOT_SERIALIZABLE" },
  ],
  "a body nested a million deep": [
    ({ post }) => post("/workflows/approve/runs", `{"input":${"[".repeat(1e6)}${"]".repeat(1e6)}}`),
    { status: 422, code: "E_NOT_SERIALIZABLE" },
  ],
  "a body that is too large": [
    ({ post }) => post(RUNS, { input: { who: "x".repeat(MAX_VALUE_BYTES) } }),
    { status: 413, code: "E_BODY_TOO_LARGE" },
  ],
  "a body that is larger than its content-length": [
    ({ post }) => post(RUNS, { input: { who: "x".repeat(MAX_VALUE_BYTES) } }, { "content-length": "10" }),
    { status: 413, code: "E_BODY_TOO_LARGE" },
  ],
  "a content-length that is too large": [
    ({ post }) => post(RUNS, { input }, { "content-length": String(MAX_VALUE_BYTES + 1) }),
    { status: 413, code: "E_BODY_TOO_LARGE" },
  ],
  "an idempotency key that is too long": [
    ({ post }) => post(RUNS, { input }, { "idempotency-key": LONG }),
    badOption(),
  ],
  "an empty idempotency key": [({ post }) => post(RUNS, { input }, { "idempotency-key": "" }), badOption()],
  "a run id beside an idempotency key": [
    ({ post }) => post(RUNS, { input, runId: "r" }, { "idempotency-key": "k" }),
    badOption(),
  ],
  "a signal whose payload does not fit": [
    ({ post }, runId) => post(`/runs/${runId}/signals/decided`, { payload: { ok: "yes" } }),
    badBody("/payload/ok"),
  ],
  "a signal with a field that is not known": [
    ({ post }, runId) => post(`/runs/${runId}/signals/decided`, { value: 1 }),
    badBody("/value"),
  ],
  "a signal without JSON": [
    ({ app }, runId) => app.request(`/runs/${runId}/signals/decided`, { method: "POST" }),
    malformed(415),
  ],
  "a signal whose name cannot be one": [
    ({ post }, runId) => post(`/runs/${runId}/signals/a%23b`, {}),
    { status: 400, code: "E_BAD_NAME" },
  ],
  "a signal whose name is too long": [
    ({ post }, runId) => post(`/runs/${runId}/signals/${LONG}`, {}),
    badOption("/name"),
  ],
  "a signal whose key is too long": [
    ({ post }, runId) =>
      post(`/runs/${runId}/signals/decided`, { payload: { ok: true } }, { "idempotency-key": LONG }),
    badOption(),
  ],
  "a signal whose name is a broken percent-encoding": [
    ({ post }, runId) => post(`/runs/${runId}/signals/%E0%A4%A`, {}),
    badOption(),
  ],
  "a signal nested too deep for its schema": [
    ({ post }, runId) =>
      post(`/runs/${runId}/signals/grown`, `{"payload":${"[".repeat(1e6)}${"]".repeat(1e6)}}`),
    { status: 422, code: "E_NOT_SERIALIZABLE" },
  ],
  ...Object.fromEntries(
    Object.entries({
      "half of a character": "\ud83d",
      "a number with more digits than a table keeps": 2 ** 53,
      "a large number below nothing": -1e200,
      "a number that a table takes for 0": 1e-200,
    }).map(([what, value]) => [
      `an attribute that is ${what}`,
      [({ post }: Bench) => post(RUNS, { input, attributes: { value } }), badOption()] as const,
    ]),
  ),
  "a retry with a field that is not known": [
    ({ post }, runId) => post(`/runs/${runId}/retry`, { form: "x" }),
    badBody("/form"),
  ],
  "a retry by another site's page, which cannot name the content type": [
    ({ app }, runId) =>
      app.request(`/runs/${runId}/retry`, {
        method: "POST",
        headers: { origin: "https://elsewhere.example" },
      }),
    malformed(415),
  ],
};

const addresses: Record<string, readonly [string, Refusal]> = {
  "a route that does not exist": ["GET /nix", { status: 404, code: "E_NOT_FOUND" }],
  "a slash too many": ["GET /runs/", { status: 404, code: "E_NOT_FOUND" }],
  "a method that a route does not take": ["DELETE /runs", { status: 405, code: "E_NOT_FOUND" }],
  "a question of another site": ["OPTIONS /runs", { status: 405, code: "E_NOT_FOUND" }],
  "a broken percent-encoding": ["GET /runs/%E0%A4%A", badOption()],
  "a run id that cannot be one": ["GET /runs/a%20b", badOption("/runId")],
  "a run id that is too long": [`GET /runs/${LONG}`, badOption("/runId")],
  "a run that does not exist": ["GET /runs/nix", { status: 404, code: "E_RUN_NOT_FOUND" }],
  "the journal of no run": ["GET /runs/nix/journal", { status: 404, code: "E_RUN_NOT_FOUND" }],
  "the events of no run": ["GET /runs/nix/events", { status: 404, code: "E_RUN_NOT_FOUND" }],
  "a wait that is no duration": ["GET /runs/RUN?wait=soon", badOption("/wait")],
  "a wait below nothing": ["GET /runs/RUN?wait=-1s", badOption("/wait")],
  "a query that is not known": ["GET /runs/RUN?verbose=1", badOption("/verbose")],
  "a query where there is none": ["GET /health?verbose=1", badOption("/verbose")],
  "a query given twice": ["GET /runs/RUN?wait=1s&wait=2s", badOption("/wait")],
  "a position that is no number": ["GET /runs/RUN/journal?after=x", badOption("/after")],
  "a position below nothing": ["GET /runs/RUN/journal?after=-1", badOption("/after")],
  "a page of nothing": ["GET /runs/RUN/journal?limit=0", badOption("/limit")],
  "a page of everything": ["GET /runs/RUN/journal?limit=1001", badOption("/limit")],
  "a list of everything": ["GET /runs?limit=101", badOption("/limit")],
  "a status that is none": ["GET /runs?status=done", badOption("/status/0")],
  "one status of several that is none": ["GET /runs?status=failed,done", badOption("/status/1")],
  "a time that is none": ["GET /runs?from=yesterday", badOption("/from")],
  "a day that does not exist": ["GET /runs?to=2026-13-45", badOption("/to")],
  "several faults at once": ["GET /runs?limit=0&from=x&foo=1", badOption("/from", "/limit", "/foo")],
  "a cursor that no list gave": ["GET /runs?cursor=abc", { status: 422, code: "E_INVALID_INPUT" }],
};

describe("refused, with nothing written", () => {
  for (const [what, [send, refusal]] of Object.entries(bodies)) {
    test(what, async () => await expectRefusal(send, refusal));
  }
  for (const [what, [address, refusal]] of Object.entries(addresses)) {
    const [method = "", path = ""] = address.split(" ");
    test(what, async () => {
      await expectRefusal(
        async ({ app }, runId) => await app.request(path.replace("RUN", runId), { method }),
        refusal,
      );
    });
  }

  test("an unknown workflow", async () => {
    await expectRefusal(({ post }) => post("/workflows/nix/runs", {}), {
      status: 404,
      code: "E_UNKNOWN_WORKFLOW",
    });
  });

  test("a wrong method names the right ones", async () => {
    const response = await openBench([]).app.request("/runs", { method: "PUT" });
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });
});

test("a reason with half of a character is kept as what a table takes", async () => {
  const { post, start, engine } = openBench([approve], { works: false });
  const runId = await start("approve");
  await post(`/runs/${runId}/cancel`, { reason: "no \ud83d" });
  expect(await engine.ports.store.journal.fact(runId, "cancel")).toMatchObject({ reason: "no \ufffd" });
});

describe("however much is wrong, what is told stays short", () => {
  const huge = "y".repeat(100_000);
  const cases: Record<string, Send> = {
    "an input that its schema quotes": ({ post }) => post(RUNS, { input: huge }),
    "a payload that its schema quotes": ({ post }, runId) =>
      post(`/runs/${runId}/signals/decided`, { payload: { ok: huge } }),
    "a payload of a signal that starts a run": ({ post }) =>
      post("/workflows/approve/signals/decided", { runId: "new", payload: huge }),
    "an input that the key of a limit quotes": ({ post }) => post("/workflows/sorted/runs", { input: huge }),
    "an input whose place has a long name": ({ post }) => post(RUNS, { input, attributes: { [huge]: null } }),
    "a value that is wrong in 10,000 places": ({ post }, runId) =>
      post(`/runs/${runId}/signals/grown`, { payload: Array.from({ length: 10_000 }, () => 1) }),
    "a body that is wrong in 10,000 places": ({ post }) =>
      post(RUNS, { input, attributes: Array.from({ length: 10_000 }, () => null) }),
  };
  const sorted = workflow(
    "sorted",
    {
      concurrency: {
        limit: 1,
        key: (sent) => {
          throw new Error(`nobody knows ${String(sent)}`);
        },
      },
    },
    async () => null,
  );
  test.each(Object.entries(cases))("%s", async (_, send) => {
    const bench = openBench([greet, approve, sorted], { works: false });
    const problem = await problemOf(await send(bench, await bench.start("approve")));
    expect(problem.code).toBe("E_INVALID_INPUT");
    expect(problem.detail.length).toBeLessThan(8_000);
    expect(problem.issues?.length ?? 0).toBeLessThanOrEqual(MAX_ISSUES);
    expect(JSON.stringify(problem).length).toBeLessThan(100_000);
  });

  test("and says how many faults it leaves out", async () => {
    const { post } = openBench([greet]);
    const attributes = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`a${i}`, null]));
    const { detail, issues } = await problemOf(await post(RUNS, { input, attributes }));
    expect(issues).toHaveLength(12);
    expect(detail).toContain("; and 2 more.");
  });
});

async function expectRefusal(send: Send, { status, code, paths }: Refusal): Promise<void> {
  const bench = openBench([greet, approve], { works: false });
  const runId = await bench.start("approve");
  const before = [...bench.writes];
  const problem = await problemOf(await send(bench, runId));
  expect({ status: problem.status, code: problem.code }).toEqual({ status, code });
  if ((paths?.length ?? 0) > 0) expect(problem.issues?.map(({ path }) => path)).toEqual(paths);
  expect(bench.writes).toEqual(before);
}

async function sendBytes(app: Bench["app"], body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return await app.request(RUNS, { method: "POST", headers: { "content-type": "application/json" }, body });
}
