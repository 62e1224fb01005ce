// Values of every kind that JavaScript has: those that can be recorded, nested into each other, and those that cannot.
import fc from "fast-check";

/** Text with lone surrogates, NUL and what looks like the codec's own marks. */
export const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("\ud800", "a\udfff", "\u0000", "\u2028", "</script>", "$bytes", "__proto__", "constructor"),
);

/** Not `__proto__`: that key is of its own, below. */
const key = fc.oneof(
  fc.constantFrom(
    "constructor",
    "toString",
    "then_",
    "length",
    "hasOwnProperty",
    "0",
    "-1",
    "",
    "a.b",
    "$bytes",
  ),
  hostileText.filter((text) => text !== "__proto__"),
);

const leaf = fc.oneof(
  fc.constant(null),
  fc.constant(undefined),
  fc.boolean(),
  fc.double(),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 5e-324),
  fc.bigInt(),
  hostileText,
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
  fc.uint16Array({ maxLength: 5 }),
  fc.float64Array({ maxLength: 3 }),
  fc.uint8Array({ minLength: 8, maxLength: 9 }).map((bytes) => bytes.subarray(2, 5)),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => new DataView(bytes.buffer, 2, 4)),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => bytes.buffer),
  fc.constantFrom(/a+/gi, /\//, new URL("https://example.test/?q=1#h"), new URLSearchParams("a=1&a=2")),
  fc.constantFrom(Object(1), Object("text"), Object(true), Object(1n), Object(Number.NaN)),
);

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.sparseArray(tie("value"), { maxLength: 6, maxNumElements: 3 }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => new Set(items)),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: false }),
  ),
}));

/** Values that can be recorded. */
export const keptValue: fc.Arbitrary<unknown> = value;

/** What sets a part of a value in some place of it: in a list, under a key, in a Map. */
export const place: fc.Arbitrary<(part: unknown) => unknown> = fc
  .array(
    fc.oneof(
      fc.constant((part: unknown): unknown => [1, part]),
      fc.constant((part: unknown): unknown => ({ before: undefined, part })),
      fc.constant((part: unknown): unknown => new Map([["part", part]])),
      fc.constant((part: unknown): unknown => new Map([[part, 1]])),
      fc.constant((part: unknown): unknown => new Set([part])),
      fc.constant((part: unknown): unknown => Object.assign(Object.create(null), { part })),
    ),
    { maxLength: 4 },
  )
  .map((steps) => (part: unknown) => steps.reduceRight((inner, step) => step(inner), part));

class Money {
  readonly cents = 1n;
}
class Basket extends Map {}
class Tags extends Set {}
class Day extends Date {}
class List extends Array {}
class Bytes extends Uint8Array {}
class Web extends URL {}
class Pattern extends RegExp {}

const withField = <T extends object>(object: T): T => Object.assign(object, { extra: 1 });

function midway(): RegExp {
  const pattern = /a/g;
  pattern.test("aa");
  return pattern;
}

/** Each would come back as something else, or not at all. */
export const LOST: Readonly<Record<string, () => unknown>> = {
  "an instance of a class": () => new Money(),
  "a subclass of Map": () => new Basket(),
  "a subclass of Set": () => new Tags(),
  "a subclass of Date": () => new Day(0),
  "a subclass of Array": () => List.from([1]),
  "a subclass of Uint8Array": () => new Bytes(2),
  "a subclass of URL": () => new Web("https://example.test"),
  "a subclass of RegExp": () => new Pattern("a"),
  "an object with a prototype of its own": () => Object.create({ inherited: 1 }),
  "an object whose prototype has none": () => Object.create(Object.create(null)),
  "a function": () => () => 1,
  "a class": () => Money,
  "a symbol": () => Symbol("s"),
  "a boxed symbol": () => Object(Symbol("s")),
  "a promise": () => Promise.resolve(1),
  "a WeakMap": () => new WeakMap(),
  "a WeakRef": () => new WeakRef({}),
  "a generator": () => (function* () {})(),
  arguments: () =>
    (function (..._: unknown[]) {
      // biome-ignore lint/complexity/noArguments: this is what is tried
      return arguments;
    })(1, 2),
  globalThis: () => globalThis,
  Math: () => Math,
  "shared memory": () => new SharedArrayBuffer(2),
  "bytes in shared memory": () => new Uint8Array(new SharedArrayBuffer(2)),
  "a list with a field of its own": () => withField([1]),
  "what String.match gives": () => "abc".match(/b/),
  "a sparse list whose field makes up for its hole": () => {
    const list: unknown[] = [];
    list[1] = 1;
    return withField(list);
  },
  "a Map with a field of its own": () => withField(new Map()),
  "a Set with a field of its own": () => withField(new Set()),
  "a Date with a field of its own": () => withField(new Date(0)),
  "a RegExp in the middle of its matches": midway,
  "a hidden property": () => Object.defineProperty({ a: 1 }, "hidden", { value: 1 }),
  "a hidden toJSON": () => Object.defineProperty({ a: 1 }, "toJSON", { value: () => "other" }),
  "a toJSON": () => ({ a: 1, toJSON: () => "other" }),
  "a symbol key": () => ({ [Symbol("s")]: 1 }),
  "a hidden symbol key": () => Object.defineProperty({}, Symbol("s"), { value: 1 }),
  "a false tag": () => ({ [Symbol.toStringTag]: "Date" }),
  "a getter that throws": () =>
    Object.defineProperty({}, "trap", {
      enumerable: true,
      get() {
        throw new Error("trapped");
      },
    }),
  "a proxy that throws": () =>
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("trapped");
        },
      },
    ),
  "a proxy that does not say what it is": () =>
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error("trapped");
        },
      },
    ),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  // biome-ignore lint/suspicious/noThenProperty: this is what is tried
  "a thenable": () => ({ then: () => 1 }),
  "a key __proto__ beside a Date": () => {
    const hostile: object = JSON.parse('{"__proto__": {"polluted": true}}');
    return Object.assign(hostile, { at: new Date(0) });
  },
};
