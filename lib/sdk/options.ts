// Options are objects that people write: a key that does not exist is a typing error, and silently doing without it would
// be found out much later. So would what is no object at all, which has no keys, and therefore no wrong ones.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { PerdureError } from "./errors.ts";

/** Of a value in a message. */
const MAX_SHOWN_CHARS = 200;

/** `what` has them. @throws E_BAD_OPTION when they are no object, or with the key that is none, and those there are */
export function checkKeys(what: string, options: unknown, allowed: readonly string[]): void {
  if (!isRecord(options)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `${what} was given ${shown(options)}; its options are an object with: ${allowed.join(", ")}.`,
    );
  }
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${what} has no option "${unknown}"; there are: ${allowed.join(", ")}.`,
  );
}

/** `whose` goes on after "a function". @throws E_BAD_OPTION unless it is one */
export function checkFunction(
  what: string,
  given: unknown,
  whose = "",
): asserts given is (...args: never[]) => unknown {
  if (typeof given === "function") return;
  throw new PerdureError("E_BAD_OPTION", `${what} is ${shown(given)}; it must be a function${whose}.`);
}

/** @throws E_BAD_OPTION unless it is absent, or a schema */
export function checkSchema(what: string, schema: StandardSchemaV1 | undefined): void {
  // From people whom no types keep from anything: null, too.
  const given: unknown = schema;
  if (given === undefined) return;
  const isObject = (typeof given === "object" && given !== null) || typeof given === "function";
  if (isObject && typeof (given as StandardSchemaV1)["~standard"]?.validate === "function") return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `The schema of ${what} is ${shown(given)}; it must be a Standard Schema (valibot, zod, arktype, …).`,
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
