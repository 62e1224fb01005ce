// Random requests made from the app's own OpenAPI document, without Python: each answer is one that the document shows,
// no request is a fault of ours, and one that is refused has written nothing. `npm run fuzz` does more of it.
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { Problem } from "../../lib/api/problem.ts";
import { tokensOf } from "../../lib/engine/tokens.ts";
import { openBench } from "../api/bench.ts";
import { approve, astray, exotic, fail, greet, patient } from "../api/samples.ts";
import { describedIn, requestOf } from "./requests.ts";

const RUNS_PER_ROUTE = 250;
const MAX_BATCHES = 50;
const WORKFLOWS = [greet, approve, astray, exotic, fail, patient];
const FOUND_BY_THE_STORE: ReadonlySet<string> = new Set(["revive", "pause", "resume"]);
const ROUTES = [
  "GET /runs",
  "GET /runs/{runId}",
  "GET /runs/{runId}/journal",
  "GET /runs/{runId}/journal/saved",
  "GET /runs/{runId}/events",
  "POST /runs/{runId}/signals/{name}",
  "POST /runs/{runId}/retry",
  "POST /runs/{runId}/fork",
  "POST /runs/{runId}/cancel",
  "POST /runs/{runId}/terminate",
  "POST /runs/{runId}/pause",
  "POST /runs/{runId}/resume",
  "POST /workflows/{workflow}/signals/{name}",
  "POST /callbacks/{token}",
  "POST /callbacks/{token}/heartbeat",
  "GET /approvals/{token}",
  "POST /approvals/{token}",
  "POST /workflows/{workflow}/runs",
  "GET /workflows",
  "GET /schedules",
  "POST /schedules",
  "GET /schedules/{scheduleId}",
  "PUT /schedules/{scheduleId}",
  "DELETE /schedules/{scheduleId}",
  "POST /schedules/{scheduleId}/pause",
  "POST /schedules/{scheduleId}/resume",
  "POST /schedules/{scheduleId}/trigger",
  "POST /schedules/{scheduleId}/backfill",
  "GET /errors/{code}",
  "GET /health",
  "GET /openapi.json",
];

async function openDoor() {
  // Nobody works: what a request has written is then its own doing.
  const bench = openBench(WORKFLOWS, { works: false });
  const ids = await Promise.all(["approve", "exotic", "patient", "fail"].map((name) => bench.start(name)));
  const [stalled = "", waiting = "", ...paused] = ids;
  for (const runId of paused) await bench.post(`/runs/${runId}/pause`);
  for (const spec of [
    { id: "hourly", every: "1h" },
    { id: "once", at: "2100-01-01T00:00:00Z" },
  ])
    await bench.post("/schedules", { workflow: "exotic", ...spec });
  const tokens = tokensOf(bench.engine, waiting);
  const now = bench.engine.ports.clock.now();
  const reason = { code: "E_POISON", message: "for the test", at: now };
  await bench.engine.ports.store.runs.stall({
    runId: stalled,
    fence: 0,
    by: "onlooker",
    now,
    reason,
    sweepAt: now,
  });
  const document = JSON.parse(await (await bench.get("/openapi.json")).text());
  const known = {
    runId: [...ids, "run_none"],
    token: await Promise.all([
      tokens.mint({ callback: "paid" }),
      tokens.mint({ callback: "refund", decision: "approve" }),
      tokens.mint({ callback: "late", decision: "reject", expiresAt: now - 1 }),
    ]),
    workflow: WORKFLOWS.map(({ name }) => name),
    name: ["decided", "grown", "other"],
    scheduleId: ["hourly", "once", "none"],
    code: ["E_INTERNAL", "E_CORRUPT"],
  };
  return { bench, known, operations: describedIn(document) };
}

describe("any request is answered as the document says", () => {
  test("and every route of it is tried", async () => {
    const { operations } = await openDoor();
    expect(operations.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(ROUTES.toSorted());
  });

  test.each(ROUTES)("%s", async (route) => {
    const { bench, known, operations } = await openDoor();
    const operation = operations.find(({ method, path }) => `${method} ${path}` === route);
    if (operation === undefined) throw new Error(`the document has no ${route}`);
    const statuses = new Set<number>();
    const property = fc.asyncProperty(requestOf(operation, known), async ({ url, headers, body }) => {
      const before = bench.writes.length;
      // Long waits are shortened: what is tried is the request, not patience.
      const request = new Request(`http://localhost${url.replaceAll(/wait=\d+(s|m)\b/g, "wait=1ms")}`, {
        method: operation.method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const response = await bench.app.fetch(request);
      const text = await response.text();
      statuses.add(response.status);
      expect(response.status, text).toBeLessThan(500);
      // An encoded slash or a dot may lead to another route, or to none.
      const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
      if (response.status !== 404 && response.status !== 405) {
        const { content } = operation.responses[response.status] ?? {};
        expect(Object.keys(content ?? {}), `${response.status} ${text}`).toContain(type);
      }
      if (response.status < 400) return;
      if (type === "text/html") {
        expect(route).toContain("/approvals/");
      } else {
        expect(type).toBe("application/problem+json");
        const problem = v.parse(Problem, JSON.parse(text));
        expect(problem.status).toBe(response.status);
        expect(problem.detail.length).toBeLessThan(20_000);
      }
      // A conflict is found by the store's own conditions, and so is whether there is a run to retry, pause or resume.
      const tried = bench.writes.slice(before).filter((write) => !FOUND_BY_THE_STORE.has(write));
      if (response.status !== 409) expect(tried).toEqual([]);
      expect(Reflect.get({}, "polluted")).toBeUndefined();
    });
    // A test that only ever meets refusals would say little: what is random goes on until something is accepted.
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      await fc.assert(property, { numRuns: RUNS_PER_ROUTE });
      if ([...statuses].some((status) => status < 300)) break;
    }
    expect([...statuses].some((status) => status < 300)).toBe(true);
    expect(bench.logLines.filter((line) => line.includes("request failed"))).toEqual([]);
  });
});
