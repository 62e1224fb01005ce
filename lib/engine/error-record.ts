// Errors as data and back. An error comes back with its name, message, stack, code, cause and own fields, and as an
// instance of its class when the class is built in or ours. Whatever is thrown, however odd, becomes a record: a
// cycle ends in a word, a field that cannot be kept becomes text.
import { MAX_ERROR_DEPTH, MAX_ERROR_TEXT_CHARS } from "../limits.ts";
import {
  BatchError,
  CallbackError,
  CancelledError,
  ChildRunError,
  ConditionError,
  PerdureError,
  RetryableError,
  StepError,
  TerminalError,
  TimeoutError,
  TransactionError,
} from "../sdk/errors.ts";

type Kept =
  | { readonly error: ErrorRecord }
  | { readonly value: unknown }
  /** Errors and others: the `errors` of an AggregateError. */
  | { readonly list: readonly Kept[] };

export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: Kept;
  readonly fields: readonly (readonly [string, Kept])[];
}

const CLASSES = new Map<string, ErrorConstructor | { readonly prototype: Error }>(
  [
    Error,
    AggregateError,
    BatchError,
    CallbackError,
    CancelledError,
    ChildRunError,
    ConditionError,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    PerdureError,
    RetryableError,
    StepError,
    TerminalError,
    TimeoutError,
    TransactionError,
  ].map((known) => [known.name, known]),
);

const NOT_FIELDS = new Set(["name", "message", "stack", "cause", "__proto__"]);

/** `keepable` says whether the codec can carry a field's value. */
export function recordError(error: Error, keepable: (value: unknown) => boolean): ErrorRecord {
  return record(error, keepable, new Set());
}

function record(error: Error, keepable: (value: unknown) => boolean, above: Set<unknown>): ErrorRecord {
  above.add(error);
  const keep = (value: unknown): Kept => {
    if (above.has(value)) return { value: "[circular]" };
    if (isError(value)) {
      return above.size >= MAX_ERROR_DEPTH
        ? { value: "[too deep]" }
        : { error: record(value, keepable, above) };
    }
    return { value: keepable(value) ? value : asText(value) };
  };
  const fields: [string, Kept][] = [];
  for (const key of fieldsOf(error)) {
    if (NOT_FIELDS.has(key)) continue;
    const value = readField(error, key);
    fields.push([key, key === "errors" && Array.isArray(value) ? keepErrors(value, keep) : keep(value)]);
  }
  const stack = readField(error, "stack");
  const result: ErrorRecord = {
    name: asText(readField(error, "name")),
    message: asText(readField(error, "message")),
    ...(typeof stack === "string" ? { stack: stack.slice(0, MAX_ERROR_TEXT_CHARS) } : {}),
    ...(Object.hasOwn(error, "cause") ? { cause: keep(readField(error, "cause")) } : {}),
    fields,
  };
  above.delete(error);
  return result;
}

/** Its own, and two that are not listed: an AggregateError hides its errors, and a class may have its code in a getter. */
function fieldsOf(error: Error): ReadonlySet<string> {
  const fields = new Set(Object.keys(error));
  if (error instanceof AggregateError) fields.add("errors");
  if (["string", "number"].includes(typeof readField(error, "code"))) fields.add("code");
  return fields;
}

/** What is left out is said, not dropped in silence. */
function keepErrors(errors: readonly unknown[], keep: (value: unknown) => Kept): Kept {
  const kept = errors.slice(0, MAX_ERROR_DEPTH).map(keep);
  const more = errors.length - kept.length;
  return { list: more === 0 ? kept : [...kept, { value: `[and ${more} more]` }] };
}

export function restoreError(record: ErrorRecord): Error {
  const error = new Error(record.message);
  const known = CLASSES.get(record.name);
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  if (error.name !== record.name) define(error, "name", record.name);
  if (record.stack !== undefined) define(error, "stack", record.stack);
  if (record.cause !== undefined) define(error, "cause", restoreKept(record.cause));
  const inner: unknown[] = [];
  for (const [key, kept] of record.fields) {
    // As errors of an error were recorded at first: one by one.
    if (/^errors\.\d+$/.test(key)) inner.push(restoreKept(kept));
    // An AggregateError hides its errors.
    else define(error, key, restoreKept(kept), !(key === "errors" && error instanceof AggregateError));
  }
  if (inner.length > 0) define(error, "errors", inner);
  return error;
}

function restoreKept(kept: Kept): unknown {
  if ("error" in kept) return restoreError(kept.error);
  return "list" in kept ? kept.list.map(restoreKept) : kept.value;
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable, configurable: true });
}

/** A proxy may throw when it is asked what it is. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** A getter may throw. */
export function readField(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key);
  } catch {
    return "[unreadable]";
  }
}

/** Anything as bounded text that every store takes: cut, but not through a pair of surrogates. `toString` may throw. */
export function asText(value: unknown): string {
  try {
    return String(value).slice(0, MAX_ERROR_TEXT_CHARS).toWellFormed();
  } catch {
    return "[unreadable]";
  }
}
