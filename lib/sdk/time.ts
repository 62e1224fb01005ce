// A point in time as people give it. A text without a zone is refused: it would be another time on another machine, and a run
// is replayed on many.
import { PerdureError } from "./errors.ts";

/** A `Date`, an ISO 8601 text with its zone (a date alone is midnight UTC), or epoch milliseconds. */
export type Time = Date | number | string;

const ISO_TIME = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:?\d\d))?$/;

/**
 * Reads a time as epoch milliseconds.
 *
 * @throws E_BAD_OPTION when it is not a time since 1970
 */
export function timeMs(time: Time, option: string): number {
  const isTime = time instanceof Date || typeof time === "number";
  const isText = typeof time === "string" && ISO_TIME.test(time);
  const epochMs = isTime || isText ? new Date(time).getTime() : Number.NaN;
  if (Number.isFinite(epochMs) && epochMs >= 0) return epochMs;
  const shown = typeof time === "string" || isTime ? String(time) : `of type ${typeof time}`;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${option} is ${shown.slice(0, 100)}; it must be a Date, an ISO time with its zone such as "2027-05-01T18:00:00Z", or epoch milliseconds.`,
  );
}
