// Whether and when a failed attempt is tried again. Pure: chance comes in as a number.
import { durationMs } from "../sdk/duration.ts";
import { PerdureError, RetryableError, TerminalError, TimeoutError } from "../sdk/errors.ts";
import { checkKeys, shown } from "../sdk/options.ts";
import type { RetryPolicy } from "../sdk/step.ts";
import type { StepCall } from "./call.ts";

/** A policy with every field decided, in milliseconds. */
export interface Backoff {
  readonly maxAttempts: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  readonly jitter: number;
  readonly retryIf: (error: unknown, attempt: number) => boolean;
}

/** Most attempts a policy may ask for: each one is an entry. */
const MAX_ATTEMPTS = 10_000;

/** @throws E_BAD_OPTION that names the option, its value and what is allowed */
export function backoffOf(policy: RetryPolicy = {}): Backoff {
  checkKeys("A retry policy", policy, ["maxAttempts", "initial", "max", "factor", "jitter", "retryIf"]);
  const { maxAttempts = 5, factor = 2, jitter = 0.5, retryIf = () => true } = policy;
  requireNumber("retry.maxAttempts", maxAttempts, 1, MAX_ATTEMPTS, Number.isInteger(maxAttempts));
  requireNumber("retry.factor", factor, 1, 100);
  requireNumber("retry.jitter", jitter, 0, 1);
  if (typeof retryIf !== "function")
    throw new PerdureError("E_BAD_OPTION", "retry.retryIf is not a function.");
  const initialMs = durationMs(policy.initial ?? "1s", "retry.initial");
  const maxMs = durationMs(policy.max ?? "5m", "retry.max");
  return { maxAttempts, initialMs, maxMs, factor, jitter, retryIf };
}

export type RetryDecision = { readonly again: false } | { readonly again: true; readonly delayMs: number };

/** `error`: of the attempt that comes after `failures` others in a row. `chance` is from 0 up to 1. */
export function decideRetry(
  { backoff, failures, isAtMostOnce }: Pick<StepCall, "backoff" | "failures" | "isAtMostOnce">,
  error: unknown,
  chance: number,
): RetryDecision {
  const attempt = failures + 1;
  if (error instanceof TerminalError || attempt >= backoff.maxAttempts) return { again: false };
  if (isAtMostOnce && !isReportedByBody(error)) return { again: false };
  // A value that could not be recorded will not be recordable next time, but its side effect would happen again.
  if (
    error instanceof PerdureError &&
    (error.code === "E_NOT_SERIALIZABLE" || error.code === "E_TOO_LARGE")
  ) {
    return { again: false };
  }
  if (!asksForRetry(error, attempt, backoff)) return { again: false };
  // Zero times infinity is no number: many attempts grow any factor beyond all bounds.
  const growth = Math.min(backoff.factor ** (attempt - 1), Number.MAX_SAFE_INTEGER);
  const fullMs = Math.min(backoff.maxMs, backoff.initialMs * growth);
  const jitteredMs = Math.round(fullMs * (1 - backoff.jitter * chance));
  return { again: true, delayMs: Math.max(jitteredMs, retryAfterMs(error)) };
}

/** What the body did not report itself may have happened, or be going on still: that is what at most once is about. */
function isReportedByBody(error: unknown): boolean {
  const isOurs =
    error instanceof PerdureError && (error.code === "E_STEP_INTERRUPTED" || error.code === "E_STEP_LOST");
  return !(isOurs || error instanceof TimeoutError);
}

/** A predicate that throws says no: the step's own error is the one to report. */
function asksForRetry(error: unknown, attempt: number, backoff: Backoff): boolean {
  try {
    return backoff.retryIf(error, attempt);
  } catch {
    return false;
  }
}

function retryAfterMs(error: unknown): number {
  if (!(error instanceof RetryableError) || error.retryAfter === undefined) return 0;
  try {
    return durationMs(error.retryAfter, "retryAfter");
  } catch {
    return 0;
  }
}

function requireNumber(option: string, value: number, least: number, most: number, alsoHolds = true): void {
  if (typeof value === "number" && value >= least && value <= most && alsoHolds) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${option} is ${shown(value)}; it must be from ${least} to ${most}.`,
  );
}
