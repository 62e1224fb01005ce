// Routes about runs: finding them, reading one, and acting on it from outside.
import { ownWorkflows, sendSignal } from "../engine/index.ts";
import { LIST_PAGE } from "../limits.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { RunDetail, RunList, SignalAccepted } from "./answers.ts";
import { findRun } from "./find-run.ts";
import { looks } from "./looks.ts";
import { placeFaults } from "./place-faults.ts";
import { ListQuery, RunPath, RunQuery, SignalBody, SignalPath, waitMsOf } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";
import { describeRun, summarizeRun } from "./run-view.ts";

const list = defineRoute({
  method: "GET",
  path: "/runs",
  id: "listRuns",
  summary: "Runs, newest first.",
  query: ListQuery,
  answers: { 200: json(RunList, "One page.") },
  faults: ["E_INVALID_INPUT"],
  async handle({ query, c, api }) {
    const { workflow, status, from, to, attr, limit = LIST_PAGE.default, cursor } = query;
    const { registry, ports } = api.engine;
    const page = await ports.store.index.list({
      workflows: workflow === undefined ? ownWorkflows(registry).map(({ name }) => name) : [workflow],
      ...(status === undefined ? {} : { statuses: status }),
      ...(from === undefined ? {} : { from: Date.parse(from) }),
      ...(to === undefined ? {} : { to: Date.parse(to) }),
      ...(attr === undefined ? {} : { attributes: attr }),
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const more = page.cursor === undefined ? {} : { cursor: page.cursor };
    return c.json({ runs: page.runs.map(summarizeRun), ...more });
  },
});

const read = defineRoute({
  method: "GET",
  path: "/runs/{runId}",
  id: "readRun",
  summary:
    "One run. With `wait`, the answer comes when the run is closed or stalled, or when the time is up.",
  params: RunPath,
  query: RunQuery,
  answers: { 200: json(RunDetail, "The run as it stands.") },
  faults: ["E_RUN_NOT_FOUND"],
  async handle({ params, query, c, api }) {
    const { engine, pollEveryMs } = api;
    const waitMs = waitMsOf(query.wait);
    const { signal } = c.req.raw;
    let run = await findRun(engine, params.runId);
    for await (const look of looks({ clock: engine.ports.clock, waitMs, pollEveryMs, signal })) {
      if (isSettled(run) || look.isLast) break;
      run = await findRun(engine, params.runId);
    }
    return c.json(await describeRun(engine, run));
  },
});

const signal = defineRoute({
  method: "POST",
  path: "/runs/{runId}/signals/{name}",
  id: "sendSignal",
  summary: "Sends a signal; it is kept until the workflow asks for it.",
  params: SignalPath,
  headers: ["Idempotency-Key"],
  body: SignalBody,
  answers: { 202: json(SignalAccepted, "The signal is stored.") },
  faults: [
    "E_RUN_NOT_FOUND",
    "E_RUN_CLOSED",
    "E_IDEMPOTENCY_CONFLICT",
    "E_BAD_NAME",
    "E_BAD_OPTION",
    "E_NOT_SERIALIZABLE",
    "E_TOO_LARGE",
  ],
  async handle({ params, body, c, api }) {
    const idempotencyKey = c.req.header("idempotency-key");
    const { runId, name } = params;
    const key = idempotencyKey === undefined ? {} : { idempotencyKey };
    const request = { runId, name, payload: body.payload, ...key };
    const { stored } = await placeFaults("/payload", () => sendSignal(api.engine, request));
    return c.json({ runId, signal: name, stored }, 202);
  },
});

/** Nothing more will happen by itself. */
function isSettled({ status }: Run): boolean {
  return isClosed(status) || status === "stalled";
}

export const runRoutes: readonly Route[] = [list, read, signal];
