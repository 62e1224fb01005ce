// The user's own workflow, crashed at every point: once before and once after each call to the world outside the
// process. That is every crash there is, because between two calls nothing changes that outlives the process.
import type { SignalSchemas } from "../sdk/context.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkKeys } from "../sdk/options.ts";
import type { Workflow } from "../sdk/workflow.ts";
import { sampledPairs, singleCrashes } from "./crash-plan.ts";
import { type CrashReport, crashReport } from "./crash-report.ts";
import { type CrashRun, crashRun } from "./crash-run.ts";
import { EXPLORE_OPTIONS, type ExploreOptions } from "./explore-options.ts";

/** Calls of one run: above, a workflow has thousands of crash points, and a smaller input shows the same. */
const MAX_CALLS = 5_000;

/**
 * Runs a workflow once without a crash, then once for each crash point, each time in an environment of its own, and
 * reports which steps ran twice and whether a crash changed what the run came to.
 *
 * @example
 * const report = await exploreCrashes(order, anOrder, {
 *   during: (run) => run.signal("approved", { by: "grace" }),
 *   reset: () => shop.clear(),
 *   observe: () => shop.payments,
 * });
 * expect(report.ok, report.text).toBe(true);
 * @throws E_BAD_OPTION; an Error when the run does not end without a crash either
 */
export async function exploreCrashes<Input, Output, Signals extends SignalSchemas, Sent>(
  workflow: Workflow<Input, Output, Signals, Sent>,
  input: Sent,
  options: ExploreOptions<Output, Signals> = {},
): Promise<CrashReport> {
  checkKeys("exploreCrashes", options, EXPLORE_OPTIONS);
  const pairs = checkCount("pairs", options.pairs ?? 0);
  const seed = checkCount("seed", options.seed ?? 1);
  const subject = { workflow, input, options };
  const calm = await crashRun(subject, []);
  if ("never" in calm.ended) {
    const what = `Workflow "${workflow.name}" does not end without a crash either`;
    throw new Error(`${what}: ${calm.ended.never} Act on the run in the option during.`);
  }
  if (calm.calls.length > MAX_CALLS) {
    const what = `The run makes ${calm.calls.length} calls; exploreCrashes crashes at most ${MAX_CALLS}`;
    throw new PerdureError("E_BAD_OPTION", `${what}, so give it a smaller input.`);
  }
  const crashed: CrashRun[] = [];
  const { length: calls } = calm.calls;
  for (const plan of [...singleCrashes(calls), ...sampledPairs(calls, pairs, seed)])
    crashed.push(await crashRun(subject, plan));
  return crashReport(workflow.name, calm, crashed);
}

function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new PerdureError("E_BAD_OPTION", `${name} of exploreCrashes is ${value}; it must be a whole number.`);
}
