// Recorded values as JSON for people: always valid JSON, never a crash.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toJsonView } from "../../lib/api/json-view.ts";

describe("toJsonView", () => {
  test("leaves plain JSON as it is", () => {
    fc.assert(
      fc.property(
        fc.json().map((text): unknown => JSON.parse(text)),
        (value) => {
          expect(JSON.parse(JSON.stringify(toJsonView(value)))).toEqual(value);
        },
      ),
    );
  });

  test("makes JSON of anything", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(typeof JSON.stringify(toJsonView(value))).toBe("string");
      }),
    );
  });

  test.each([
    ["a time", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a time that is none", new Date(Number.NaN), "Invalid Date"],
    ["a large number", 2n ** 64n, "18446744073709551616"],
    ["what is no number", [Number.NaN, Number.POSITIVE_INFINITY, -0], ["NaN", "Infinity", "-0"]],
    ["a map of text", new Map([["a", new Set([1])]]), { a: [1] }],
    ["a map of objects", new Map([[{ id: 1 }, "one"]]), [[{ id: 1 }, "one"]]],
    ["bytes", new Uint8Array([1, 2, 3]), "AQID"],
    ["part of a buffer", new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4), "AQID"],
    [
      "an error",
      new RangeError("no", { cause: new Error("why") }),
      { name: "RangeError", message: "no", cause: { name: "Error", message: "why" } },
    ],
    ["nothing", { a: undefined, b: null }, { a: null, b: null }],
    ["an address", new URL("https://example.com/"), "https://example.com/"],
  ])("shows %s", (_what, value, shown) => {
    expect(JSON.parse(JSON.stringify(toJsonView(value)))).toEqual(shown);
  });

  test("ends where a value contains itself, and shows a part twice that is there twice", () => {
    const part = { n: 1 };
    const value: Record<string, unknown> = { a: part, b: part };
    value.self = value;
    expect(JSON.parse(JSON.stringify(toJsonView(value)))).toEqual({ a: part, b: part, self: "[circular]" });
  });

  test("keeps a field that is named like the prototype a field", () => {
    expect(JSON.stringify(toJsonView(JSON.parse('{"__proto__":{"admin":true}}')))).toBe(
      '{"__proto__":{"admin":true}}',
    );
  });

  test("gives up on a value that unfolds without end", () => {
    let value: unknown = "x";
    for (let i = 0; i < 40; i += 1) value = { a: value, b: value };
    expect(JSON.stringify(toJsonView(value))).toContain("[too large]");
  });

  const text = "x".repeat(50_000);
  const control = "\u0001".repeat(50_000);
  test.each<[string, unknown, number]>([
    ["text", text, 12_000],
    ["a long name", { [text]: 1 }, 12_000],
    ["a name that JSON makes longer", { [control]: 1 }, 12_000],
    ["text that JSON makes longer", control, 12_000],
    ["bytes", Buffer.from(text), 12_000],
    ["a set", new Set([text]), 12_000],
    ["an error", new Error(text), 12_000],
    ["times", [new Date(0), new Date(0), new Date(0)], 60_000],
    ["numbers", { "a long name": 0.1 + 0.2 }, 120_000],
  ])("shows at most 4 MiB of a value, however often it has %s", (_, part, times) => {
    const shown = JSON.stringify(toJsonView(Array.from({ length: times }, () => part)));
    expect(shown.length).toBeLessThan(4 * 1024 * 1024 + 100);
    expect(shown).toContain("[too large]");
  });

  test("says that a list or an object goes on", () => {
    expect(toJsonView(["a".repeat(90), "b".repeat(90), "c"], 150)).toEqual(["a".repeat(90), "[too large]"]);
    expect(toJsonView({ a: "a".repeat(90), b: "b".repeat(90), c: 1 }, 150)).toEqual({
      a: "a".repeat(90),
      b: "[too large]",
    });
  });
});
