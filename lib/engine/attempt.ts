// One attempt of a step: runs the body under its timeout, and turns what came of it into the entry that records it.
// Used in the activation and, with the same rules, in step handlers.
import type { Clock } from "../ports/clock.ts";
import type { StepFailed, StepRetrying, StepSucceeded } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import { TimeoutError } from "../sdk/errors.ts";
import type { StepCall } from "./call.ts";
import type { Outcome } from "./execution.ts";
import { decideRetry, type RetryDecision } from "./retry.ts";

export interface AttemptOptions {
  readonly call: StepCall;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the outcome can no longer be recorded. */
  readonly signal: AbortSignal;
}

/** Never rejects. After a timeout the body may still run on; nobody listens to it any more. */
export async function runAttempt({ call, clock, log, signal }: AttemptOptions): Promise<Outcome> {
  const { attempt } = call.state;
  const overtime = new AbortController();
  const finished = new AbortController();
  const body = async (): Promise<Outcome> => {
    try {
      const value = await call.body({
        idempotencyKey: call.idempotencyKey,
        attempt,
        signal: AbortSignal.any([signal, overtime.signal]),
        log: log.with({ step: call.id, attempt }),
      });
      return { ok: true, value };
    } catch (error) {
      return { ok: false, error };
    }
  };
  const limit = async (timeoutMs: number): Promise<Outcome> => {
    await clock.sleep(timeoutMs, finished.signal);
    const error = new TimeoutError(
      `step "${call.id}" took longer than ${timeoutMs} ms at attempt ${attempt}`,
    );
    if (!finished.signal.aborted) overtime.abort(error);
    return { ok: false, error };
  };
  try {
    return await Promise.race(call.timeoutMs === undefined ? [body()] : [body(), limit(call.timeoutMs)]);
  } finally {
    finished.abort();
  }
}

export type PackedResult =
  | { readonly ok: true; readonly value: Payload }
  | {
      readonly ok: false;
      readonly error: unknown;
      readonly failure: Failure;
      /** Decided already, where the error was still the one that was thrown. */
      readonly retry?: RetryDecision;
    };

/** The entry for an attempt's result: recorded, to be tried again, or failed for good. `chance` is from 0 up to 1. */
export function attemptEntry(
  call: StepCall,
  result: PackedResult,
  now: number,
  chance: number,
): StepSucceeded | StepRetrying | StepFailed {
  const of = { id: call.id, attempt: call.state.attempt, at: now };
  if (result.ok) return { type: "step.succeeded", ...of, value: result.value };
  const retry = result.retry ?? decideRetry(result.error, call.state.attempt, call.backoff, chance);
  return retry.again
    ? { type: "step.retrying", ...of, failure: result.failure, retryAt: now + retry.delayMs }
    : { type: "step.failed", ...of, failure: result.failure };
}
