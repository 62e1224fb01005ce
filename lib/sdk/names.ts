// What may be a name. '/' parts scopes and '#' counts occurrences in an id, so neither may stand in a name;
// and no table takes half of a character.
import { MAX_NAME_CHARS } from "../limits.ts";
import { PerdureError } from "./errors.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const FORBIDDEN = /[/#\u0000-\u001f\u007f]/;

/** @throws E_BAD_NAME when `name` cannot stand in an id */
export function checkName(what: string, name: unknown): asserts name is string {
  const isText = typeof name === "string" && name.isWellFormed() && !FORBIDDEN.test(name);
  if (isText && name.length >= 1 && name.length <= MAX_NAME_CHARS) return;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 40)) : String(typeof name);
  throw new PerdureError("E_BAD_NAME", `${shown} cannot be the name of a ${what}.`);
}

/** Names of workflows that begin so are ours. */
const RESERVED = "perdure.";
/** Carries schedules (engine/schedules/workflow.ts). */
export const SCHEDULE_WORKFLOW = `${RESERVED}schedule`;

export function isReserved(name: string): boolean {
  return name.startsWith(RESERVED);
}
