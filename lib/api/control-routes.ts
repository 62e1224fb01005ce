// Routes of operators: ending a run, holding it and letting it go again.
import { cancelRun, pauseRun, resumeRun, terminateRun } from "../engine/index.ts";
import { RunSummary } from "./answers.ts";
import { EndBody, NoBody, RunPath } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";
import { summarizeRun } from "./run-view.ts";

const cancel = defineRoute({
  method: "POST",
  path: "/runs/{runId}/cancel",
  id: "cancelRun",
  summary:
    "Asks a run to end: its open calls reject, it cleans up, what it has done is undone. Asking again changes nothing.",
  params: RunPath,
  body: EndBody,
  isBodyOptional: true,
  answers: { 202: json(RunSummary, "The run has been asked.") },
  faults: ["E_RUN_NOT_FOUND", "E_RUN_CLOSED"],
  async handle({ params, body, c, api }) {
    return c.json(summarizeRun(await cancelRun(api.engine, { ...params, ...body })), 202);
  },
});

const terminate = defineRoute({
  method: "POST",
  path: "/runs/{runId}/terminate",
  id: "terminateRun",
  summary: "Ends a run at once, whatever its state, without a word to its code: nothing is undone.",
  params: RunPath,
  body: EndBody,
  isBodyOptional: true,
  answers: { 202: json(RunSummary, "The run as it stands, which is closed unless its owner was quicker.") },
  faults: ["E_RUN_NOT_FOUND", "E_RUN_CLOSED"],
  async handle({ params, body, c, api }) {
    return c.json(summarizeRun(await terminateRun(api.engine, { ...params, ...body })), 202);
  },
});

const pause = defineRoute({
  method: "POST",
  path: "/runs/{runId}/pause",
  id: "pauseRun",
  summary:
    "Holds a run: its timers, signals and callbacks are kept until it is resumed. Pausing again changes nothing.",
  params: RunPath,
  body: NoBody,
  isBodyOptional: true,
  answers: { 202: json(RunSummary, "The run is held; one at work goes on to where it can leave.") },
  faults: ["E_RUN_NOT_FOUND", "E_RUN_CLOSED", "E_RUN_STALLED"],
  async handle({ params, c, api }) {
    return c.json(summarizeRun(await pauseRun(api.engine, params.runId)), 202);
  },
});

const resume = defineRoute({
  method: "POST",
  path: "/runs/{runId}/resume",
  id: "resumeRun",
  summary: "Lets a paused run go on with what has come meanwhile.",
  params: RunPath,
  body: NoBody,
  isBodyOptional: true,
  answers: { 202: json(RunSummary, "The run goes on.") },
  faults: ["E_RUN_NOT_FOUND", "E_RUN_NOT_PAUSED"],
  async handle({ params, c, api }) {
    return c.json(summarizeRun(await resumeRun(api.engine, params.runId)), 202);
  },
});

export const controlRoutes: readonly Route[] = [cancel, terminate, pause, resume];
