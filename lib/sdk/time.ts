// A point in time as people give it. A text without a zone is refused: it would be another time on another machine, and a run
// is replayed on many.
import { MAX_TIME } from "../limits.ts";
import { PerdureError } from "./errors.ts";
import { shown } from "./options.ts";

/** A `Date`, an ISO 8601 text with its zone (a date alone is midnight UTC), or epoch milliseconds; from 1970 to 2199. */
export type Time = Date | number | string;

const ISO_TIME = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:?\d\d))?$/;

/**
 * Reads a time as epoch milliseconds.
 *
 * @throws E_BAD_OPTION when it is none
 */
export function timeMs(time: unknown, option: string): number {
  const isTime = time instanceof Date || typeof time === "number";
  const isText = typeof time === "string" && ISO_TIME.test(time);
  const epochMs = isTime || isText ? Math.round(new Date(time).getTime()) : Number.NaN;
  if (epochMs >= 0 && epochMs < MAX_TIME) return epochMs;
  const allowed = `a Date, an ISO time with its zone such as "2027-05-01T18:00:00Z", or epoch milliseconds, before the year 2200`;
  throw new PerdureError("E_BAD_OPTION", `${option} is ${shown(time)}; it must be ${allowed}.`);
}
