// Errors as data and back. An error comes back with its name, message, stack, code, cause and own fields, and as an
// instance of its class when the class is built in or ours. Whatever is thrown, however odd, becomes a record: a
// cycle ends in a word, a field that cannot be kept becomes text.
import { MAX_ERROR_DEPTH, MAX_ERROR_TEXT_CHARS } from "../limits.ts";
import { PerdureError, RetryableError, StepError, TerminalError, TimeoutError } from "../sdk/errors.ts";

type Kept = { readonly error: ErrorRecord } | { readonly value: unknown };

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
    if (value instanceof Error) {
      return above.size >= MAX_ERROR_DEPTH
        ? { value: "[too deep]" }
        : { error: record(value, keepable, above) };
    }
    return { value: keepable(value) ? value : asText(value) };
  };
  const fields: [string, Kept][] = [];
  for (const key of [...Object.keys(error), ...(error instanceof AggregateError ? ["errors"] : [])]) {
    if (NOT_FIELDS.has(key)) continue;
    const value = read(error, key);
    if (key === "errors" && Array.isArray(value)) {
      fields.push(
        ...value.slice(0, MAX_ERROR_DEPTH).map((inner, i): [string, Kept] => [`errors.${i}`, keep(inner)]),
      );
    } else {
      fields.push([key, keep(value)]);
    }
  }
  const stack = read(error, "stack");
  const result: ErrorRecord = {
    name: asText(read(error, "name")),
    message: asText(read(error, "message")),
    ...(typeof stack === "string" ? { stack: stack.slice(0, MAX_ERROR_TEXT_CHARS) } : {}),
    ...(Object.hasOwn(error, "cause") ? { cause: keep(read(error, "cause")) } : {}),
    fields,
  };
  above.delete(error);
  return result;
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
    if (key.startsWith("errors.")) inner.push(restoreKept(kept));
    else
      Object.defineProperty(error, key, {
        value: restoreKept(kept),
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  if (inner.length > 0) define(error, "errors", inner);
  return error;
}

function restoreKept(kept: Kept): unknown {
  return "error" in kept ? restoreError(kept.error) : kept.value;
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}

/** A getter may throw. */
function read(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key);
  } catch {
    return "[unreadable]";
  }
}

/** Anything as bounded text; `toString` may throw. */
export function asText(value: unknown): string {
  try {
    return String(value).slice(0, MAX_ERROR_TEXT_CHARS);
  } catch {
    return "[unreadable]";
  }
}
