import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../lib/engine/codec.ts";
import { StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { RetryableError } from "../../lib/sdk/retryable-error.ts";

const back = (value: unknown) => decode(encode(value));

describe("the codec", () => {
  it("gives back every JSON value as it was, as plain JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noNullPrototype: true } as never), (value) => {
        const plain = JSON.parse(JSON.stringify(value));
        expect(encode(plain).encoding).toBe("json");
        expect(back(plain)).toStrictEqual(plain);
      }),
    );
  });

  it("keeps the types that JSON would lose", () => {
    const leaf = fc.oneof(
      fc.date({ noInvalidDate: true }),
      fc.bigInt(),
      fc.uint8Array({ maxLength: 10 }),
      fc.double(),
      fc.constant(undefined),
      fc.constant(-0),
      fc.string({ unit: "binary", maxLength: 10 }),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.array(fc.tuple(fc.string(), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
        fc.array(tie("value"), { maxLength: 3 }).map((items) => new Set(items)),
        fc.dictionary(
          fc.string().filter((key) => key !== "__proto__"),
          tie("value"),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (original) => {
        expect(back(original)).toStrictEqual(original);
      }),
    );
  });

  it("keeps a cycle", () => {
    const node: { self?: unknown; name: string } = { name: "n" };
    node.self = node;
    const copy = back(node) as typeof node;
    expect(copy.self).toBe(copy);
  });

  it.each([
    ["a function", { a: { b: () => 1 } }, ".a.b"],
    ["a symbol", [1, Symbol("s")], "[1]"],
    ["a class instance", { when: { by: new (class Clerk {})() } }, ".when.by"],
    ["a promise", { later: Promise.resolve(1) }, ".later"],
  ])("names the path of %s", (_what, value, path) => {
    expect(() => encode(value)).toThrow(
      `E_NOT_SERIALIZABLE  The value cannot be recorded: at \`value${path}\``,
    );
  });

  it("refuses what is nested too deep instead of overflowing the stack", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = { deep };
    expect(() => encode(deep)).toThrow("E_NOT_SERIALIZABLE");
  });

  it("refuses what is too large, naming both sizes", () => {
    expect(() => encode("x".repeat(5_000_000))).toThrow(/E_TOO_LARGE .*5000002 bytes.*4194304/);
  });

  it("does not let a key named __proto__ change a prototype", () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}');
    const copy = back(hostile) as object;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("an error", () => {
  it("comes back with class, name, message, code, cause and own fields", () => {
    class CardDeclined extends Error {
      override readonly name = "CardDeclined";
      readonly code = "card_declined";
      readonly details = { at: new Date(0), tries: 3n };
    }
    const copy = back(
      new CardDeclined("no", { cause: new TypeError("inner", { cause: "text" }) }),
    ) as CardDeclined;
    expect(copy).toBeInstanceOf(Error);
    expect(copy).toMatchObject({ name: "CardDeclined", message: "no", code: "card_declined" });
    expect(copy.details).toStrictEqual({ at: new Date(0), tries: 3n });
    expect(copy.cause).toBeInstanceOf(TypeError);
    expect((copy.cause as Error).cause).toBe("text");
    expect(copy.stack).toContain("CardDeclined");
  });

  it("of ours comes back as an instance of its class", () => {
    expect(back(new TerminalError("t"))).toBeInstanceOf(TerminalError);
    const retryable = back(new RetryableError("r", { retryAfter: "3s" })) as RetryableError;
    expect(retryable).toBeInstanceOf(RetryableError);
    expect(retryable.retryAfter).toBe("3s");
    const step = back(new StepError("charge", 2, new Error("no"))) as StepError;
    expect(step).toBeInstanceOf(StepError);
    expect(step).toMatchObject({ step: "charge", attempt: 2 });
  });

  it("without a name of its own is called by its class, and is of the class it extends", () => {
    class PaymentError extends Error {}
    class CardStolen extends TerminalError {
      readonly card = "1";
    }
    class OutOfBounds extends RangeError {}
    class Named extends TypeError {
      override readonly name = "Odd";
    }
    for (const [error, name, base] of [
      [new PaymentError("no"), "PaymentError", Error],
      [new CardStolen("no"), "CardStolen", TerminalError],
      [new OutOfBounds("no"), "OutOfBounds", RangeError],
      [new Named("no"), "Odd", TypeError],
      [new TerminalError("no"), "TerminalError", TerminalError],
      [new RangeError("no"), "RangeError", RangeError],
      [Object.assign(new PaymentError("no"), { name: "Mine" }), "Mine", Error],
    ] as const) {
      const copy = back(error) as Error;
      expect([copy.name, `${copy}`]).toEqual([name, `${name}: no`]);
      expect(copy.constructor).toBe(base);
      // The same when it is recorded again.
      expect(encode(back(copy)).text).toBe(encode(copy).text);
    }
    expect((back(new CardStolen("no")) as CardStolen).card).toBe("1");
  });

  it("of a class that a minifier has renamed, or that has no name, keeps the name it has", () => {
    const made = [class a extends Error {}, class e2t extends RangeError {}, class extends Error {}];
    Object.defineProperty(made[2], "name", { value: "" });
    const odd = class Strange extends Error {};
    Object.defineProperty(odd, "name", {
      get() {
        throw new Error("trapped");
      },
    });
    expect(made.map((of) => (back(new of("no")) as Error).name)).toEqual(["Error", "RangeError", "Error"]);
    expect((back(new odd("no")) as Error).message).toBe("no");
    const without = Object.assign(new Error("no"), { constructor: "Shop" });
    expect(back(without)).toMatchObject({ name: "Error", constructor: "Shop" });
  });

  it("with a cycle, a throwing getter or an unkeepable field still comes back readable", () => {
    const error = new Error("odd") as Error & Record<string, unknown>;
    error.cause = error;
    error.self = { error };
    error.socket = () => 1;
    Object.defineProperty(error, "trap", {
      enumerable: true,
      get() {
        throw new Error("trapped");
      },
    });
    const copy = back(error) as typeof error;
    expect(copy.message).toBe("odd");
    expect(copy.cause).toBe("[circular]");
    expect(copy.trap).toBe("[unreadable]");
    expect(typeof copy.socket).toBe("string");
  });

  it("keeps the errors of an AggregateError", () => {
    const copy = back(new AggregateError([new Error("a"), "b"], "both")) as AggregateError;
    expect(copy).toBeInstanceOf(AggregateError);
    expect(copy.errors.map(String)).toEqual(["Error: a", "b"]);
  });

  it("inside a value that its own field points back to is kept", () => {
    const result: { error?: unknown; ok: boolean } = { ok: false };
    const error = new Error("loop") as Error & { context?: unknown };
    error.context = result;
    result.error = error;
    expect((back(result) as { error: Error }).error.message).toBe("loop");
  });
});
