// A ctx call of the running code: what it asked for, and what the journal has said about it so far. Its state is
// derived from delivered entries alone, so that it is the same after every replay.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AttributeChange, ClosePolicy } from "../ports/run.ts";
import type { TransactionWrite } from "../ports/transaction.ts";
import type { ChildHandle } from "../sdk/child.ts";
import type { Check, StepContext } from "../sdk/step.ts";
import type { Encoded } from "./codec.ts";
import type { Backoff } from "./retry.ts";
import type { ScheduledStart } from "./schedules/verbs.ts";
import type { CheckedStart } from "./start-run.ts";

interface CallBase {
  /** The name within its scopes, with an occurrence number from the second one on: `charge`, `charge#2`, `ship/0/book`. */
  readonly id: string;
  /** The id, unique in all generations of the run (call-key.ts): what the outside keeps of the call goes by it. */
  readonly key: string;
  readonly name: string;
  /** The turn of the code in which it was made. */
  readonly turn: number;
  settled: boolean;
  /** The code, or the end of the run, no longer wants its result. What the journal still says of it is ignored. */
  withdrawn: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export type StepState =
  /** Attempt `attempt` may start at `notBefore` (epoch ms). */
  | {
      readonly at: "ready";
      readonly attempt: number;
      readonly notBefore: number;
      readonly lastError?: string;
    }
  /** At-most-once: the journal says that attempt `attempt` was about to start. */
  | { readonly at: "started"; readonly attempt: number; readonly seq: number }
  /** Attempt `attempt` was handed to a step handler by the entry at `seq`. */
  | { readonly at: "dispatched"; readonly attempt: number; readonly seq: number };

/** A step that is tried until its value satisfies: `waitForCondition`. */
export interface Polling {
  readonly until: (value: unknown) => boolean;
  readonly everyMs: number;
  readonly backoff: number;
  readonly maxMs: number;
  /** Infinity without a limit. */
  readonly maxChecks: number;
}

export interface StepCall extends CallBase {
  readonly kind: "step";
  readonly body: Check<unknown>;
  readonly backoff: Backoff;
  /** Of one attempt. */
  readonly timeoutMs: number | undefined;
  /** An attempt that says nothing for this long has failed. */
  readonly heartbeatTimeoutMs: number | undefined;
  /** All attempts together must have ended by then, epoch ms. */
  readonly deadline: number | undefined;
  readonly isAtMostOnce: boolean;
  readonly schema: StandardSchemaV1 | undefined;
  readonly polling: Polling | undefined;
  /** What undoes it, once it has succeeded. */
  readonly compensation: Compensation | undefined;
  /** Name of the step handler; runs in the activation when undefined. */
  readonly on: string | undefined;
  readonly idempotencyKey: string;
  state: StepState;
  /** Failures in a row: what the retry policy counts. */
  failures: number;
  /** Value of the last check of a polling step, before the first one what the code began with. */
  previous: unknown;
}

export interface Compensation {
  readonly undo: (value: unknown, step: StepContext) => unknown;
  readonly backoff: Backoff;
  readonly timeoutMs: number | undefined;
}

export interface SleepCall extends CallBase {
  readonly kind: "sleep";
  /** From when it is recorded, ms; or until a time, epoch ms. */
  readonly span: { readonly ms: number } | { readonly until: number };
  /** Epoch ms; undefined until `sleep.started` is in the journal. */
  wakeAt: number | undefined;
}

export interface SignalCall extends CallBase {
  readonly kind: "signal";
  /** Name of the signal; the call's own name holds its scopes. */
  readonly signal: string;
  readonly schema: StandardSchemaV1 | undefined;
  readonly timeoutMs: number | undefined;
  /** A timeout at this time instead, epoch ms. */
  readonly until?: number | undefined;
  /** Epoch ms; undefined until `signal.awaited` is in the journal, and for ever without a timeout. */
  deadline: number | undefined;
}

export interface CallbackCall extends CallBase {
  readonly kind: "callback";
  readonly schema: StandardSchemaV1 | undefined;
  readonly timeoutMs: number | undefined;
  readonly heartbeatTimeoutMs: number | undefined;
  /** Epoch ms; undefined until `callback.awaited` is in the journal. */
  awaitedAt: number | undefined;
  /** Epoch ms; undefined for ever without a timeout. */
  deadline: number | undefined;
  /** Withdrawn, and the outside knows it, or has ended it itself. */
  isSettledOutside: boolean;
}

export interface ChildCall extends CallBase {
  readonly kind: "child";
  readonly workflow: string;
  readonly input: unknown;
  /** Of the child. */
  readonly runId: string;
  readonly onParentClose: ClosePolicy;
  /** Whether the call stays open until the child has ended. */
  readonly isAwaited: boolean;
  readonly onStarted?: (handle: ChildHandle) => void;
  readonly onRefused?: (error: Error) => void;
  /** A schedule starts it. */
  readonly start?: ScheduledStart;
  /** The call starts nothing: it asks the run to end, for this reason. */
  readonly endsFor?: string;
  /** Epoch ms; undefined until `child.started` is in the journal. */
  startedAt: number | undefined;
  /** What it is started with, once that was found to be fit. */
  checked: CheckedStart | undefined;
  /** Withdrawn, and told so, or ended. */
  isSettledOutside: boolean;
}

export interface StateCall extends CallBase {
  readonly kind: "state";
  readonly state: Encoded;
}

export interface AttributesCall extends CallBase {
  readonly kind: "attributes";
  readonly attributes: AttributeChange;
}

export interface EventCall extends CallBase {
  readonly kind: "event";
  /** Its type. */
  readonly event: string;
  readonly source: string;
  readonly detail: Encoded;
}

export interface TxCall extends CallBase {
  readonly kind: "tx";
  readonly writes: readonly TransactionWrite[];
}

/** The end of a turn of a loop; its id is the loop's. */
export interface LoopCall extends CallBase {
  readonly kind: "loop";
  /** The next turn; undefined when the journal has it and replay is to come to it. */
  readonly next: { readonly turn: number; readonly state: Encoded } | undefined;
}

export type Call =
  | StepCall
  | SleepCall
  | SignalCall
  | CallbackCall
  | ChildCall
  | StateCall
  | AttributesCall
  | EventCall
  | TxCall
  | LoopCall;
export type CallKind = Call["kind"];
export type CallOf<K extends CallKind> = Extract<Call, { readonly kind: K }>;

/** What a kind adds to a call; the rest is made in call-factory.ts. */
export type Asked = { [K in CallKind]: Omit<CallOf<K>, keyof CallBase> }[CallKind];
