// The cursor of a list of runs: the sort key of the last run looked at, opaque to callers, checked when it comes back.
import { PerdureError } from "../sdk/errors.ts";

/** Thirteen digits of time, then a run id: what table.ts makes of a run. */
const POSITION = /^\d{13}#./s;

export function writeCursor(position: string): string {
  return Buffer.from(position).toString("base64url");
}

/** @throws E_INVALID_INPUT when `writeCursor` did not make it */
export function readCursor(cursor: string): string {
  const position = Buffer.from(cursor, "base64url").toString();
  if (POSITION.test(position) && writeCursor(position) === cursor) return position;
  throw new PerdureError("E_INVALID_INPUT", "cursor: it is not one that a list of runs has answered with.");
}
