// Routes that take up a run that went wrong: going on with it, or with a new run that begins where it was. The old run's
// journal stays as it is.
import { forkRun, retryRun } from "../engine/index.ts";
import type { ErrorCode } from "../sdk/errors.ts";
import { RunSummary } from "./answers.ts";
import { placeFaults } from "./place-faults.ts";
import { ForkBody, RetryBody, RunPath } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";
import { summarizeRun } from "./run-view.ts";

const location = { Location: "Address of the run that goes on." };
/** The code that is deployed now does not go along what is kept. */
const CODE_FAULTS: readonly ErrorCode[] = ["E_NONDETERMINISM", "E_VERSION_UNSUPPORTED", "E_UNKNOWN_WORKFLOW"];

const retry = defineRoute({
  method: "POST",
  path: "/runs/{runId}/retry",
  id: "retryRun",
  summary:
    "Goes on after something was mended. A stalled run goes on itself; one that has ended without a result is taken up by a new run that keeps what succeeded.",
  params: RunPath,
  headers: ["Idempotency-Key"],
  body: RetryBody,
  isBodyOptional: true,
  answers: { 202: json(RunSummary, "The run that goes on: the same one, or a new one.", location) },
  faults: [
    "E_RUN_NOT_FOUND",
    "E_RUN_NOT_STALLED",
    "E_RUN_NOT_FAILED",
    "E_IDEMPOTENCY_CONFLICT",
    ...CODE_FAULTS,
  ],
  async handle({ params, body, c, api }) {
    const idempotencyKey = c.req.header("idempotency-key");
    const key = idempotencyKey === undefined ? {} : { idempotencyKey };
    const run = await retryRun(api.engine, { ...params, ...body, ...key });
    return c.json(summarizeRun(run), 202, { location: `/runs/${run.runId}` });
  },
});

const fork = defineRoute({
  method: "POST",
  path: "/runs/{runId}/fork",
  id: "forkRun",
  summary: "Starts a new run that begins with a part of this one's journal, with its own or other input.",
  params: RunPath,
  headers: ["Idempotency-Key"],
  body: ForkBody,
  answers: { 202: json(RunSummary, "The new run.", location) },
  faults: ["E_RUN_NOT_FOUND", "E_IDEMPOTENCY_CONFLICT", "E_TOO_LARGE", ...CODE_FAULTS],
  async handle({ params, body, c, api }) {
    const idempotencyKey = c.req.header("idempotency-key");
    const request = {
      ...params,
      after: body.after,
      ...("input" in body ? { input: { value: body.input } } : {}),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
    const run = await placeFaults("/input", () => forkRun(api.engine, request));
    return c.json(summarizeRun(run), 202, { location: `/runs/${run.runId}` });
  },
});

export const repairRoutes: readonly Route[] = [retry, fork];
