// `import { workflow } from "perdure"`: what a workflow author uses, and nothing else.
export type { Undone } from "../ports/journal.ts";
export type { Log } from "../ports/log.ts";
export type { AttributeChange, Attributes } from "../ports/run.ts";
export type { TransactionWrite, WriteRefusal } from "../ports/transaction.ts";
export type { Batch, BatchItem, BatchOptions, MapKey } from "./batch.ts";
export type { Approval, ApprovalOptions, ApprovalRequest, CallbackOptions, Submit } from "./callback.ts";
export type { ChildHandle, ChildOptions } from "./child.ts";
export type { Compensations, Context, SignalOptions, SignalSchemas } from "./context.ts";
export type { DurablePromise } from "./durable-promise.ts";
export type { Duration } from "./duration.ts";
export {
  BatchError,
  CallbackError,
  CancelledError,
  ChildRunError,
  ConditionError,
  type ErrorCode,
  PerdureError,
  StepError,
  TerminalError,
  TimeoutError,
  TransactionError,
} from "./errors.ts";
export type { LoopResult, Turn } from "./loop.ts";
export type { EmittedEvent } from "./outgoing.ts";
export { RetryableError } from "./retryable-error.ts";
export type { OverlapPolicy, Scheduled, ScheduleSpec, TimeGiven } from "./schedule.ts";
export type {
  Check,
  CompensateOptions,
  ConditionOptions,
  RetryPolicy,
  StepBody,
  StepContext,
  StepOptions,
  Undo,
} from "./step.ts";
export {
  type AnyWorkflow,
  type Workflow,
  type WorkflowBody,
  type WorkflowOptions,
  workflow,
} from "./workflow.ts";
