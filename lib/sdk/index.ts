// `import { workflow } from "perdure"`: what a workflow author uses, and nothing else.
export type { Log } from "../ports/log.ts";
export type { Context, SignalOptions, SignalSchemas } from "./context.ts";
export type { Duration } from "./duration.ts";
export {
  type ErrorCode,
  PerdureError,
  RetryableError,
  StepError,
  TerminalError,
  TimeoutError,
} from "./errors.ts";
export type { RetryPolicy, StepBody, StepContext, StepOptions } from "./step.ts";
export {
  type AnyWorkflow,
  type Workflow,
  type WorkflowBody,
  type WorkflowOptions,
  workflow,
} from "./workflow.ts";
