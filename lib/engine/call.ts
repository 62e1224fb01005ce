// A ctx call of the running code: what it asked for, and what the journal has said about it so far. Its state is
// derived from delivered entries alone, so that it is the same after every replay.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { StepBody } from "../sdk/step.ts";
import type { Backoff } from "./retry.ts";

interface CallBase {
  /** The name, with an occurrence number from the second one on: `charge`, `charge#2`. */
  readonly id: string;
  readonly name: string;
  /** The turn of the code in which it was made. */
  readonly turn: number;
  settled: boolean;
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
  /** Attempt `attempt` was handed to a step handler by the entry at `seq`. */
  | { readonly at: "dispatched"; readonly attempt: number; readonly seq: number };

export interface StepCall extends CallBase {
  readonly kind: "step";
  readonly body: StepBody<unknown>;
  readonly backoff: Backoff;
  readonly timeoutMs: number | undefined;
  /** Name of the step handler; runs in the activation when undefined. */
  readonly on: string | undefined;
  readonly idempotencyKey: string;
  state: StepState;
}

export interface SleepCall extends CallBase {
  readonly kind: "sleep";
  readonly durationMs: number;
  /** Epoch ms; undefined until `sleep.started` is in the journal. */
  wakeAt: number | undefined;
}

export interface SignalCall extends CallBase {
  readonly kind: "signal";
  readonly schema: StandardSchemaV1 | undefined;
  readonly timeoutMs: number | undefined;
  /** Epoch ms; undefined until `signal.awaited` is in the journal, and for ever without a timeout. */
  deadline: number | undefined;
}

export type Call = StepCall | SleepCall | SignalCall;
export type CallKind = Call["kind"];
