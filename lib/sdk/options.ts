// Options are objects that people write: a key that does not exist is a typing error, and silently doing without it would
// be found out much later.
import { PerdureError } from "./errors.ts";

/** Of a value in a message. */
const MAX_SHOWN_CHARS = 200;

/** @throws E_BAD_OPTION that names the key and those there are */
export function checkKeys(what: string, options: object, allowed: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${what} has no option "${unknown}"; there are: ${allowed.join(", ")}.`,
  );
}

/** What was given, as a message shows it. JSON would call Infinity null, and knows no bigint. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.slice(0, MAX_SHOWN_CHARS));
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return `${value}n`.slice(0, MAX_SHOWN_CHARS);
    case "object":
      return shownObject(value);
    default:
      return typeof value;
  }
}

function shownObject(value: object | null): string {
  try {
    return JSON.stringify(value).slice(0, MAX_SHOWN_CHARS);
  } catch {
    return "an object";
  }
}
