// Recorded values as JSON for people. One way only: a Date and the text of it look the same here. Values keep their
// types in the journal; who needs those reads the journal's own encoding.
import { MAX_VALUE_BYTES } from "../limits.ts";

/** Parts shown of one value. A value that contains a part many times unfolds to far more than was recorded. */
const MAX_PARTS = 250_000;
const TOO_LARGE = "[too large]";

/** What JSON.stringify takes without loss. */
export type Json = Leaf | Json[] | { [key: string]: Json };
type Leaf = null | boolean | number | string;

/**
 * Dates as ISO text, BigInt and non-finite numbers as text, bytes as base64, Set as a list, Map as an object when its
 * keys are text and as a list of pairs when not, errors with name, message, code and cause; `undefined` is `null`.
 *
 * @example
 * toJsonView(new Map([["total", 12n]])); // { total: "12" }
 */
export function toJsonView(value: unknown, mostBytes: number = MAX_VALUE_BYTES): Json {
  return view(value, { above: new Set(), partsLeft: MAX_PARTS, bytesLeft: mostBytes });
}

interface Walk {
  readonly above: Set<object>;
  partsLeft: number;
  /** Of JSON, for the same reason. */
  bytesLeft: number;
}

const isSpent = ({ partsLeft, bytesLeft }: Walk) => partsLeft < 0 || bytesLeft < 0;

function view(value: unknown, walk: Walk): Json {
  walk.partsLeft -= 1;
  if (isSpent(walk)) return TOO_LARGE;
  return typeof value === "object" && value !== null ? objectView(value, walk) : leaf(leafOf(value), walk);
}

/** Takes its own length and that of a comma. */
function leaf(shown: Leaf, walk: Walk): Leaf {
  walk.bytesLeft -= Buffer.byteLength(JSON.stringify(shown)) + 1;
  return isSpent(walk) ? TOO_LARGE : shown;
}

function leafOf(value: unknown): Leaf {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : Object.is(value, -0)
          ? "-0"
          : `${value}`;
    case "bigint":
      return `${value}`;
    case "undefined":
    case "object":
      return null;
    default:
      return `[${typeof value}]`;
  }
}

function objectView(object: object, walk: Walk): Json {
  if (walk.above.has(object)) return leaf("[circular]", walk);
  walk.above.add(object);
  const shown = contentView(object, walk);
  walk.above.delete(object);
  return shown;
}

function contentView(object: object, walk: Walk): Json {
  if (Array.isArray(object)) return listView(object, walk);
  if (object instanceof Date)
    return leaf(Number.isNaN(object.getTime()) ? "Invalid Date" : object.toISOString(), walk);
  if (object instanceof Map) return mapView(object, walk);
  if (object instanceof Set) return listView([...object], walk);
  if (object instanceof Error) return errorView(object, walk);
  if (object instanceof ArrayBuffer) return leaf(Buffer.from(object).toString("base64"), walk);
  if (ArrayBuffer.isView(object)) {
    const bytes = Buffer.from(object.buffer, object.byteOffset, object.byteLength);
    return leaf(bytes.toString("base64"), walk);
  }
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null) return fieldsView(Object.entries(object), walk);
  return leaf(textOf(object), walk);
}

/** Ends where there is no more room, with a part that says so. */
function listView(list: readonly unknown[], walk: Walk): Json {
  // A sparse array may claim any length; its holes are visited, too.
  if (list.length > walk.partsLeft) return leaf(TOO_LARGE, walk);
  walk.bytesLeft -= 3;
  const shown: Json[] = [];
  for (const item of list) {
    shown.push(view(item, walk));
    if (isSpent(walk)) break;
  }
  return shown;
}

function mapView(map: ReadonlyMap<unknown, unknown>, walk: Walk): Json {
  const pairs = [...map];
  return pairs.every((pair): pair is [string, unknown] => typeof pair[0] === "string")
    ? fieldsView(pairs, walk)
    : listView(pairs, walk);
}

function errorView(error: Error, walk: Walk): Json {
  const code: unknown = Reflect.get(error, "code");
  return fieldsView(
    [
      ["name", error.name],
      ["message", error.message],
      ...(typeof code === "string" ? [["code", code] as const] : []),
      ...(error.cause === undefined ? [] : [["cause", error.cause] as const]),
    ],
    walk,
  );
}

/** A null prototype, so that a field named `__proto__` is a field like any other. */
function fieldsView(fields: readonly (readonly [string, unknown])[], walk: Walk): Json {
  walk.bytesLeft -= 3;
  const shown: Record<string, Json> = Object.create(null);
  for (const [name, value] of fields) {
    walk.bytesLeft -= Buffer.byteLength(JSON.stringify(name)) + 1;
    if (isSpent(walk)) return TOO_LARGE;
    shown[name] = view(value, walk);
    if (isSpent(walk)) break;
  }
  return shown;
}

/** Of a URL, a RegExp, a Temporal date and their like. */
function textOf(object: object): string {
  try {
    // oxlint-disable-next-line typescript/no-base-to-string -- what has no text of its own says which class it is of
    return String(object);
  } catch {
    return "[unreadable]";
  }
}
