// Steps that are bounded: whose attempt begins once and never again, or whose attempts together have so much time; and
// looks that are repeated until something has come true.
import { ConditionError, PerdureError, StepError, TimeoutError } from "../../lib/sdk/errors.ts";
import type { Interpreter, Primitive } from "./primitive.ts";

const HANDLER = "shipping";
const SPARE_ATTEMPTS = 100;

export interface OnceNode {
  readonly kind: "once";
  readonly name: string;
  readonly onHandler: boolean;
  readonly bodyMs: number;
  readonly doesFail: boolean;
}

/** Whether it was interrupted depends on faults; that its body begins once, the rules see. */
export const once: Primitive<OnceNode> = {
  draw: ({ chance, newName }) => ({
    kind: "once",
    name: newName(),
    onHandler: chance.happens(0.3),
    bodyMs: chance.pick([0, 0, 200, 1_000, 4_000, 30_000]),
    doesFail: chance.happens(0.2),
  }),
  run: async ({ name, onHandler, bodyMs, doesFail }, at) => {
    const of = `${at.label} once ${name}`;
    try {
      const value = await at.ctx.step(
        name,
        async ({ attempt }) => {
          at.begin({ id: name, attempt, on: onHandler, isOnce: true });
          if (bodyMs > 0) await at.pause(bodyMs);
          if (doesFail) throw new Error(of);
          return of;
        },
        { semantics: "at-most-once", ...(onHandler ? { on: HANDLER } : {}) },
      );
      if (doesFail || value !== of) at.complain(`step ${name} gave ${String(value)}`);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      checkCause(error, doesFail ? of : undefined, at);
    }
    return "tried once";
  },
  expect: () => "tried once",
  longestMs: ({ bodyMs }) => bodyMs + 20_000,
};

function checkCause({ step, cause }: StepError, message: string | undefined, at: Interpreter): void {
  const code = cause instanceof PerdureError || hasCode(cause) ? cause.code : undefined;
  if (code === "E_STEP_INTERRUPTED" || code === "E_STEP_LOST") return;
  if (message === undefined || !(cause instanceof Error) || cause.message !== message)
    at.complain(`step ${step} failed with ${String(cause)}`);
}

function hasCode(error: unknown): error is { readonly code: unknown } {
  return typeof error === "object" && error !== null && "code" in error;
}

export interface BoundedNode {
  readonly kind: "bounded";
  readonly name: string;
  readonly onHandler: boolean;
  readonly bodyMs: number;
  /** Attempts that fail. */
  readonly failures: number;
  readonly totalMs: number;
}

/** Whether its time is enough may depend on faults. */
export const bounded: Primitive<BoundedNode> = {
  draw: ({ chance, newName }) => ({
    kind: "bounded",
    name: newName(),
    onHandler: chance.happens(0.4),
    bodyMs: chance.pick([0, 0, 1_000, 5_000, 30_000]),
    failures: chance.pick([0, 0, 1, 2, 4]),
    totalMs: chance.pick([500, 3_000, 10_000, 60_000, 900_000, 2_000_000]),
  }),
  run: async (node, at) => {
    const { name, onHandler, bodyMs, failures, totalMs } = node;
    const of = `${at.label} bounded ${name}`;
    const askedAt = at.ctx.now().getTime();
    try {
      const value = await at.ctx.step(
        name,
        async ({ attempt }) => {
          at.begin({ id: name, attempt, on: onHandler });
          if (bodyMs > 0) await at.pause(bodyMs);
          if (attempt <= failures) throw new Error(`attempt ${attempt} fails`);
          return of;
        },
        {
          totalTimeout: totalMs,
          retry: { maxAttempts: failures + SPARE_ATTEMPTS, max: "20s" },
          ...(onHandler ? { on: HANDLER } : {}),
        },
      );
      if (value !== of) at.complain(`step ${name} gave ${String(value)}`);
    } catch (error) {
      if (!(error instanceof StepError && error.cause instanceof TimeoutError)) throw error;
      // Where an attempt may fail, it is out of time as soon as the next one could only begin afterwards.
      const mayFail = failures > 0 || onHandler || at.hands.isMended(at.label);
      if (!mayFail && at.ctx.now().getTime() < askedAt + totalMs)
        at.complain(`T1: step ${name} was out of time before its time was up`);
    }
    return "had its time";
  },
  expect: () => "had its time",
  longestMs: ({ bodyMs, failures, totalMs }) =>
    Math.min(totalMs, (failures + 1) * (bodyMs + 20_000)) + 20_000,
};

export interface ConditionNode {
  readonly kind: "condition";
  readonly name: string;
  readonly onHandler: boolean;
  /** The look, from 1, from which on it holds. */
  readonly trueAt: number;
  readonly everyMs: number;
  readonly backoff: number;
  readonly timeoutMs?: number;
  readonly maxChecks?: number;
}

interface Look {
  readonly look: number;
  readonly of: string;
}

export const condition: Primitive<ConditionNode> = {
  draw: ({ chance, newName }) => ({
    kind: "condition",
    name: newName(),
    onHandler: chance.happens(0.25),
    trueAt: chance.int(1, 4),
    everyMs: chance.pick([500, 3_000, 20_000, 1_000_000]),
    backoff: chance.pick([1, 1, 2]),
    ...(chance.happens(0.3) ? { timeoutMs: chance.pick([1_000, 30_000, 2_000_000]) } : {}),
    ...(chance.happens(0.3) ? { maxChecks: chance.int(1, 4) } : {}),
  }),
  run: async (node, at) => {
    const { name, onHandler, trueAt, everyMs, backoff, timeoutMs, maxChecks } = node;
    const of = `${at.label} ${name}`;
    try {
      const last = await at.ctx.waitForCondition<Look>(
        name,
        ({ attempt }, previous) => {
          at.begin({ id: name, attempt, on: onHandler });
          if (previous !== undefined && (previous.of !== of || previous.look >= attempt))
            at.complain(`look ${attempt} of ${name} was given look ${previous.look} of ${previous.of}`);
          if (maxChecks !== undefined && attempt > maxChecks)
            at.complain(`look ${attempt} of ${name} was one too many`);
          return { look: attempt, of };
        },
        {
          until: ({ look }) => look >= trueAt,
          every: everyMs,
          backoff,
          retry: { maxAttempts: SPARE_ATTEMPTS, max: "20s" },
          ...(onHandler ? { on: HANDLER } : {}),
          ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
          ...(maxChecks === undefined ? {} : { maxChecks }),
        },
      );
      if (last.of !== of || last.look < trueAt) at.complain(`${name} came true at look ${last.look}`);
    } catch (error) {
      if (error instanceof ConditionError) checkUnmet(node, error, of, at);
      else if (!(error instanceof TimeoutError) || timeoutMs === undefined) throw error;
    }
    return "came true";
  },
  expect: () => "came true",
  longestMs: ({ trueAt, everyMs, backoff }) => trueAt * (20_000 + everyMs * backoff ** trueAt),
};

/** A look may be lost (E_STEP_LOST), and has been one all the same. */
function checkUnmet(
  { name, onHandler, trueAt, maxChecks }: ConditionNode,
  { checks, last }: ConditionError,
  of: string,
  at: Interpreter,
): void {
  const seen = last as Look | undefined;
  if (checks !== maxChecks) at.complain(`${name} was given up after ${checks} looks`);
  if (!onHandler && (trueAt <= checks || seen?.look !== checks))
    at.complain(`${name} was given up after look ${seen?.look} of ${checks}`);
  if (seen !== undefined && (seen.of !== of || seen.look >= trueAt))
    at.complain(`${name} was given up and had come true at look ${seen.look} of ${seen.of}`);
}
