// How many may run at once, how many must succeed, how many may fail: the options of `ctx.parallel` and `ctx.map`.
import type { BatchOptions } from "../../sdk/batch.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkKeys, shown } from "../../sdk/options.ts";
import type { Policy } from "./fan-out.ts";

/** `more`: keys that are others' to read. @throws E_BAD_OPTION */
export function policyOf(
  what: string,
  options: BatchOptions,
  count: number,
  more: readonly string[] = [],
): Policy {
  checkKeys(what, options, ["concurrency", "minSuccessful", "tolerate", ...more]);
  const { concurrency, minSuccessful, tolerate } = options;
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `concurrency of ${what} is ${shown(concurrency)}; it must be a whole number from 1 on.`,
    );
  }
  const isEnough = minSuccessful === undefined ? undefined : enough(what, minSuccessful, count);
  // Who needs only some to succeed can bear that the others fail.
  const tolerated =
    tolerate === undefined
      ? isEnough === undefined
        ? 0
        : count - isEnough
      : toleratedOf(what, tolerate, count);
  return { concurrency: concurrency ?? count, minSuccessful: isEnough ?? count, tolerated };
}

/** Whether the caller wants to be told of failures instead of having one thrown. */
export function isTolerant({ minSuccessful, tolerate }: BatchOptions): boolean {
  return minSuccessful !== undefined || tolerate !== undefined;
}

function enough(what: string, minSuccessful: number | string, count: number): number {
  const amount = amountOf(minSuccessful, count, Math.ceil);
  // None is enough before anything has begun, which nobody means. Half of nothing is nothing, though.
  if (amount === undefined || Number.parseFloat(String(minSuccessful)) === 0) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `minSuccessful of ${what} is ${shown(minSuccessful)}; it must be a whole number from 1 on, or a percentage like "10%", above 0%.`,
    );
  }
  if (amount <= count) return amount;
  throw new PerdureError(
    "E_BAD_OPTION",
    `minSuccessful of ${what} is ${shown(minSuccessful)}, but there are only ${count}.`,
  );
}

function toleratedOf(what: string, tolerate: number | string, count: number): number {
  const amount = tolerate === "all" ? count : amountOf(tolerate, count, Math.floor);
  if (amount !== undefined) return amount;
  throw new PerdureError(
    "E_BAD_OPTION",
    `tolerate of ${what} is ${shown(tolerate)}; it must be a whole number from 0 on, a percentage like "10%", or "all".`,
  );
}

/** A count, or a percentage of all; nothing when it is neither. */
function amountOf(amount: unknown, count: number, round: (part: number) => number): number | undefined {
  const percent = typeof amount === "string" ? /^(\d{1,3}(?:\.\d+)?)%$/.exec(amount)?.[1] : undefined;
  if (percent !== undefined && Number(percent) <= 100) return round((count * Number(percent)) / 100);
  return Number.isSafeInteger(amount) && Number(amount) >= 0 ? Number(amount) : undefined;
}
