// What a step is told and what it may ask for.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Log } from "../ports/log.ts";
import type { Duration } from "./duration.ts";

/** Handed to a step's body. */
export interface StepContext {
  /** The same for every attempt of this step of this run: hand it to the outside world. At most 255 characters. */
  readonly idempotencyKey: string;
  /** 1-based. */
  readonly attempt: number;
  /**
   * Aborted when the attempt times out, when its outcome can no longer be recorded, or when the run ends without it. In a
   * step handler seconds later, and not at all when the workflow gives up only this call.
   */
  readonly signal: AbortSignal;
  /** Carries run, step and attempt. */
  readonly log: Log;
  /**
   * Says that the attempt is alive, and how far it has come. What is said last is kept for the next attempt, also when
   * this one dies. That costs one write; call it every few seconds, not for every row. Without a value it only says that
   * the attempt is alive, which is for this process alone and costs nothing.
   */
  heartbeat(progress?: unknown): Promise<void>;
  /** What an earlier attempt of this step said last; undefined at the first. */
  readonly progress: unknown;
}

export interface RetryPolicy {
  /** Attempts in all, the first one included. @default 5 */
  readonly maxAttempts?: number;
  /** Wait before the second attempt. @default "1s", or `max` when that is shorter */
  readonly initial?: Duration;
  /** Longest wait between attempts, not below `initial`. @default "5m", or `initial` when that is longer */
  readonly max?: Duration;
  /** Each wait is this many times the one before. @default 2 */
  readonly factor?: number;
  /** Part of the wait that is left to chance, 0 to 1, so that many runs do not come back at once. @default 0.5 */
  readonly jitter?: number;
  /** Says whether an error is worth another attempt. `TerminalError` never is. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

/**
 * Undoes a step. Gets what the step returned; runs as a step of its own, so make it safe to repeat, for example with the
 * idempotency key.
 */
export type Undo<T> = (value: T, step: StepContext) => unknown;

/** An undo, or one with its own policy. */
export type CompensateOptions<T> =
  | Undo<T>
  | {
      readonly undo: Undo<T>;
      readonly retry?: RetryPolicy;
      /** Longest an attempt may take. */
      readonly timeout?: Duration;
    };

export interface StepOptions<T = unknown> {
  readonly retry?: RetryPolicy;
  /** Longest an attempt may take; then its AbortSignal fires and the attempt has failed with `TimeoutError`. */
  readonly timeout?: Duration;
  /**
   * Longest the step may take in all, waits between attempts included, from the last recorded result before it, or from when
   * the run began. Then it fails, with `TimeoutError` as its cause.
   */
  readonly totalTimeout?: Duration;
  /** An attempt that sends no heartbeat for this long has failed with `TimeoutError`. */
  readonly heartbeatTimeout?: Duration;
  /**
   * `"at-least-once"`: an attempt whose process died is repeated. `"at-most-once"`: it is not; the step fails with
   * `E_STEP_INTERRUPTED` as its cause, and the workflow decides. Costs one more write; there is one attempt unless
   * `retry` allows more, and then only failures that the body reported itself are tried again.
   * @default "at-least-once"
   */
  readonly semantics?: "at-least-once" | "at-most-once";
  /** What the result must fit; what the schema gives out is what is recorded. A result that does not fit has failed. */
  readonly schema?: StandardSchemaV1;
  /** Undoes the step when the run fails, is cancelled or times out after it has succeeded. */
  readonly compensate?: CompensateOptions<T>;
  /** Name of the step handler the body runs in; it runs in the activation when absent. */
  readonly on?: string;
}

export type StepBody<T> = (step: StepContext) => T | Promise<T>;

/** A look at whether something has come true; `previous` is what the last look returned, `initial` at the first. */
export type Check<T, P = T | undefined> = (step: StepContext, previous: P) => T | Promise<T>;

export interface ConditionOptions<T> {
  /** Whether the value is what was waited for. @default it is truthy */
  readonly until?: (value: T) => boolean;
  /** What the first check is handed as `previous`: a state that each check replaces by what it returns. */
  readonly initial?: T;
  /** Checks in all, those that failed included; then `ConditionError`. Checks for ever when absent. */
  readonly maxChecks?: number;
  /** Wait between checks. */
  readonly every: Duration;
  /** Each wait is this many times the one before. @default 1 */
  readonly backoff?: number;
  /** Longest wait between checks, not below `every`. @default "1h", or `every` when that is longer */
  readonly max?: Duration;
  /** Longest wait in all; then `TimeoutError`. Waits for ever when absent. */
  readonly timeout?: Duration;
  /** For a check that throws: failures in a row. */
  readonly retry?: RetryPolicy;
  /** Longest a check may take. */
  readonly attemptTimeout?: Duration;
  /** Name of the step handler that checks. */
  readonly on?: string;
}
