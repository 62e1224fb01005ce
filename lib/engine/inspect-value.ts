// Which values can be recorded, and how. Everything that the codec would give back as something else is refused with
// its place, because the workflow would get another value than its step returned: an instance of a class, a list with
// fields of its own, a hidden property. Walks each object once, however often it is referred to, and no deeper than
// MAX_VALUE_DEPTH, so that neither writing nor reading can overflow the stack.
//
// What an error holds is left to error-recorder.ts, which keeps what it can.
import { types } from "node:util";
import { MAX_VALUE_DEPTH } from "../limits.ts";
import type { Encoding } from "../ports/payload.ts";
import { PerdureError } from "../sdk/errors.ts";
import { asText, isError } from "./error-record.ts";

/** Of a path that is shown. */
const MAX_PATH_CHARS = 200;

export interface Inspected {
  /** The one that keeps the value. */
  readonly encoding: Encoding;
  readonly holdsErrors: boolean;
}

/** @throws E_NOT_SERIALIZABLE with the path of the culprit */
export function inspectValue(value: unknown): Inspected {
  const inspection = new Inspection();
  try {
    inspection.visit(value);
  } catch (error) {
    if (error instanceof Refusal) throw notSerializable(inspection.path, error.message);
    // A getter or a proxy of the caller's.
    throw notSerializable(inspection.path, `something that cannot be read: ${asText(error)}`);
  }
  const { isJson, holdsErrors } = inspection;
  return { encoding: isJson ? "json" : "devalue", holdsErrors };
}

/** `what` is what is found there. */
export function notSerializable(path: readonly string[], what: string): PerdureError {
  const shown = path.join("").slice(0, MAX_PATH_CHARS).toWellFormed();
  const place = path.length === 0 ? "it is" : `at \`value${shown}\` there is`;
  return new PerdureError("E_NOT_SERIALIZABLE", `The value cannot be recorded: ${place} ${what}.`);
}

class Refusal extends Error {}

class Inspection {
  /** JSON gives back the same value. */
  isJson = true;
  holdsErrors = false;
  readonly path: string[] = [];
  readonly #seen = new Set<object>();

  visit(value: unknown): void {
    switch (typeof value) {
      case "string":
      case "boolean":
        return;
      case "number":
        if (!Number.isFinite(value) || Object.is(value, -0)) this.isJson = false;
        return;
      case "undefined":
      case "bigint":
        this.isJson = false;
        return;
      case "object":
        if (value !== null) this.#enter(value);
        return;
      default:
        throw new Refusal(`a ${typeof value}`);
    }
  }

  #enter(object: object): void {
    // JSON would make two objects of one, and has no cycles.
    if (this.#seen.has(object)) {
      this.isJson = false;
      return;
    }
    if (this.path.length >= MAX_VALUE_DEPTH)
      throw new Refusal(`nesting of more than ${MAX_VALUE_DEPTH} levels`);
    this.#seen.add(object);
    if (Array.isArray(object)) this.#list(object);
    else if (isPlainObject(object)) this.#record(object as Readonly<Record<string, unknown>>);
    else {
      this.isJson = false;
      if (types.isMap(object)) this.#map(object);
      else if (types.isSet(object)) this.#set(object);
      else if (isError(object)) this.holdsErrors = true;
      else assertKept(object);
    }
  }

  #list(list: readonly unknown[]): void {
    assertBuiltIn(list, "Array", 2);
    // Indexes come first, then `length`, then all others.
    const names = Object.getOwnPropertyNames(list);
    if (names.at(-1) !== "length") throw new Refusal(`a list with a field ${quote(names.at(-1))} of its own`);
    assertNoSymbols(list);
    if (names.length - 1 !== list.length || types.isProxy(list) || hasToJson(list)) this.isJson = false;
    if (names.length - 1 === list.length) {
      for (let i = 0; i < list.length; i += 1) this.#part(`[${i}]`, list[i]);
      return;
    }
    for (const name of names.slice(0, -1)) this.#part(`[${name}]`, list[Number(name)]);
  }

  #record(record: Readonly<Record<string, unknown>>): void {
    assertNoSymbols(record);
    const keys = Object.keys(record);
    const names = Object.getOwnPropertyNames(record);
    if (names.length !== keys.length) {
      throw new Refusal(`a hidden property ${quote(names.find((name) => !keys.includes(name)))}`);
    }
    if (Object.getPrototypeOf(record) === null || types.isProxy(record) || hasToJson(record))
      this.isJson = false;
    for (const key of keys)
      this.#part(/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${quote(key)}]`, record[key]);
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    assertBuiltIn(map, "Map", 2);
    assertBare(map);
    for (const [key, value] of map) {
      this.#part(".keys()", key);
      this.#part(`.get(${typeof key === "object" ? "…" : quote(key)})`, value);
    }
  }

  #set(set: ReadonlySet<unknown>): void {
    assertBuiltIn(set, "Set", 2);
    assertBare(set);
    for (const item of set) this.#part(".values()", item);
  }

  #part(key: string, value: unknown): void {
    this.path.push(key);
    this.visit(value);
    this.path.pop();
  }
}

/** Values without parts, of classes whose instances come back whole. */
function assertKept(object: object): void {
  const { name } = classOf(object);
  if (types.isDate(object)) assertWhole(object, "Date");
  else if (types.isRegExp(object)) assertUnused(object);
  else if (types.isBoxedPrimitive(object) && !types.isSymbolObject(object)) assertBuiltIn(object, name, 2);
  else if (types.isArrayBuffer(object)) assertWhole(object, "ArrayBuffer");
  else if (types.isDataView(object)) assertWhole(object, "DataView");
  else if (Buffer.isBuffer(object)) assertBuiltIn(object, "Buffer", 4);
  // Its indexes are not looked at: they may be millions.
  else if (types.isTypedArray(object)) assertBuiltIn(object, object[Symbol.toStringTag], 3);
  else if (object instanceof URL) assertBuiltIn(object, "URL", 2);
  else if (object instanceof URLSearchParams) assertBuiltIn(object, "URLSearchParams", 2);
  else if (types.isPromise(object)) throw new Refusal("a promise; await it first");
  else if (!/^\[object Temporal\.\w+\]$/.test(Object.prototype.toString.call(object))) {
    throw new Refusal(instanceOf(name));
  }
}

function assertUnused(pattern: RegExp): void {
  assertBuiltIn(pattern, "RegExp", 2);
  if (pattern.lastIndex !== 0) throw new Refusal("a RegExp in the middle of its matches");
}

function assertWhole(object: object, name: string): void {
  assertBuiltIn(object, name, 2);
  assertBare(object);
}

/** Not an instance of a class derived from it: those have a longer chain of prototypes. Of any realm. */
function assertBuiltIn(object: object, name: string, depth: number): void {
  const { name: found, depth: foundDepth } = classOf(object);
  if (found !== name || foundDepth !== depth) throw new Refusal(instanceOf(found));
}

function assertBare(object: object): void {
  const [field] = Reflect.ownKeys(object);
  if (field !== undefined)
    throw new Refusal(`a ${classOf(object).name} with a field ${quote(field)} of its own`);
}

function assertNoSymbols(object: object): void {
  const [symbol] = Object.getOwnPropertySymbols(object);
  if (symbol !== undefined) throw new Refusal(`a property named by a symbol, ${asText(symbol)}`);
}

/** The prototype of plain objects of another realm is known by what it has. */
export function isPlainObject(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object);
  if (prototype === Object.prototype) return true;
  if (Object.prototype.toString.call(object) !== "[object Object]") return false;
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

function classOf(object: object): { readonly name: string; readonly depth: number } {
  const prototype: object | null = Object.getPrototypeOf(object);
  let depth = 0;
  for (let above = prototype; above !== null && depth < 10; above = Object.getPrototypeOf(above)) depth += 1;
  const made: unknown = prototype === null ? undefined : Reflect.get(prototype, "constructor");
  return { name: typeof made === "function" ? made.name : "", depth };
}

function instanceOf(name: string): string {
  return name === "" ? "an object of a class of its own" : `an instance of ${name.slice(0, MAX_PATH_CHARS)}`;
}

function hasToJson(object: object): boolean {
  return typeof Reflect.get(object, "toJSON") === "function";
}

function quote(value: unknown): string {
  return JSON.stringify(asText(value).slice(0, MAX_PATH_CHARS));
}
