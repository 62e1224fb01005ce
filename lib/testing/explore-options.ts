// What a user tells the crash explorer about the world around a workflow.
import type { SignalSchemas } from "../sdk/context.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import type { StepMock } from "./step-mock.ts";
import type { TestEnvironment, TestEnvironmentOptions } from "./test-environment.ts";
import type { TestRun } from "./test-run.ts";

export interface ExploreOptions<Output = unknown, Signals extends SignalSchemas = SignalSchemas> {
  /** Acts from outside while the run is under way: sends signals, lets time pass. Called once in every run. */
  readonly during?: (run: TestRun<Output, Signals>, environment: TestEnvironment) => Promise<void>;
  /** What the outside world looks like after a run: rows, calls received. Compared with that of the run without crashes. */
  readonly observe?: () => unknown;
  /** Empties the outside world; called before every run. */
  readonly reset?: () => unknown;
  /** The part of the result that no crash may change; leave out what tells the time. @default - all of it */
  readonly compare?: (result: Output) => unknown;
  /** Stand-ins for bodies, by the step's name. */
  readonly mocks?: Readonly<Record<string, StepMock>>;
  /** Runs with two crashes, at sampled places. @default 0 */
  readonly pairs?: number;
  /** Decides which pairs: another seed, other pairs. @default 1 */
  readonly seed?: number;
  /** Other workflows that have to be there. */
  readonly workflows?: readonly AnyWorkflow[];
  /** Of the environment of each run. */
  readonly environment?: Omit<TestEnvironmentOptions, "workflows">;
}

export const EXPLORE_OPTIONS: readonly (keyof ExploreOptions)[] = [
  "during",
  "observe",
  "reset",
  "compare",
  "mocks",
  "pairs",
  "seed",
  "workflows",
  "environment",
];
