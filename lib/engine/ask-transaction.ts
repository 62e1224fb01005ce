// The writes of `ctx.tx`, checked before anything is asked of a table, and taken as they are at the time of the call.
import { MAX_ITEM_BYTES, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_WRITES, MAX_VALUE_DEPTH } from "../limits.ts";
import type { TransactionWrite } from "../ports/transaction.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { AskedOf } from "./call-factory.ts";
import { asText } from "./error-record.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isRecord: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const CONDITIONAL = {
  table: { holds: isText, is: "the name of a table", required: true },
  condition: { holds: isText, is: "a condition expression", required: false },
  names: { holds: isRecord, is: 'an object like { "#n": "name" }', required: false },
  values: { holds: isRecord, is: 'an object like { ":one": 1 }', required: false },
} as const;
const KEYED = {
  ...CONDITIONAL,
  key: { holds: isRecord, is: "an object with the item's key", required: true },
};

const FIELDS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  put: { ...CONDITIONAL, item: { holds: isRecord, is: "an object", required: true } },
  update: {
    ...KEYED,
    update: { holds: isText, is: "an update expression like `ADD #count :one`", required: true },
  },
  delete: KEYED,
  check: { ...KEYED, condition: { ...CONDITIONAL.condition, required: true } },
};

interface Field {
  readonly holds: Check;
  readonly is: string;
  readonly required: boolean;
}

export function askTransaction(name: string, writes: readonly TransactionWrite[]): AskedOf<"tx"> {
  const what = `transaction "${name}"`;
  if (!Array.isArray(writes) || writes.length < 1 || writes.length > MAX_TRANSACTION_WRITES) {
    const given = Array.isArray(writes) ? `${writes.length} writes` : `no list of writes`;
    throw bad(`The ${what} has ${given}; give a list of 1 to ${MAX_TRANSACTION_WRITES}.`);
  }
  for (const [i, write] of writes.entries()) checkWrite(`write ${i} of ${what}`, write);
  const taken = copied(what, writes);
  checkSize(what, taken);
  return { kind: "tx", writes: taken };
}

/** The table would refuse them, too, at the price of a request and in fewer words. */
function checkSize(what: string, writes: readonly TransactionWrite[]): void {
  let allBytes = 0;
  for (const [i, write] of writes.entries()) {
    allBytes += sizeOf(write);
    if (!("put" in write)) continue;
    const itemBytes = sizeOf(write.put.item);
    if (itemBytes > MAX_ITEM_BYTES)
      throw tooLarge(
        `The item of write ${i} of ${what} has about ${itemBytes} bytes, the most is ${MAX_ITEM_BYTES}.`,
      );
  }
  if (allBytes > MAX_TRANSACTION_BYTES)
    throw tooLarge(
      `The writes of ${what} have about ${allBytes} bytes together, the most is ${MAX_TRANSACTION_BYTES}.`,
    );
}

/** About what the table counts, never more: names and texts as UTF-8, bytes as they are, anything else as one byte. */
function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== "object" || value === null || depth > MAX_VALUE_DEPTH) return 1;
  const list = Array.isArray(value) || value instanceof Set;
  const parts: Iterable<unknown> = list ? value : Object.entries(value).flat();
  let sizeBytes = 1;
  for (const part of parts) sizeBytes += sizeOf(part, depth + 1);
  return sizeBytes;
}

function checkWrite(what: string, write: unknown): void {
  const [verb = "", ...others] = isRecord(write) ? Object.keys(write as object) : [];
  const fields = Object.hasOwn(FIELDS, verb) ? FIELDS[verb] : undefined;
  if (fields === undefined || others.length > 0)
    throw bad(`The ${what} must be one of { put }, { update }, { delete } and { check }.`);
  const given: unknown = Reflect.get(write as object, verb);
  if (!isRecord(given)) throw bad(`\`${verb}\` of ${what} must be an object.`);
  const asked = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(asked).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined)
    throw bad(
      `\`${verb}\` of ${what} has no field "${unknown}"; there are: ${Object.keys(fields).join(", ")}.`,
    );
  for (const [key, { holds, is, required }] of Object.entries(fields)) {
    const value = asked[key];
    if (value === undefined && !required) continue;
    if (!holds(value)) throw bad(`\`${verb}.${key}\` of ${what} must be ${is}.`);
  }
}

function copied(what: string, writes: readonly TransactionWrite[]): readonly TransactionWrite[] {
  try {
    return structuredClone(writes);
  } catch (error) {
    throw new PerdureError("E_NOT_SERIALIZABLE", `The ${what} holds what no table can: ${asText(error)}.`);
  }
}

function tooLarge(what: string): PerdureError {
  return new PerdureError("E_TOO_LARGE", what);
}

function bad(what: string): PerdureError {
  return new PerdureError("E_BAD_OPTION", what);
}
