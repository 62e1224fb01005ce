// Routes about workflows: which there are, and starting a run of one.
import { ownWorkflows, signalWithStart, startRun } from "../engine/index.ts";
import { PerdureError } from "../sdk/errors.ts";
import { isReserved } from "../sdk/names.ts";
import { RunSummary, SignalledWithStart, WorkflowList } from "./answers.ts";
import { placeFaults } from "./place-faults.ts";
import { StartBody, StartingSignalBody, StartingSignalPath, WorkflowPath } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";
import { summarizeRun } from "./run-view.ts";

const location = { Location: "Address of the run." };

/** Runs of ours are started by other routes. */
function checkOwn(workflow: string): void {
  if (isReserved(workflow))
    throw new PerdureError("E_UNKNOWN_WORKFLOW", `There is no workflow "${workflow}".`);
}

const start = defineRoute({
  method: "POST",
  path: "/workflows/{workflow}/runs",
  id: "startRun",
  summary: "Starts a run.",
  params: WorkflowPath,
  headers: ["Idempotency-Key"],
  body: StartBody,
  answers: {
    201: json(RunSummary, "The run was started.", location),
    200: json(RunSummary, "The same start had come before; this is its run as it stands.", location),
  },
  faults: [
    "E_UNKNOWN_WORKFLOW",
    "E_IDEMPOTENCY_CONFLICT",
    "E_BAD_OPTION",
    "E_NOT_SERIALIZABLE",
    "E_TOO_LARGE",
  ],
  async handle({ params, body, c, api }) {
    checkOwn(params.workflow);
    const idempotencyKey = c.req.header("idempotency-key");
    const request = {
      workflow: params.workflow,
      input: body.input,
      ...(body.runId === undefined ? {} : { runId: body.runId }),
      ...(body.attributes === undefined ? {} : { attributes: body.attributes }),
      ...(body.startAt === undefined ? {} : { startAt: body.startAt }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
    const { created, run } = await placeFaults("/input", () => startRun(api.engine, request));
    return c.json(summarizeRun(run), created ? 201 : 200, { location: `/runs/${run.runId}` });
  },
});

const signal = defineRoute({
  method: "POST",
  path: "/workflows/{workflow}/signals/{name}",
  id: "signalWithStart",
  summary:
    "Sends a signal to a run, which is started first if it is not there. Can be repeated with the same key.",
  params: StartingSignalPath,
  headers: ["Idempotency-Key"],
  body: StartingSignalBody,
  answers: { 202: json(SignalledWithStart, "The signal is stored.", location) },
  faults: [
    "E_UNKNOWN_WORKFLOW",
    "E_RUN_CLOSED",
    "E_IDEMPOTENCY_CONFLICT",
    "E_BAD_NAME",
    "E_BAD_OPTION",
    "E_NOT_SERIALIZABLE",
    "E_TOO_LARGE",
  ],
  async handle({ params, body, c, api }) {
    const idempotencyKey = c.req.header("idempotency-key");
    const { workflow, name } = params;
    checkOwn(workflow);
    const { input, payload } = body;
    const { run, created, stored } = await signalWithStart(api.engine, {
      workflow,
      name,
      input,
      payload,
      ...(body.runId === undefined ? {} : { runId: body.runId }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    const { runId } = run;
    return c.json({ runId, signal: name, stored, started: created }, 202, { location: `/runs/${runId}` });
  },
});

const list = defineRoute({
  method: "GET",
  path: "/workflows",
  id: "listWorkflows",
  summary: "The workflows that are deployed.",
  answers: { 200: json(WorkflowList, "In order of their names.") },
  faults: [],
  async handle({ c, api }) {
    const workflows = ownWorkflows(api.engine.registry).map(
      ({ name, version, signalSchemas, timeoutMs }) => ({
        name,
        version,
        signals: Object.keys(signalSchemas),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    );
    return c.json({ workflows: workflows.toSorted((a, b) => (a.name < b.name ? -1 : 1)) });
  },
});

export const workflowRoutes: readonly Route[] = [start, signal, list];
