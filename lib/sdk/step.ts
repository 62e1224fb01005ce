// What a step is told and what it may ask for.

import type { Log } from "../ports/log.ts";
import type { Duration } from "./duration.ts";

/** Handed to a step's body. */
export interface StepContext {
  /** The same for every attempt of this step of this run: hand it to the outside world. At most 255 characters. */
  readonly idempotencyKey: string;
  /** 1-based. */
  readonly attempt: number;
  /** Aborted when the attempt times out, when its outcome can no longer be recorded, or when the run ends without it. */
  readonly signal: AbortSignal;
  /** Carries run, step and attempt. */
  readonly log: Log;
}

export interface RetryPolicy {
  /** Attempts in all, the first one included. @default 5 */
  readonly maxAttempts?: number;
  /** Wait before the second attempt. @default "1s" */
  readonly initial?: Duration;
  /** Longest wait between attempts. @default "5m" */
  readonly max?: Duration;
  /** Each wait is this many times the one before. @default 2 */
  readonly factor?: number;
  /** Part of the wait that is left to chance, 0 to 1, so that many runs do not come back at once. @default 0.5 */
  readonly jitter?: number;
  /** Says whether an error is worth another attempt. `TerminalError` never is. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

export interface StepOptions {
  readonly retry?: RetryPolicy;
  /** Longest an attempt may take; then its AbortSignal fires and the attempt has failed with `TimeoutError`. */
  readonly timeout?: Duration;
  /** Name of the step handler the body runs in; it runs in the activation when absent. */
  readonly on?: string;
}

export type StepBody<T> = (step: StepContext) => T | Promise<T>;
