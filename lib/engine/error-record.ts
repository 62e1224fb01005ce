// What is recorded of an error (error-recorder.ts), and back. An error comes back with its name, message, stack, code,
// cause and own fields, and as an instance of its class when the class is built in or ours.
import { MAX_ERROR_TEXT_CHARS } from "../limits.ts";
import {
  BatchError,
  CallbackError,
  CancelledError,
  ChildRunError,
  ConditionError,
  PerdureError,
  StepError,
  TerminalError,
  TimeoutError,
  TransactionError,
} from "../sdk/errors.ts";
import { RetryableError } from "../sdk/retryable-error.ts";
import { cut } from "./cut.ts";

export type Kept =
  | { readonly error: ErrorRecord }
  | { readonly value: unknown }
  /** Errors and others: the `errors` of an AggregateError. */
  | { readonly list: readonly Kept[] };

export interface ErrorRecord {
  readonly name: string;
  /** The class it extends, when that is one that comes back and not the one of its name. */
  readonly base?: string;
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

const PROTOTYPES: ReadonlyMap<object, string> = new Map(
  [...CLASSES].map(([name, known]) => [known.prototype, name]),
);
/** Names of classes up to this are what minifiers give. */
const MIN_CLASS_NAME_CHARS = 4;
/** Of classes that extend each other: a proxy may have any number. */
const MAX_CLASS_DEPTH = 50;

export function restoreError(record: ErrorRecord): Error {
  const error = new Error(record.message);
  const known = CLASSES.get(record.name) ?? CLASSES.get(record.base ?? "");
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  if (error.name !== record.name) define(error, "name", record.name);
  // Without one it was one of many: where it is read has nothing to do with where it was thrown.
  define(error, "stack", record.stack ?? `${record.name}: ${record.message}`);
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

/**
 * What it is called: by its class when it has no name of its own but the one of the class that it extends, which says
 * nothing of `class PaymentError extends Error {}`. Minifiers rename classes, to a few characters: those names are none.
 */
export function namesOf(error: Error): { readonly name: string; readonly base?: string } {
  const name = asText(readField(error, "name"));
  const base = knownClassOf(error);
  const made = asText(classNameOf(error));
  const called = name === base && made.length >= MIN_CLASS_NAME_CHARS ? made : name;
  return called === base || base === undefined || base === "Error"
    ? { name: called }
    : { name: called, base };
}

/** The nearest class that comes back as itself. */
function knownClassOf(error: Error): string | undefined {
  try {
    let above: object | null = Object.getPrototypeOf(error);
    for (let depth = 0; above !== null && depth < MAX_CLASS_DEPTH; depth += 1) {
      const name = PROTOTYPES.get(above);
      if (name !== undefined) return name;
      above = Object.getPrototypeOf(above);
    }
  } catch {
    // Somebody's proxy.
  }
  return undefined;
}

function classNameOf(error: Error): unknown {
  const made = readField(error, "constructor");
  return typeof made === "function" ? readField(made, "name") : "";
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

/** Anything as bounded text that every store takes. `toString` may throw. */
export function asText(value: unknown): string {
  try {
    return cut(String(value), MAX_ERROR_TEXT_CHARS);
  } catch {
    return "[unreadable]";
  }
}
