// How many may run at once, how many must succeed, how many may fail: the options of `ctx.parallel` and `ctx.map`.
import type { BatchOptions } from "../../sdk/batch.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkKeys } from "../../sdk/options.ts";
import type { Policy } from "./fan-out.ts";

/** @throws E_BAD_OPTION */
export function policyOf(what: string, options: BatchOptions, count: number): Policy {
  checkKeys(what, options, ["concurrency", "minSuccessful", "tolerate"]);
  const { concurrency, minSuccessful, tolerate } = options;
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `concurrency of ${what} is ${JSON.stringify(concurrency)}; it must be a whole number from 1 on.`,
    );
  }
  const isEnough =
    minSuccessful === undefined
      ? undefined
      : amountOf(`minSuccessful of ${what}`, minSuccessful, count, Math.ceil);
  if (isEnough !== undefined && isEnough > count) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `minSuccessful of ${what} is ${JSON.stringify(minSuccessful)}, but there are only ${count}.`,
    );
  }
  // Who needs only some to succeed can bear that the others fail.
  const tolerated =
    tolerate === undefined
      ? isEnough === undefined
        ? 0
        : count - isEnough
      : amountOf(`tolerate of ${what}`, tolerate, count, Math.floor);
  return { concurrency: concurrency ?? count, minSuccessful: isEnough ?? count, tolerated };
}

/** Whether the caller wants to be told of failures instead of having one thrown. */
export function isTolerant({ minSuccessful, tolerate }: BatchOptions): boolean {
  return minSuccessful !== undefined || tolerate !== undefined;
}

/** A count, or a percentage of all. */
function amountOf(
  option: string,
  amount: number | string,
  count: number,
  round: (part: number) => number,
): number {
  if (amount === "all") return count;
  const percent = typeof amount === "string" ? /^(\d{1,3}(?:\.\d+)?)%$/.exec(amount)?.[1] : undefined;
  if (percent !== undefined && Number(percent) <= 100) return round((count * Number(percent)) / 100);
  if (typeof amount === "number" && Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${option} is ${JSON.stringify(amount)}; it must be a whole number from 0 on, a percentage like "10%", or "all".`,
  );
}
