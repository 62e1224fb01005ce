// One attempt of a step: runs the body under its timeouts, and turns what came of it into the entry that records it.
// Used in the activation and, with the same rules, in step handlers.
import type { Clock } from "../ports/clock.ts";
import type { StepFailed, StepPolled, StepRetrying, StepSucceeded } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import { CancelledError, TimeoutError } from "../sdk/errors.ts";
import type { Polling, StepCall } from "./call.ts";
import { decode, encode } from "./codec.ts";
import type { Outcome } from "./outcome.ts";
import { decideRetry, type RetryDecision } from "./retry.ts";
import { checkInput } from "./validate.ts";

/** Keeps what an attempt says of its progress, and what the last one said (progress.ts). */
export interface Progress {
  readonly last: unknown;
  save(value: unknown): Promise<void>;
}

export interface AttemptOptions {
  readonly call: StepCall;
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborted when the outcome can no longer be recorded, or nobody wants it. */
  readonly signal: AbortSignal;
}

/** Never rejects. After a timeout the body may still run on; nobody listens to it any more. */
export async function runAttempt({ call, clock, log, progress, signal }: AttemptOptions): Promise<Outcome> {
  const { attempt } = call.state;
  const overtime = new AbortController();
  const finished = new AbortController();
  const limits = new Limits(clock, overtime, finished.signal, `step "${call.id}" at attempt ${attempt}`);
  const body = async (): Promise<Outcome> => {
    try {
      const value = await call.body(
        {
          idempotencyKey: call.idempotencyKey,
          attempt,
          signal: AbortSignal.any([signal, overtime.signal]),
          log: log.with({ step: call.id, attempt }),
          progress: progress.last,
          heartbeat: async (value) => {
            limits.hear();
            // Who only says that it is alive takes nothing back of what it has said.
            if (value !== undefined) await progress.save(value);
          },
        },
        // Each check has its own: what it does to it stands in no journal.
        call.polling === undefined ? undefined : decode(encode(call.previous)),
      );
      return { ok: true, value: call.schema === undefined ? value : await checkInput(call.schema, value) };
    } catch (error) {
      return { ok: false, error };
    }
  };
  const races = [body()];
  if (call.timeoutMs !== undefined) races.push(limits.total(call.timeoutMs));
  if (call.heartbeatTimeoutMs !== undefined) races.push(limits.silence(call.heartbeatTimeoutMs));
  try {
    return await Promise.race(races);
  } finally {
    finished.abort();
  }
}

/** The times an attempt may take. Each limit resolves to the failure when it is passed, or when the attempt is over. */
class Limits {
  #heardAt: number;
  readonly #clock: Clock;
  readonly #overtime: AbortController;
  readonly #finished: AbortSignal;
  readonly #what: string;

  constructor(clock: Clock, overtime: AbortController, finished: AbortSignal, what: string) {
    this.#clock = clock;
    this.#overtime = overtime;
    this.#finished = finished;
    this.#what = what;
    this.#heardAt = clock.now();
  }

  hear(): void {
    this.#heardAt = this.#clock.now();
  }

  async total(timeoutMs: number): Promise<Outcome> {
    await this.#clock.sleep(timeoutMs, this.#finished);
    return this.#exceeded(`${this.#what} took longer than ${timeoutMs} ms`);
  }

  async silence(timeoutMs: number): Promise<Outcome> {
    for (;;) {
      const leftMs = this.#heardAt + timeoutMs - this.#clock.now();
      if (leftMs <= 0 || this.#finished.aborted) break;
      await this.#clock.sleep(leftMs, this.#finished);
    }
    return this.#exceeded(`${this.#what} sent no heartbeat for ${timeoutMs} ms`);
  }

  #exceeded(what: string): Outcome {
    const error = new TimeoutError(what);
    if (!this.#finished.aborted) this.#overtime.abort(error);
    return { ok: false, error };
  }
}

export type PackedResult =
  | {
      readonly ok: true;
      readonly value: Payload;
      /** A polling step's value does not satisfy yet. Decided already, where the value was at hand. */
      readonly pending?: true;
    }
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
): StepSucceeded | StepPolled | StepRetrying | StepFailed {
  const of = { id: call.id, attempt: call.state.attempt, at: now };
  if (result.ok) {
    return call.polling !== undefined && result.pending
      ? { type: "step.polled", ...of, value: result.value, nextAt: now + pauseMs(call.polling, of.attempt) }
      : { type: "step.succeeded", ...of, value: result.value };
  }
  const retry = result.retry ?? decideRetry(call, result.error, chance);
  return retry.again
    ? { type: "step.retrying", ...of, failure: result.failure, retryAt: now + retry.delayMs }
    : { type: "step.failed", ...of, failure: result.failure };
}

function pauseMs({ everyMs, backoff, maxMs }: Polling, check: number): number {
  return Math.round(Math.min(maxMs, everyMs * Math.min(backoff ** (check - 1), Number.MAX_SAFE_INTEGER)));
}

/** What a polling step's predicate says of a value; an error of its own makes it a failed look. */
export function satisfies(polling: Polling, outcome: Outcome): Outcome & { readonly pending?: true } {
  if (!outcome.ok) return outcome;
  try {
    return polling.until(outcome.value) ? outcome : { ...outcome, pending: true };
  } catch (error) {
    return { ok: false, error };
  }
}

/** Why an attempt whose result nobody wants is stopped. */
export function withdrawn(call: StepCall): CancelledError {
  return new CancelledError(`step "${call.id}" is no longer wanted`);
}
