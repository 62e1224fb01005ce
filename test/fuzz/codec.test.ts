// Any value through the codec: it comes back the same, again and again, or is refused with its place. Nothing in between.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../lib/engine/codec.ts";
import { MAX_VALUE_BYTES, MAX_VALUE_DEPTH } from "../../lib/limits.ts";
import { PerdureError } from "../../lib/sdk/errors.ts";
import { hostileText, keptValue, LOST, place } from "./values.ts";

/** As it goes into a store and comes out of it: UTF-8. */
function trip(value: unknown): unknown {
  const { encoding, text } = encode(value);
  return decode({ encoding, text: Buffer.from(text, "utf8").toString("utf8") });
}

/** Of the same classes too, and whatever a field is called: vitest asks a field `constructor` for the class. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toBe(expected);
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    return error.code;
  }
}

const refusalOf = (value: unknown) => () => encode(value);

describe("a value that can be recorded", () => {
  test("comes back the same, and the same again when it is recorded once more", () => {
    fc.assert(
      fc.property(keptValue, (value) => {
        const first = trip(value);
        expectSame(first, value);
        // J3: a replay gives what the first run got.
        expectSame(trip(first), first);
        expect(encode(first)).toEqual(encode(value));
      }),
      { numRuns: 500 },
    );
  });

  test("keeps which of its parts are one and the same", () => {
    fc.assert(
      fc.property(keptValue, place, (part, putIn) => {
        fc.pre(typeof part === "object" && part !== null);
        const copy = trip([putIn(part), part, part]) as unknown[];
        expectSame(copy, [putIn(part), part, part]);
        expect(copy[1]).toBe(copy[2]);
      }),
    );
  });

  test("keeps a cycle through any container", () => {
    fc.assert(
      fc.property(place, (putIn) => {
        const root: { self?: unknown } = {};
        root.self = putIn(root);
        const copy = trip(root) as typeof root;
        expectSame(copy, root);
      }),
    );
  });

  test("may share its parts so often that it would unfold to more than there is memory", () => {
    let value: unknown = ["leaf"];
    for (let i = 0; i < 150; i += 1) value = [value, value];
    let copy = trip(value);
    for (let i = 0; i < 150; i += 1) {
      const [a, b] = copy as [unknown, unknown];
      expect(a).toBe(b);
      copy = a;
    }
    expect(copy).toEqual(["leaf"]);
  });

  test("may be a list with a hole of four thousand million places", () => {
    const list: unknown[] = [];
    list[4_000_000_000] = "far";
    const copy = trip(list) as unknown[];
    expect(copy.length).toBe(4_000_000_001);
    expect(copy[4_000_000_000]).toBe("far");
    expect(Object.keys(copy)).toHaveLength(1);
  });

  test("is the same class of bytes: a Buffer is a Buffer", () => {
    const copy = trip({ file: Buffer.from("text") }) as { file: Buffer };
    expect(copy.file.toString("utf8")).toBe("text");
    expect(copy.file.equals(Buffer.from("text"))).toBe(true);
  });

  test("says nothing of the memory around its bytes", () => {
    const memory = new TextEncoder().encode("secret window secret");
    const window = memory.subarray(7, 13);
    expect(encode(window).text).not.toContain(Buffer.from("secret").toString("base64").slice(0, 6));
    expect(new TextDecoder().decode(trip(window) as Uint8Array)).toBe("window");
  });
});

describe("a value that cannot be recorded", () => {
  test.each(Object.keys(LOST))("is refused wherever it lies: %s", (what) => {
    const make = LOST[what] ?? (() => undefined);
    fc.assert(
      fc.property(place, (putIn) => {
        expect(codeOf(refusalOf(putIn(make())))).toBe("E_NOT_SERIALIZABLE");
      }),
      { numRuns: 20 },
    );
    expect(refusalOf({ list: [0, make()] })).toThrow("at `value.list[1]");
  });

  test("leaves no prototype changed", () => {
    fc.assert(
      fc.property(fc.constantFrom("__proto__", "constructor", "prototype"), fc.jsonValue(), (name, inner) => {
        const hostile: unknown = JSON.parse(`{"a": {"${name}": {"polluted": ${JSON.stringify(inner)}}}}`);
        const copy = trip(hostile) as { a: object };
        expect(JSON.stringify(copy)).toBe(JSON.stringify(hostile));
        expect(Object.getPrototypeOf(copy.a)).toBe(Object.prototype);
        expect(Reflect.get({}, "polluted")).toBeUndefined();
      }),
    );
  });

  test("names a key that is no word so that it can be read", () => {
    expect(refusalOf({ "a b": { "\ud800": () => 1 } })).toThrow('at `value["a b"]["�"]` there is a function');
  });
});

describe("the limits", () => {
  const NESTERS: Readonly<Record<string, (inner: unknown) => unknown>> = {
    lists: (inner) => [inner],
    objects: (inner) => ({ inner }),
    Maps: (inner) => new Map([["inner", inner]]),
    "keys of Maps": (inner) => new Map([[inner, 1]]),
    Sets: (inner) => new Set([inner]),
    "objects without prototype": (inner) => Object.assign(Object.create(null), { inner }),
  };
  const nested = (nest: (inner: unknown) => unknown, depth: number) => {
    let value: unknown = new Date(0);
    for (let i = 0; i < depth; i += 1) value = nest(value);
    return value;
  };

  test.each(Object.keys(NESTERS))("end the depth of %s, and what is just allowed comes back", (what) => {
    const nest = NESTERS[what] ?? ((inner) => inner);
    const most = nested(nest, MAX_VALUE_DEPTH - 1);
    expectSame(trip(most), most);
    for (const depth of [MAX_VALUE_DEPTH + 1, 50_000]) {
      expect(codeOf(refusalOf(nested(nest, depth)))).toBe("E_NOT_SERIALIZABLE");
    }
  });

  test("end the size to the byte", () => {
    const quotes = 2;
    expect(trip("x".repeat(MAX_VALUE_BYTES - quotes))).toHaveLength(MAX_VALUE_BYTES - quotes);
    expect(codeOf(refusalOf("x".repeat(MAX_VALUE_BYTES - quotes + 1)))).toBe("E_TOO_LARGE");
    expect(codeOf(refusalOf("ü".repeat(MAX_VALUE_BYTES / 2)))).toBe("E_TOO_LARGE");
    expect(codeOf(refusalOf(new Uint8Array(MAX_VALUE_BYTES)))).toBe("E_TOO_LARGE");
  });

  test("end a text that is longer than any text can be", () => {
    const large = "\u0000".repeat(2 ** 20);
    const parts = Array.from({ length: 100 }, () => [large]);
    expect(codeOf(refusalOf(parts))).toBe("E_TOO_LARGE");
  });
});

describe("an error", () => {
  const message = hostileText;
  const { error } = fc.letrec<{ error: Error; part: unknown }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 4 },
      keptValue,
      tie("error"),
      fc.array(tie("part"), { maxLength: 2 }),
      fc.array(fc.tuple(hostileText, tie("part")), { maxLength: 2 }).map((pairs) => new Map(pairs)),
      fc.record({ one: tie("part"), other: tie("part") }),
    ),
    error: fc
      .record({
        message,
        make: fc.constantFrom(Error, TypeError, RangeError),
        cause: fc.option(tie("part"), { nil: "none" }),
        fields: fc.dictionary(hostileText, tie("part"), { maxKeys: 3 }),
      })
      .map(({ message, make, cause, fields }) => {
        const made = new make(message, cause === "none" ? {} : { cause });
        for (const [name, value] of Object.entries(fields)) {
          Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
        }
        return made;
      }),
  }));

  test("of any shape comes back as one, and the same when it is recorded again", () => {
    fc.assert(
      fc.property(error, (thrown) => {
        const first = trip({ thrown }) as { thrown: Error };
        expect(Object.getPrototypeOf(first.thrown)).toBe(Object.getPrototypeOf(thrown));
        expect(first.thrown.message).toBe(thrown.message.toWellFormed());
        const second = trip(first) as { thrown: Error };
        expectSame(second, first);
        expect(encode(second).text).toBe(encode(first).text);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps an empty list of errors, and says how many it has left out", () => {
    expect((trip(new AggregateError([], "none")) as AggregateError).errors).toEqual([]);
    const many = trip(new AggregateError(Array.from({ length: 20 }, (_, i) => i))) as AggregateError;
    expect(many.errors).toEqual([0, 1, 2, 3, 4, 5, 6, 7, "[and 12 more]"]);
  });

  test("whose field is nested deeper than a value may be is still readable", () => {
    let deep: unknown = [];
    for (let i = 0; i < 5_000; i += 1) deep = [deep];
    const copy = trip(Object.assign(new Error("deep"), { deep })) as Error & { deep: unknown };
    expect(copy.message).toBe("deep");
    expect(typeof copy.deep).toBe("string");
  });

  test("as it was recorded before its errors were a list is read as ever", () => {
    const text =
      '[["Error",1],{"name":2,"message":3,"fields":4},"AggregateError","both",[5],[6,7],"errors.0",{"value":8},"a"]';
    const old = decode({ encoding: "devalue", text }) as AggregateError;
    expect(old).toBeInstanceOf(AggregateError);
    expect(old.errors).toEqual(["a"]);
  });
});

describe("any text in place of a recorded value", () => {
  test("is a value or an error, and changes no prototype", () => {
    const recorded = keptValue.map((value) => encode(value).text);
    const mutated = fc.tuple(recorded, fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, with_]) => {
      const i = at % (text.length + 1);
      return text.slice(0, i) + with_ + text.slice(i + 1);
    });
    fc.assert(
      fc.property(
        fc.oneof(mutated, fc.json(), hostileText),
        fc.constantFrom("json" as const, "devalue" as const),
        (text, encoding) => {
          try {
            decode({ encoding, text });
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
          expect(Object.keys(Object.prototype)).toEqual([]);
          expect(Reflect.get({}, "polluted")).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});
