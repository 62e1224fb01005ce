// What authors may ask of a call: their options checked and turned into what the engine keeps of a call. Every fault is a
// sentence that names the option, its value and what is allowed.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { SignalOptions } from "../sdk/context.ts";
import { type Duration, durationMs, limitMs, spanMs } from "../sdk/duration.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkName } from "../sdk/names.ts";
import { checkFunction, checkKeys, checkSchema, isRecord, shown } from "../sdk/options.ts";
import type { Check, CompensateOptions, ConditionOptions, StepBody, StepOptions } from "../sdk/step.ts";
import { type Time, timeMs } from "../sdk/time.ts";
import type { Compensation, Polling } from "./call.ts";
import { type AskedOf, plainStep } from "./call-factory.ts";
import { decode, encode } from "./codec.ts";
import type { Execution } from "./execution.ts";
import { backoffOf } from "./retry.ts";
import type { VersionRange } from "./versions.ts";

const STEP_OPTIONS = [
  "retry",
  "timeout",
  "totalTimeout",
  "heartbeatTimeout",
  "semantics",
  "schema",
  "compensate",
  "on",
];
const CONDITION_OPTIONS = [
  "until",
  "initial",
  "maxChecks",
  "every",
  "backoff",
  "max",
  "timeout",
  "retry",
  "attemptTimeout",
  "on",
];
/** Between two checks of a condition, unless it says otherwise. */
const LONGEST_WAIT_MS = 3_600_000;
const SEMANTICS = ["at-least-once", "at-most-once"];

export function askStep(
  execution: Execution,
  name: string,
  body: StepBody<unknown>,
  options: StepOptions<unknown>,
): AskedOf<"step"> {
  const what = `step "${name}"`;
  checkBody(what, body, "ctx.step");
  checkKeys(`Step "${name}"`, options, STEP_OPTIONS);
  const { semantics = "at-least-once", schema, on } = options;
  if (!SEMANTICS.includes(semantics)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `semantics of ${what} is ${shown(semantics)}; it must be "at-least-once" or "at-most-once".`,
    );
  }
  checkSchema(what, schema);
  if (on !== undefined) checkName("step handler", on);
  const isAtMostOnce = semantics === "at-most-once";
  const totalMs = limitMs(options.totalTimeout, `totalTimeout of ${what}`);
  return {
    ...plainStep(body),
    // Who asked for at most once has asked for no second attempt, unless they say so.
    backoff: backoffOf(options.retry === undefined && isAtMostOnce ? { maxAttempts: 1 } : options.retry),
    timeoutMs: limitMs(options.timeout, `timeout of ${what}`),
    heartbeatTimeoutMs: limitMs(options.heartbeatTimeout, `heartbeatTimeout of ${what}`),
    deadline: totalMs === undefined ? undefined : execution.now + totalMs,
    isAtMostOnce,
    schema,
    compensation: compensationOf(what, options.compensate),
    on,
  };
}

/** A function, or a function with its own policy. */
export function compensationOf(
  what: string,
  compensate: CompensateOptions<never> | undefined,
): Compensation | undefined {
  if (compensate === undefined) return undefined;
  const options = typeof compensate === "function" ? { undo: compensate } : compensate;
  if (!isRecord(options) || typeof options.undo !== "function") {
    throw new PerdureError(
      "E_BAD_OPTION",
      `compensate of ${what} is ${shown(compensate)}; it must be a function, or an object with the function \`undo\`.`,
    );
  }
  checkKeys(`compensate of ${what}`, options, ["undo", "retry", "timeout"]);
  return {
    undo: options.undo as Compensation["undo"],
    backoff: backoffOf(options.retry),
    timeoutMs: limitMs(options.timeout, `timeout of the compensation of ${what}`),
  };
}

export function askCondition(
  execution: Execution,
  name: string,
  check: Check<unknown>,
  options: ConditionOptions<unknown>,
): AskedOf<"step"> {
  const what = `condition "${name}"`;
  checkBody(what, check, "ctx.waitForCondition");
  checkKeys(`Condition "${name}"`, options, CONDITION_OPTIONS);
  if (options.on !== undefined) checkName("step handler", options.on);
  const totalMs = limitMs(options.timeout, `timeout of ${what}`);
  return {
    ...plainStep(check),
    backoff: backoffOf(options.retry),
    timeoutMs: limitMs(options.attemptTimeout, `attemptTimeout of ${what}`),
    deadline: totalMs === undefined ? undefined : execution.now + totalMs,
    polling: pollingOf(what, options),
    // A copy, as at every check: the code goes on with the object, and may change it.
    previous: decode(encode(options.initial)),
    on: options.on,
  };
}

function pollingOf(what: string, options: ConditionOptions<unknown>): Polling {
  const { until = Boolean, backoff = 1 } = options;
  checkFunction(`until of ${what}`, until);
  if (typeof backoff !== "number" || !(backoff >= 1 && backoff <= 100)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `backoff of ${what} is ${shown(backoff)}; it must be a number from 1 to 100.`,
    );
  }
  const { maxChecks = Number.POSITIVE_INFINITY } = options;
  if (options.maxChecks !== undefined && !(Number.isSafeInteger(maxChecks) && maxChecks >= 1)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `maxChecks of ${what} is ${shown(maxChecks)}; it must be a whole number from 1 on.`,
    );
  }
  return { until, ...distancesOf(what, options), backoff, maxChecks };
}

function distancesOf(
  what: string,
  { every, max }: ConditionOptions<unknown>,
): Pick<Polling, "everyMs" | "maxMs"> {
  const everyMs = spanMs(every, `every of ${what}`);
  if (max === undefined) return { everyMs, maxMs: Math.max(everyMs, LONGEST_WAIT_MS) };
  const maxMs = durationMs(max, `max of ${what}`);
  if (maxMs >= everyMs) return { everyMs, maxMs };
  throw new PerdureError(
    "E_BAD_OPTION",
    `max of ${what} is ${shown(max)}, which is below every (${shown(every)}); it must be at least as long.`,
  );
}

export function askSleep(name: string, duration: Duration): AskedOf<"sleep"> {
  return {
    kind: "sleep",
    span: { ms: durationMs(duration, `duration of sleep "${name}"`) },
    wakeAt: undefined,
  };
}

export function askSleepUntil(name: string, time: Time): AskedOf<"sleep"> {
  const until = timeMs(time, `The time of sleepUntil "${name}"`);
  return { kind: "sleep", span: { until }, wakeAt: undefined };
}

export function askSignal(
  name: string,
  options: SignalOptions & { readonly schema?: StandardSchemaV1 },
): AskedOf<"signal"> {
  const what = `signal "${name}"`;
  checkKeys(`Signal "${name}"`, options, ["schema", "timeout"]);
  checkSchema(what, options.schema);
  return {
    kind: "signal",
    signal: name,
    schema: options.schema,
    // None at all: it takes what is there, and does not wait.
    timeoutMs: options.timeout === undefined ? undefined : durationMs(options.timeout, `timeout of ${what}`),
    deadline: undefined,
  };
}

/** @throws E_BAD_NAME, E_BAD_OPTION */
export function checkVersionRange(change: string, range: VersionRange): void {
  checkName("change", change);
  const { from, to } = range ?? {};
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `The versions of change "${change}" are ${shown(range)}; give { from, to }, whole numbers from 0 on, from not above to.`,
  );
}

function checkBody(what: string, body: unknown, of: string): void {
  checkFunction(`The body of ${what}`, body, `, the second argument of ${of}`);
}
