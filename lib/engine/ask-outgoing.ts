// What authors may publish, set and emit: checked, and taken as it is at the time of the call, because the code may change
// the object in its next line.
import { MAX_EVENT_BYTES, MAX_EVENT_SOURCE_CHARS, MAX_STATE_BYTES, MAX_VALUE_DEPTH } from "../limits.ts";
import type { AttributeChange } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkKeys } from "../sdk/options.ts";
import type { EmittedEvent } from "../sdk/outgoing.ts";
import { checkAttributes } from "./attributes.ts";
import type { AskedOf } from "./call-factory.ts";
import { type Encoded, encode } from "./codec.ts";

const DEFAULT_SOURCE = "perdure";

export function askState(state: unknown): AskedOf<"state"> {
  return { kind: "state", state: bounded("The published state", encode(state), MAX_STATE_BYTES) };
}

export function askAttributes(change: AttributeChange): AskedOf<"attributes"> {
  checkAttributes("ctx.setAttributes", change, true);
  return { kind: "attributes", attributes: { ...change } };
}

export function askEvent(given: EmittedEvent): AskedOf<"event"> {
  const what = `event "${given.type}"`;
  checkKeys(`The ${what}`, given, ["type", "detail", "source"]);
  const { type, source = DEFAULT_SOURCE } = given;
  const isText = typeof source === "string" && source.isWellFormed();
  const isSource = isText && source.length >= 1 && source.length <= MAX_EVENT_SOURCE_CHARS;
  if (!isSource || source.startsWith("aws.")) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `source of ${what} is ${JSON.stringify(source)}; it must be 1 to ${MAX_EVENT_SOURCE_CHARS} whole characters that do not begin with "aws.".`,
    );
  }
  const detail = encode(plainJson(`detail of ${what}`, given.detail, "", 0) ?? null);
  return { kind: "event", event: type, source, detail: bounded(`The ${what}`, detail, MAX_EVENT_BYTES) };
}

function bounded(what: string, encoded: Encoded, mostBytes: number): Encoded {
  const sizeBytes = Buffer.byteLength(encoded.text);
  if (sizeBytes <= mostBytes) return encoded;
  throw new PerdureError("E_TOO_LARGE", `${what} is ${sizeBytes} bytes as text, the most is ${mostBytes}.`);
}

/** Who listens gets JSON: a Date is its ISO text, what is undefined is left out, and what JSON would lose is refused. */
function plainJson(what: string, value: unknown, path: string, depth: number): unknown {
  if (depth > MAX_VALUE_DEPTH) throw notJson(what, path, `it is nested more than ${MAX_VALUE_DEPTH} deep`);
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean")
    return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  const inside = (inner: unknown, key: string) => plainJson(what, inner, `${path}${key}`, depth + 1);
  if (Array.isArray(value)) return value.map((item: unknown, i) => inside(item, `[${i}]`) ?? null);
  const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (typeof value !== "object" || (prototype !== Object.prototype && prototype !== null))
    throw notJson(what, path, "it is not JSON");
  const fields = Object.entries(value).map(([key, field]) => [key, inside(field, `.${key}`)] as const);
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined));
}

function notJson(what: string, path: string, why: string): PerdureError {
  return new PerdureError("E_NOT_SERIALIZABLE", `The ${what} cannot be sent: at \`detail${path}\`, ${why}.`);
}
