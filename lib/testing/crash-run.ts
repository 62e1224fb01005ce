// One run of the user's workflow in an environment of its own, with the crashes of a plan: what it came to, what the
// outside world looks like afterwards, and which bodies ran. Judges nothing; crash-report.ts compares.
import { isTerminal } from "../ports/journal.ts";
import { isClosed, type RunStatus } from "../ports/run.ts";
import type { SignalSchemas } from "../sdk/context.ts";
import type { Workflow } from "../sdk/workflow.ts";
import type { CrashPoint, PlannedCrash } from "./crash-plan.ts";
import type { ExploreOptions } from "./explore-options.ts";
import type { Fate } from "./port-call.ts";
import type { BodyStart } from "./step-bodies.ts";
import { WatchedEnvironment } from "./test-environment.ts";

/** How a run ended, as far as it is compared. */
export type Ended =
  | { readonly status: RunStatus; readonly result: unknown }
  | { readonly status: RunStatus; readonly error: { readonly name: string; readonly message: string } };

export interface BodyRun extends BodyStart {
  /** The step's result was in the journal already: it should never have run. */
  readonly wasRecorded: boolean;
}

export interface CrashRun {
  /** Those of the plan that it came to. */
  readonly crashes: readonly CrashPoint[];
  readonly ended: Ended | { readonly never: string };
  /** What `observe` gave. */
  readonly observation: unknown;
  readonly bodies: readonly BodyRun[];
  /** Names of the calls to ports, in order. */
  readonly calls: readonly string[];
}

/** The subject: one workflow with one input. */
export interface Subject<Output, Signals extends SignalSchemas> {
  // biome-ignore lint/suspicious/noExplicitAny: what the input becomes is between the workflow and its schema
  readonly workflow: Workflow<any, Output, Signals, any>;
  readonly input: unknown;
  readonly options: ExploreOptions<Output, Signals>;
}

export async function crashRun<Output, Signals extends SignalSchemas>(
  { workflow, input, options }: Subject<Output, Signals>,
  plan: readonly PlannedCrash[],
): Promise<CrashRun> {
  await options.reset?.();
  const bodies: Promise<BodyRun>[] = [];
  const environment = new WatchedEnvironment(
    { workflows: [workflow, ...(options.workflows ?? [])], ...options.environment },
    (start) => bodies.push(withRecord(environment, start)),
  );
  for (const [step, mock] of Object.entries(options.mocks ?? {})) environment.mockStep(workflow, step, mock);
  const calls: string[] = [];
  environment.lab.watch = ({ port, method, count }) => {
    calls.push(`${port}.${method}`);
    return fateAt(plan, count);
  };
  const run = await environment.start(workflow, input, { idempotencyKey: "explored" });
  let ended: CrashRun["ended"];
  try {
    await options.during?.(run, environment);
    ended = await endOf(environment, run.runId, options.compare);
  } catch (error) {
    ended = { never: error instanceof Error ? error.message : String(error) };
  }
  const observation = structuredClone(await options.observe?.());
  const crashes = plan.flatMap((crash) => {
    const name = calls[crash.call - 1];
    return name === undefined ? [] : [{ ...crash, name }];
  });
  return { crashes, ended, observation, bodies: await Promise.all(bodies), calls };
}

function fateAt(plan: readonly PlannedCrash[], count: number): Fate {
  const point = plan.find(({ call }) => call === count);
  return point === undefined ? "go on" : `die ${point.when}`;
}

/** @throws when the run never ends */
async function endOf<Output>(
  { lab }: WatchedEnvironment,
  runId: string,
  compare: ((result: Output) => unknown) | undefined,
): Promise<Ended> {
  let result: unknown;
  let thrown: { readonly error: unknown } | undefined;
  try {
    result = await lab.result(runId);
  } catch (error) {
    thrown = { error };
  }
  const { status } = await lab.run(runId);
  if (thrown === undefined)
    return { status, result: compare === undefined ? result : compare(result as Output) };
  if (!isClosed(status)) throw thrown.error;
  const { name, message } = thrown.error instanceof Error ? thrown.error : new Error(String(thrown.error));
  return { status, error: { name, message } };
}

/** The journal is read at the moment of the call, before anybody can append to it. */
async function withRecord({ lab }: WatchedEnvironment, start: BodyStart): Promise<BodyRun> {
  const entries = await lab.entries(start.runId);
  const wasRecorded = entries.some(
    (entry) =>
      isTerminal(entry) ||
      ((entry.type === "step.succeeded" || entry.type === "step.failed") && entry.id === start.step),
  );
  return Object.assign(start, { wasRecorded });
}
