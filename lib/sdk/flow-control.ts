// How many runs of a workflow go on at once, how often they begin, and whether there is one at a time. What an author may
// say, and its check when the workflow is defined; the engine keeps to it (engine/flow/).
import { MAX_CONCURRENCY } from "../limits.ts";
import { type Duration, durationMs } from "./duration.ts";
import { PerdureError } from "./errors.ts";
import { checkKeys, shown } from "./options.ts";

/** Parts runs: those with the same key share a limit. Called once, when the run is started. */
export type LimitKey<Input> = (input: Input) => string;

export interface ConcurrencyLimit<Input = unknown> {
  /** Runs that go on at the same time, from their first activation to their end; one that sleeps or waits counts, too. */
  readonly limit: number;
  /** @default - all runs of the workflow share one limit */
  readonly key?: LimitKey<Input>;
}

export interface RateLimit<Input = unknown> {
  /** Runs that begin in each `per`, evenly spread. */
  readonly limit: number;
  readonly per: Duration;
  /** How many may begin at once after a quiet time; in any `per` at most `limit + burst - 1` begin. @default 1 */
  readonly burst?: number;
  /** @default - all runs of the workflow share one rate */
  readonly key?: LimitKey<Input>;
}

export interface Singleton<Input = unknown> {
  /** @default - one run of the workflow at a time */
  readonly key?: LimitKey<Input>;
  /**
   * What becomes of a start while another run with the key is open: it is answered with that run and starts none; the new
   * run waits for the other's end; or the other is asked to end and the new one waits for that.
   */
  readonly onConflict: "use-existing" | "wait" | "cancel-other";
}

export interface FlowControlOptions<Input = unknown> {
  /** One limit, or two: one with a key and one without. @default - no limit */
  readonly concurrency?: ConcurrencyLimit<Input> | readonly ConcurrencyLimit<Input>[];
  /** @default - no limit */
  readonly rate?: RateLimit<Input>;
  /** @default - any number of runs */
  readonly singleton?: Singleton<Input>;
}

/** As it was checked: what the engine reads. */
export interface FlowControl {
  readonly keyed?: { readonly limit: number; readonly key: LimitKey<unknown> };
  readonly whole?: { readonly limit: number };
  readonly rate?: { readonly intervalMs: number; readonly burst: number; readonly key?: LimitKey<unknown> };
  readonly singleton?: Singleton;
}

export const FLOW_CONTROL_OPTIONS = ["concurrency", "rate", "singleton"] as const;
const CONFLICTS = ["use-existing", "wait", "cancel-other"];

/** @throws E_BAD_OPTION */
export function flowControlOf(
  workflow: string,
  { concurrency, rate, singleton }: FlowControlOptions,
): FlowControl {
  return {
    ...(concurrency === undefined ? {} : concurrencyOf(`concurrency of workflow "${workflow}"`, concurrency)),
    ...(rate === undefined ? {} : { rate: rateOf(`rate of workflow "${workflow}"`, rate) }),
    ...(singleton === undefined
      ? {}
      : { singleton: singletonOf(`singleton of workflow "${workflow}"`, singleton) }),
  };
}

function concurrencyOf(
  what: string,
  option: NonNullable<FlowControlOptions["concurrency"]>,
): Pick<FlowControl, "keyed" | "whole"> {
  const limits: readonly ConcurrencyLimit[] = Array.isArray(option) ? option : [option];
  for (const one of limits) {
    checkKeys(`The ${what}`, one, ["limit", "key"]);
    checkCount(`limit in the ${what}`, one.limit, MAX_CONCURRENCY);
    keyOf(what, one.key);
  }
  const [whole, twice] = limits.filter(({ key }) => key === undefined);
  const [keyed, twiceKeyed] = limits.filter(({ key }) => key !== undefined);
  if (twice !== undefined || twiceKeyed !== undefined) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `The ${what} has two limits ${twice === undefined ? "with" : "without"} a key; it may have one with and one without.`,
    );
  }
  return {
    ...(keyed?.key === undefined ? {} : { keyed: { limit: keyed.limit, key: keyed.key } }),
    ...(whole === undefined ? {} : { whole: { limit: whole.limit } }),
  };
}

function rateOf(what: string, option: RateLimit): NonNullable<FlowControl["rate"]> {
  checkKeys(`The ${what}`, option, ["limit", "per", "burst", "key"]);
  const { limit, burst = 1 } = option;
  checkCount(`limit in the ${what}`, limit, Number.MAX_SAFE_INTEGER);
  checkCount(`burst in the ${what}`, burst, limit);
  const perMs = durationMs(option.per, `per in the ${what}`);
  if (perMs < limit) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `The ${what} is ${limit} in ${perMs} ms; more than one in a millisecond cannot be told apart.`,
    );
  }
  // Rounded up: rather a little less often than more often.
  return { intervalMs: Math.ceil(perMs / limit), burst, ...keyOf(what, option.key) };
}

function singletonOf(what: string, option: Singleton): Singleton {
  checkKeys(`The ${what}`, option, ["key", "onConflict"]);
  if (!CONFLICTS.includes(option.onConflict)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `onConflict in the ${what} is ${shown(option.onConflict)}; it must be "use-existing", "wait" or "cancel-other".`,
    );
  }
  return { onConflict: option.onConflict, ...keyOf(what, option.key) };
}

function keyOf(what: string, key: LimitKey<unknown> | undefined): { readonly key?: LimitKey<unknown> } {
  if (key === undefined) return {};
  if (typeof key === "function") return { key };
  throw new PerdureError(
    "E_BAD_OPTION",
    `key in the ${what} is ${shown(key)}; it must be a function that is given the input and gives a text.`,
  );
}

function checkCount(what: string, count: number, most: number): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= most) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${what} is ${shown(count)}; it must be a whole number from 1 to ${most}.`,
  );
}
