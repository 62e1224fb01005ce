// Errors that stand in the fields of errors, as values: over the codec, and over the ends of runs.
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../lib/engine/codec.ts";
import { MAX_ERROR_DEPTH, MAX_ERROR_STACKS, MAX_VALUE_DEPTH } from "../../lib/limits.ts";
import type { Batch } from "../../lib/sdk/batch.ts";
import { BatchError, ChildRunError, StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

function back<T>(value: T): T {
  return decode(encode(value)) as T;
}

function withFields<F extends object>(message: string, fields: F): Error & F {
  return Object.assign(new Error(message), fields);
}

function batchOf(count: number, resultOf: (index: number) => unknown): Batch<unknown> {
  const items = Array.from({ length: count }, (_, index) => {
    const error = new StepError(`all/${index}/s`, 1, new RangeError(`no ${index}`));
    const of = { index, key: String(index) };
    return index % 2 === 0
      ? { ...of, status: "failed" as const, error }
      : { ...of, status: "succeeded" as const, value: resultOf(index) };
  });
  return {
    items,
    values: items.flatMap((item) => (item.status === "succeeded" ? [item.value] : [])),
    failures: items.filter((item) => item.status === "failed"),
    completion: "too-many-failures",
  };
}

describe("errors in the fields of an error", () => {
  it("come back as errors, wherever they stand, and as the same where they were the same", () => {
    const cause = new TerminalError("shared", { cause: new RangeError("why") });
    const list: unknown[] = [new TypeError("in a list")];
    list[3] = cause;
    const copy = back(
      withFields("outer", {
        cause,
        list,
        deep: { map: new Map<unknown, unknown>([["key", { cause }]]), set: new Set([cause]) },
        bare: Object.assign(Object.create(null) as object, { cause, at: new Date(5) }),
      }),
    );
    const [first, , , shared] = copy.list as [Error, unknown, unknown, TerminalError];
    expect(first).toBeInstanceOf(TypeError);
    expect(first.message).toBe("in a list");
    expect(shared).toBeInstanceOf(TerminalError);
    expect(shared.cause).toBeInstanceOf(RangeError);
    expect([copy.list.length, 1 in copy.list]).toEqual([4, false]);
    expect((copy.deep.map.get("key") as { cause: unknown }).cause).toBe(shared);
    expect([...copy.deep.set]).toEqual([shared]);
    expect(copy.cause).toBe(shared);
    expect(copy.bare).toEqual(
      Object.assign(Object.create(null) as object, { cause: shared, at: new Date(5) }),
    );
    expect(Object.getPrototypeOf(copy.bare)).toBeNull();
  });

  it("leave the batch of a BatchError what it was, with its failures", () => {
    const batch = batchOf(5, (index) => ({ at: new Date(index), n: BigInt(index) }));
    const cause = (batch.failures[0] as { error: unknown }).error;
    const copy = back(new BatchError("3 of 5 failed", batch, { cause }));
    expect(copy).toBeInstanceOf(BatchError);
    expect(copy.batch.values).toEqual(batch.values);
    expect(copy.batch.completion).toBe("too-many-failures");
    expect(copy.batch.items.map(({ status }) => status)).toEqual(batch.items.map(({ status }) => status));
    expect(copy.batch.failures.map(({ index, key }) => [index, key])).toEqual([
      [0, "0"],
      [2, "2"],
      [4, "4"],
    ]);
    for (const { error, index } of copy.batch.failures) {
      expect(error).toBeInstanceOf(StepError);
      expect(error).toMatchObject({ step: `all/${index}/s`, code: "E_STEP_FAILED" });
      expect((error as Error).cause).toBeInstanceOf(RangeError);
    }
    expect(copy.batch.failures[0]).toBe(copy.batch.items[0]);
    expect(copy.cause).toBe(copy.batch.failures[0]?.error);
  });

  it("leave a batch what it was when one of its values cannot be kept", () => {
    const copy = back(
      new BatchError(
        "failed",
        batchOf(4, (index) => (index === 1 ? () => 1 : index)),
      ),
    );
    expect(copy.batch.values).toEqual([expect.stringContaining("=>"), 3]);
    expect(copy.batch.failures).toHaveLength(2);
    expect(back(new BatchError("odd", undefined as never)).batch).toBeUndefined();
  });

  it("keep ten thousand failures, and a stack for the first ones", () => {
    const copy = back(
      new BatchError(
        "failed",
        batchOf(10_000, () => 1),
      ),
    );
    expect(copy.batch.items).toHaveLength(10_000);
    expect(copy.batch.failures.at(-1)?.error).toMatchObject({
      step: "all/9998/s",
      cause: { message: "no 9998" },
    });
    const stacks = copy.batch.failures.map(({ error }) => (error as Error).stack?.includes("\n"));
    expect(stacks.slice(0, MAX_ERROR_STACKS / 2)).not.toContain(false);
    expect(stacks.slice(MAX_ERROR_STACKS)).not.toContain(true);
    expect((copy.batch.failures[4_999]?.error as StepError | undefined)?.stack).toMatch(
      /^StepError: step "all\/9998\/s" failed/,
    );
  });

  it("end a cycle in a word, whichever way it goes", () => {
    const context = (): Record<string, unknown> => ({});
    const one = withFields("one", { context: context() });
    const two = withFields("two", { context: context() });
    one.context["two"] = two;
    one.context["self"] = one.context;
    two.context["one"] = one;
    two.cause = one;
    one.cause = two;
    const copy = back({ one, two });
    expect(copy.one.context["self"]).toBe(copy.one.context);
    expect(copy.one.context["two"]).toMatchObject({
      message: "two",
      cause: "[circular]",
      context: { one: "[circular]" },
    });
    expect(copy.one.cause).toBe(copy.one.context["two"]);
    expect(copy.two).toMatchObject({ message: "two", cause: { message: "one" } });
  });

  it("go on as deep as they are kept, and the value around them as deep as a value may be", () => {
    let inner: Error = new Error("innermost");
    for (let depth = 1; depth < 30; depth += 1) inner = withFields("outer", { holds: { it: [inner] } });
    let copy: unknown = back(inner);
    let depth = 0;
    for (; copy instanceof Error; depth += 1)
      copy = (copy as unknown as { holds: { it: unknown[] } }).holds.it[0];
    expect([depth, copy]).toEqual([MAX_ERROR_DEPTH, "[too deep]"]);
    let deep: Error = new Error("innermost");
    for (let level = 1; level < MAX_ERROR_DEPTH; level += 1) {
      let value: unknown = deep;
      for (let i = 1; i < MAX_VALUE_DEPTH; i += 1) value = [value];
      deep = withFields("outer", { value });
    }
    expect(encode(back(deep)).text.match(/innermost/g)).not.toBeNull();
  });

  it("do not unfold when they refer to each other many times over", () => {
    const all: Error[] = [];
    for (let i = 0; i < 2_000; i += 1)
      all.push(withFields(`error ${i}`, { context: { all, next: { all } } }));
    const copy = back(all[0] as Error & { context: unknown });
    expect(copy.message).toBe("error 0");
    let fan: Error = new Error("innermost");
    for (let i = 0; i < 7; i += 1)
      fan = new AggregateError(
        Array.from({ length: 8 }, () => fan),
        `level ${i}`,
      );
    expect(encode(fan).text.length).toBeLessThan(100_000);
  });

  it("are text when somebody's getter or proxy stands in the way", () => {
    const hostile = [
      {
        inner: new Error("e"),
        get trap(): never {
          throw new Error("trapped");
        },
      },
      new Proxy(
        { inner: new Error("e") },
        {
          ownKeys: () => {
            throw new Error("trapped");
          },
        },
      ),
      {
        inner: new Proxy(new Error("e"), {
          getPrototypeOf: () => {
            throw new Error("trapped");
          },
        }),
      },
      JSON.parse('{"__proto__": {"polluted": true}}'),
      { inner: new Error("e"), run: () => 1 },
    ];
    Object.assign(hostile[3], { inner: new Error("e") });
    for (const field of hostile) {
      const copy = back(withFields("outer", { field }));
      expect(copy.message).toBe("outer");
      expect(typeof copy.field).toBe("string");
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    // Another answer each time it is asked.
    let asked = 0;
    const fickle = {
      inner: new Error("e"),
      get answer() {
        asked += 1;
        return asked === 1 ? 1 : () => asked;
      },
    };
    expect(typeof back(withFields("outer", { fickle })).fickle).toBe("string");
  });

  it("of a value that is too large with them are text, and the rest is kept", () => {
    const large = { inner: new Error("e"), text: "x".repeat(3_000_000) };
    const copy = back(
      withFields("outer", { small: { inner: new Error("small") }, large, also: { ...large } }),
    );
    expect(copy.small.inner).toBeInstanceOf(Error);
    expect(copy.large.text).toHaveLength(3_000_000);
    expect(copy.also).toBe("[object Object]");
  });
});

describe("a BatchError that ends a run", () => {
  const mailing = workflow("mailing", async (ctx) =>
    ctx.map(
      "mail",
      [1, 2, 3],
      (c, n) =>
        c.step("send", () => {
          if (n > 1) throw new TerminalError(`no ${n}`);
          return { n: new Date(n) };
        }),
      { tolerate: 1 },
    ),
  );
  const outcome = [
    { index: 0, key: "0", status: "succeeded", value: { n: new Date(1) } },
    { index: 1, key: "1", status: "failed", error: expect.any(StepError) },
    { index: 2, key: "2", status: "failed", error: expect.any(StepError) },
  ];

  it("has its batch for whoever asks for the run's result", async () => {
    const lab = new Lab([mailing]);
    const error = await lab.result(await lab.start(mailing)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BatchError);
    expect((error as BatchError).batch.items).toEqual(outcome);
  });

  it("has its batch for its parent, on every replay", async () => {
    const seen: unknown[] = [];
    const parent = workflow("parent", async (ctx) => {
      const error: unknown = await ctx.runChild("mailing", mailing, {}).catch((thrown: unknown) => thrown);
      if (!(error instanceof ChildRunError && error.cause instanceof BatchError)) throw error;
      seen.push(error.cause.batch.items);
      await ctx.sleep("think", "1 day");
      return error.cause.batch.failures.map(
        ({ error: failure }) => ((failure as Error).cause as Error).message,
      );
    });
    const lab = new Lab([parent, mailing]);
    expect(await lab.result(await lab.start(parent))).toEqual(["no 2", "no 3"]);
    expect(seen.length).toBeGreaterThan(1);
    for (const items of seen) expect(items).toEqual(outcome);
  });
});
