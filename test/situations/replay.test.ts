// What code is given again: every kind of value and of error, from every kind of call, the same as the first time.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { completeCallback } from "../../lib/engine/index.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { CancelledError, PerdureError, TerminalError, TimeoutError } from "../../lib/sdk/errors.ts";
import { RetryableError } from "../../lib/sdk/retryable-error.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { type Situation, type Stage, situations } from "./situation.ts";
import { type Told, told } from "./told.ts";

/** What a child's input may not do, because it is compared by its text. */
const HOLDS_ITSELF = "an object that holds itself";

const VALUES: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  undefined: () => undefined,
  false: () => false,
  zero: () => 0,
  "minus zero": () => -0,
  "not a number": () => Number.NaN,
  infinity: () => Number.NEGATIVE_INFINITY,
  "an empty text": () => "",
  "a text in many scripts": () => "äß 発送 🚚 \u0000 \u2028 </script>",
  "a big integer": () => 2n ** 80n,
  "a date": () => new Date("2027-05-01T18:00:00.123Z"),
  "no date": () => new Date(Number.NaN),
  "a map in a map": () =>
    new Map<unknown, unknown>([
      ["a", new Map([[1, null]])],
      [null, undefined],
    ]),
  "a set": () => new Set([1, "1", new Date(1)]),
  bytes: () => new Uint8Array([0, 127, 255]),
  "a buffer": () => Buffer.from("äß"),
  "a list with holes": () => Object.assign([1], { 2: 3 }),
  "an empty object": () => ({}),
  "a field that is undefined": () => ({ a: undefined, b: [undefined] }),
  "a field called __proto__": () => JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as unknown,
  "an object without prototype": () => Object.assign(Object.create(null) as object, { a: 1 }),
  "the same object twice": () => {
    const one = { n: 1 };
    return [one, one];
  },
  [HOLDS_ITSELF]: () => {
    const one: { self?: unknown } = {};
    one.self = one;
    return one;
  },
  "an address": () => new URL("https://example.com/a?b=1"),
  "a pattern": () => /a+/giu,
};

const once = { retry: { maxAttempts: 1 } } as const;
const echo = workflow("echo", async (_, input) => input);
/** Throws the error of that name. */
const fails = workflow("fails", async (_, title) => {
  throw { ...ERRORS, ...OWN_ERRORS }[String(title)]?.() ?? new Error("unknown");
});

/** What gives values that were made in a body, or outside. */
const VALUE_SOURCES: Readonly<
  Record<string, (c: Context, make: () => unknown, stage: Stage) => Promise<unknown>>
> = {
  step: (c, make) => c.step("s", make),
  "step that was tried again": (c, make) =>
    c.step("s", (s) => (s.attempt === 1 ? fail("no") : make()), { retry: { initial: 0 } }),
  "step in a step handler": (c, make) => c.step("s", make, { on: "shipping" }),
  "child run": (c, make) => c.runChild("child", echo, make()),
  callback: (c, make, stage) =>
    c.waitForCallback("callback", async (token) => {
      await completeCallback(stage.lab.engine, token, { ok: true, value: make() });
    }),
  condition: (c, make) => c.waitForCondition("condition", make, { every: "1m", until: () => true }),
  "condition's last look": (c, make) =>
    c
      .waitForCondition<{ n: number; seen?: unknown }>(
        "condition",
        (_, previous) => (previous === undefined ? { n: 1, seen: make() } : { ...previous, n: 2 }),
        { every: 1, until: ({ n }) => n === 2 },
      )
      .then(({ seen }) => seen),
  "scope and a branch": async (c, make) =>
    (await c.scope("scope", (s) => s.parallel("branch", [(b) => b.step("s", make)])))[0],
};

/** Runs in one process die together, and who dies too often without a word is taken for poison. */
const atOnce = (source: string) => (source === "child run" ? { concurrency: 1 } : {});

const values: readonly Situation[] = Object.entries(VALUE_SOURCES).map(([source, from]) => ({
  title: `from a ${source}`,
  workflows: [echo],
  code: async (ctx, stage) => {
    const kinds = Object.entries(VALUES).filter(([kind]) => source !== "child run" || kind !== HOLDS_ITSELF);
    const given = await ctx.map("kinds", kinds, (c, [, make]) => from(c, make, stage), atOnce(source));
    await ctx.sleep("wait", "1 day");
    const other = kinds.filter(([, make], i) => !isDeepStrictEqual(given[i], make()));
    return stage.see(
      "other than it was",
      other.map(([kind]) => kind),
    );
  },
  gives: [],
}));

class Declined extends Error {
  override readonly name = "Declined";
  readonly code = "card_declined";
  readonly attempts = new Map([["visa", 2]]);
  readonly at = new Date(5);
}

function systemError(): Error {
  try {
    readFileSync("/no such file");
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it was found");
}

/** Errors that come back as they are, and as an instance of the same class, which ours and those of the language are. */
const ERRORS: Readonly<Record<string, () => Error>> = {
  "a plain error": () => new Error("plain"),
  "an error without a message": () => new Error(),
  "a type error": () => new TypeError("t"),
  "a range error": () => new RangeError("r"),
  "a syntax error": () => new SyntaxError("s"),
  "an error with a code": () => Object.assign(new Error("c"), { code: "E42" }),
  "an error with a code that is a number": () =>
    Object.assign(new Error("c"), { code: 42, retryable: false }),
  "an error of the system": systemError,
  "an error with fields of many kinds": () =>
    Object.assign(new Error("f"), {
      when: new Date(1),
      ids: new Set([1n]),
      nothing: null,
      unset: undefined,
      list: [{ a: 1 }],
    }),
  "an error with causes": () => new Error("a", { cause: new TypeError("b", { cause: new RangeError("c") }) }),
  "an error whose cause is a text": () => new Error("a", { cause: "because" }),
  "an error that holds another": () => Object.assign(new Error("a"), { inner: new TypeError("i") }),
  "an error with another name": () => Object.assign(new Error("n"), { name: "Special" }),
  "several errors": () => new AggregateError([new TypeError("one"), new Error("two")], "both"),
  "a terminal error": () => new TerminalError("never", { cause: new Error("why") }),
  "a retryable error": () => new RetryableError("later", { retryAfter: "1m" }),
  "a timeout error": () => new TimeoutError("late"),
  "an error of ours": () => new PerdureError("E_BAD_OPTION", "Wrong."),
};

/** Errors of classes that only the code knows: all of them but their class. */
const OWN_ERRORS: Readonly<Record<string, () => Error>> = {
  "an error of the code's own class": () => new Declined("declined", { cause: new Declined("at the bank") }),
};

/** What fails with an error that was made in a body, or outside; its cause is that error. */
const ERROR_SOURCES: Readonly<
  Record<string, (c: Context, title: string, make: () => Error, stage: Stage) => Promise<unknown>>
> = {
  step: (c, _, make) => c.step("s", () => raise(make()), once),
  "step that was tried again": (c, _, make) =>
    c.step("s", () => raise(make()), { retry: { initial: 0, maxAttempts: 2 } }),
  "step in a step handler": (c, _, make) => c.step("s", () => raise(make()), { on: "shipping", ...once }),
  "child run": (c, title) => c.runChild("child", fails, title),
  callback: (c, _, make, stage) =>
    c.waitForCallback("callback", async (token) => {
      await completeCallback(stage.lab.engine, token, { ok: false, error: make() });
    }),
  condition: (c, _, make) => c.waitForCondition("condition", () => raise(make()), { every: "1m", ...once }),
  "scope and a branch": (c, _, make) =>
    c.scope("scope", (s) => s.parallel("branch", [(b) => b.step("s", () => raise(make()), once)])),
};

/** Of itself and of its causes. */
function withClass(error: Told, is: string): Told {
  return { ...error, is, ...(error.cause === undefined ? {} : { cause: withClass(error.cause, is) }) };
}

const EXPECTED: Readonly<Record<string, Told>> = Object.fromEntries([
  ...Object.entries(ERRORS).map(([title, make]) => [title, told(make())] as const),
  ...Object.entries(OWN_ERRORS).map(([title, make]) => [title, withClass(told(make()), "Error")] as const),
]);

const errors: readonly Situation[] = Object.entries(ERROR_SOURCES).map(([source, from]) => ({
  title: `from a ${source}`,
  workflows: [fails],
  code: async (ctx, stage) => {
    const kinds = Object.entries({ ...ERRORS, ...OWN_ERRORS });
    const batch = await ctx.map("kinds", kinds, (c, [title, make]) => from(c, title, make, stage), {
      ...atOnce(source),
      tolerate: "all",
    });
    await ctx.sleep("wait", "1 day");
    return stage.see(
      "causes",
      Object.fromEntries(
        batch.failures.map(({ index, error }) => [kinds[index]?.[0], told((error as Error).cause)]),
      ),
    );
  },
  gives: EXPECTED,
}));

const ends: readonly Situation[] = Object.entries({ ...ERRORS, ...OWN_ERRORS }).map(([title, make]) => ({
  title,
  code: async () => raise(make()),
  fails: EXPECTED[title] as Told,
}));

const order: readonly Situation[] = [
  {
    title: "of steps that end in another order than they began",
    code: async (ctx, stage) => {
      const order: string[] = [];
      const work = async (name: string, hours: number) =>
        ctx.step(name, () => stage.after(hours * 3_600_000)).then(() => order.push(name));
      await Promise.all([work("a", 0.3), work("b", 0.1), work("c", 0.2)]);
      await ctx.sleep("wait", "1 day");
      return stage.see("order", order);
    },
    gives: ["b", "c", "a"],
    spared: "what dies begins anew, and ends in another order",
  },
  {
    title: "of the first of several, the first that succeeds, and all of them",
    code: async (ctx, stage) => {
      const nap = async (hours: number, good: boolean) => {
        await ctx.sleep(`nap ${hours}`, { hours });
        if (!good) throw new Error(`bad ${hours}`);
        return hours;
      };
      const all = [nap(3, true), nap(1, false), nap(2, true)];
      return [
        stage.see("race", await Promise.race(all).catch((error: unknown) => told(error).message)),
        stage.see("any", await Promise.any(all)),
        stage.see(
          "all",
          (await Promise.allSettled(all)).map(({ status }) => status),
        ),
      ];
    },
    gives: ["bad 1", 2, ["fulfilled", "rejected", "fulfilled"]],
  },
  {
    title: "of waits of many kinds that end at their own time",
    code: async (ctx, stage) => {
      const order: string[] = [];
      const wait = async (name: string, end: Promise<unknown>) => end.then(() => order.push(name));
      await Promise.all([
        wait("sleep", ctx.sleep("sleep", "2h")),
        wait("child", ctx.runChild("child", echo, 1)),
        wait("callback", ctx.waitForCallback("c", stage.submit("c"))),
        wait(
          "condition",
          ctx.waitForCondition<number>("look", (_, n = 0) => n + 1, { every: "3h", until: (n) => n === 2 }),
        ),
        wait(
          "silence",
          ctx.waitForSignal("never", { timeout: "4h" }).catch(() => 1),
        ),
      ]);
      return stage.see("order", order);
    },
    workflows: [echo],
    outside: async (stage) => {
      await stage.handedOut("c");
      await stage.after(3_600_000);
      await stage.complete("c", 1);
    },
    gives: ["child", "callback", "sleep", "condition", "silence"],
    ran: { "submit c": 1 },
  },
  {
    title: "of chance and of the clock",
    code: async (ctx, stage) => {
      const drawn = () => [ctx.random(), ctx.uuid(), ctx.now().getTime()];
      const first = drawn();
      await ctx.sleep("nap", "1 day");
      stage.see("drawn", [first, drawn()]);
    },
  },
];

const kept: readonly Situation[] = [
  {
    title: "an error with fields that cannot be kept has words in their place",
    code: async (ctx, stage) => {
      const failed = ctx.step(
        "s",
        () => {
          const error: Error & { self?: unknown } = Object.assign(new Error("odd"), {
            retry: () => 1,
            code: "KEPT",
          });
          error.self = error;
          Object.defineProperty(error, "trap", { enumerable: true, get: () => fail("a trap") });
          throw error;
        },
        once,
      );
      return await stage.seeEnd("error", failed);
    },
    gives: expect.objectContaining({
      cause: {
        is: "Error",
        name: "Error",
        message: "odd",
        fields: { code: "KEPT", retry: "() => 1", self: "[circular]", trap: "[unreadable]" },
      },
    }),
  },
  {
    title: "an error whose class has its code in a getter has it as a field",
    code: async (ctx, stage) => {
      class Coded extends Error {
        get code(): string {
          return "G1";
        }
      }
      return await stage.seeEnd(
        "error",
        ctx.step("s", () => raise(new Coded("coded")), once),
      );
    },
    gives: expect.objectContaining({
      cause: { is: "Error", name: "Coded", message: "coded", fields: { code: "G1" } },
    }),
  },
  {
    title: "an error that was caught can be given to a step, and comes back from it",
    code: async (ctx, stage) => {
      const error: unknown = await ctx
        .step("s", () => Promise.reject(new Declined("declined")), once)
        .catch((thrown: unknown) => thrown);
      const back = await ctx.step("keep", () => ({ error }));
      return stage.see("same", isDeepStrictEqual(told(back.error), told(error)));
    },
    gives: true,
  },
  {
    title: "an error of a cancelled wait, thrown on, fails the run as what it is",
    code: async (ctx) => {
      const nap = ctx.sleep("nap", "1 day");
      await ctx.step("s", () => 1);
      nap.cancel("enough");
      await nap;
    },
    fails: { is: CancelledError.name, fields: { code: "E_CANCELLED" } },
  },
];

function fail(message: string): never {
  throw new Error(message);
}

function raise(error: Error): never {
  throw error;
}

situations("a value that is given again", values);
situations("an error that is thrown again", errors);
situations("an error that ends a run", ends);
situations("the order", order);
situations("what can be kept of an error", kept);
