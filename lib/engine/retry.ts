// Whether and when a failed attempt is tried again. Pure: chance comes in as a number.
import { durationMs } from "../sdk/duration.ts";
import { PerdureError, TerminalError, TimeoutError } from "../sdk/errors.ts";
import { checkFunction, checkKeys, shown } from "../sdk/options.ts";
import { RetryableError } from "../sdk/retryable-error.ts";
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
const DEFAULT_INITIAL_MS = 1_000;
const DEFAULT_MAX_MS = 300_000;

/** @throws E_BAD_OPTION that names the option, its value and what is allowed */
export function backoffOf(policy: RetryPolicy = {}): Backoff {
  checkKeys("retry", policy, ["maxAttempts", "initial", "max", "factor", "jitter", "retryIf"]);
  const { maxAttempts = 5, factor = 2, jitter = 0.5, retryIf = () => true } = policy;
  requireNumber("retry.maxAttempts", maxAttempts, 1, MAX_ATTEMPTS, true);
  requireNumber("retry.factor", factor, 1, 100);
  requireNumber("retry.jitter", jitter, 0, 1);
  checkFunction("retry.retryIf", retryIf);
  return { maxAttempts, ...waitsOf(policy), factor, jitter, retryIf };
}

/** What is not said gives way to what is: who asks for a first wait of ten minutes has not asked for five. */
function waitsOf({ initial, max }: RetryPolicy): Pick<Backoff, "initialMs" | "maxMs"> {
  const initialMs = initial === undefined ? undefined : durationMs(initial, "retry.initial");
  const maxMs = max === undefined ? Math.max(DEFAULT_MAX_MS, initialMs ?? 0) : durationMs(max, "retry.max");
  if (initialMs === undefined) return { initialMs: Math.min(DEFAULT_INITIAL_MS, maxMs), maxMs };
  if (initialMs <= maxMs) return { initialMs, maxMs };
  throw new PerdureError(
    "E_BAD_OPTION",
    `retry.max is ${shown(max)}, which is below retry.initial (${shown(initial)}); it must be at least as long.`,
  );
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

/** The class refuses what is no duration; a field that was changed afterwards must not end the activation. */
function retryAfterMs(error: unknown): number {
  if (!(error instanceof RetryableError) || error.retryAfter === undefined) return 0;
  try {
    return durationMs(error.retryAfter, "retryAfter");
  } catch {
    return 0;
  }
}

function requireNumber(option: string, value: number, least: number, most: number, whole = false): void {
  const isKind = whole ? Number.isInteger(value) : typeof value === "number";
  if (isKind && value >= least && value <= most) return;
  const allowed = `a ${whole ? "whole number" : "number"} from ${least} to ${most}`;
  throw new PerdureError("E_BAD_OPTION", `${option} is ${shown(value)}; it must be ${allowed}.`);
}
