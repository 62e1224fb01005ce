// Values to text and back, keeping their types (DESIGN §3.1). Plain JSON when JSON loses nothing, devalue otherwise.
// The workflow always gets what `decode` makes of the recorded text, on the first run too, so that both are the same
// value (J3).
import * as devalue from "devalue";
import { MAX_VALUE_BYTES, MAX_VALUE_DEPTH } from "../limits.ts";
import type { Encoding } from "../ports/payload.ts";
import { PerdureError } from "../sdk/errors.ts";
import { asText, type ErrorRecord, recordError, restoreError } from "./error-record.ts";

export interface Encoded {
  readonly encoding: Encoding;
  readonly text: string;
}

/**
 * @throws E_NOT_SERIALIZABLE with the path of the culprit
 * @throws E_TOO_LARGE above 4 MiB of text
 */
export function encode(value: unknown): Encoded {
  const encoded = isPlainJson(value)
    ? ({ encoding: "json", text: JSON.stringify(value) } as const)
    : ({ encoding: "devalue", text: stringify(value) } as const);
  const sizeBytes = Buffer.byteLength(encoded.text);
  if (sizeBytes > MAX_VALUE_BYTES) {
    throw new PerdureError(
      "E_TOO_LARGE",
      `The value is ${sizeBytes} bytes as text, the most is ${MAX_VALUE_BYTES}.`,
    );
  }
  return encoded;
}

export function decode({ encoding, text }: Encoded): unknown {
  if (encoding === "json") return JSON.parse(text);
  return devalue.parse(text, { Error: (record: ErrorRecord) => restoreError(record) });
}

function stringify(value: unknown): string {
  try {
    return devalue.stringify(value, {
      Error: (candidate: unknown) => candidate instanceof Error && recordError(candidate, isKeepable),
    });
  } catch (error) {
    const path =
      error instanceof devalue.DevalueError && error.path ? `at \`value${error.path}\`` : "somewhere in it";
    throw new PerdureError(
      "E_NOT_SERIALIZABLE",
      `The value cannot be recorded: ${path}, ${asText(Reflect.get(Object(error), "message"))}.`,
    );
  }
}

/** Whether a field of an error survives by itself; errors inside it do not, which ends every cycle. */
function isKeepable(value: unknown): boolean {
  try {
    return devalue.stringify(value).length <= MAX_VALUE_BYTES;
  } catch {
    return false;
  }
}

/**
 * True when JSON gives back the same value. A cycle is not plain and left to devalue.
 *
 * @throws E_NOT_SERIALIZABLE when nested too deep
 */
function isPlainJson(value: unknown, above: unknown[] = []): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (above.includes(value)) return false;
  if (above.length >= MAX_VALUE_DEPTH) {
    throw new PerdureError("E_NOT_SERIALIZABLE", `The value is nested more than ${MAX_VALUE_DEPTH} deep.`);
  }
  above.push(value);
  const plain = Array.isArray(value) ? isPlainArray(value, above) : isPlainObject(value, above);
  above.pop();
  return plain;
}

function isPlainArray(array: readonly unknown[], above: unknown[]): boolean {
  // Own keys tell holes and extra properties apart from a plain list.
  if (Object.keys(array).length !== array.length) return false;
  return array.every((item) => isPlainJson(item, above));
}

function isPlainObject(object: object, above: unknown[]): boolean {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype) return false;
  if (Object.getOwnPropertySymbols(object).length > 0 || typeof Reflect.get(object, "toJSON") === "function")
    return false;
  return Object.entries(object).every(([, item]) => isPlainJson(item, above));
}
