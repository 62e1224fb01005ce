// Options are objects that people write: a key that does not exist is a typing error, and silently doing without it would
// be found out much later.
import { PerdureError } from "./errors.ts";

/** @throws E_BAD_OPTION that names the key and those there are */
export function checkKeys(what: string, options: object, allowed: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${what} has no option "${unknown}"; there are: ${allowed.join(", ")}.`,
  );
}
