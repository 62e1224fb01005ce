// Conditions that are looked at again and again.
import { expect } from "vitest";
import { TerminalError } from "../../lib/sdk/errors.ts";
import type { ConditionOptions } from "../../lib/sdk/step.ts";
import { type Situation, situations } from "./situation.ts";

const MINUTE_MS = 60_000;

function fail(error: Error): never {
  throw error;
}

/** Counts up from `from` until `to`. */
const count =
  (from: number, to: number, options: Partial<ConditionOptions<number>> = {}): Situation["code"] =>
  async (ctx, stage) =>
    ctx.waitForCondition<number>("ready", (_, previous = from) => stage.counted(() => previous + 1), {
      every: "1m",
      until: (n) => n >= to,
      ...options,
    });

/** Waits between the looks, in ms. */
async function pausesOf(stage: Parameters<NonNullable<Situation["look"]>>[0]): Promise<number[]> {
  return (await stage.entries()).flatMap((entry) =>
    entry.type === "step.polled" ? [entry.nextAt - entry.at] : [],
  );
}

const looks: readonly Situation[] = [
  {
    title: "is looked at until it holds, each look seeing what the last one gave",
    code: count(0, 3),
    gives: 3,
    ran: { body: 3 },
    ids: ["ready"],
    look: async (stage) => expect(await pausesOf(stage)).toEqual([MINUTE_MS, MINUTE_MS]),
  },
  {
    title: "that holds at the first look is looked at once, without a wait",
    code: count(4, 5),
    gives: 5,
    ran: { body: 1 },
    look: (stage) => expect(stage.atMs()).toBeLessThan(100),
  },
  { title: "may begin with any state", code: count(5, 8), gives: 8, ran: { body: 3 } },
  {
    title: "hands the initial state to the first look, and what each look gave to the next",
    code: async (ctx, stage) =>
      ctx.waitForCondition(
        "job",
        (_, seen) => stage.counted(() => ({ looks: seen.looks + 1, since: seen.since })),
        { initial: { looks: 3, since: new Date(5) }, every: "1h", until: ({ looks }) => looks === 6 },
      ),
    gives: { looks: 6, since: new Date(5) },
    ran: { body: 3 },
    ids: ["job"],
  },
  {
    title: "keeps the initial state from what looks and the code do to it",
    code: async (ctx, stage) => {
      const initial = { list: [7] };
      const waits = ctx.waitForCondition(
        "list",
        (s, seen) => {
          stage.ran();
          seen.list.push(seen.list.length);
          // What it did to what it was handed is forgotten with it.
          if (s.attempt === 1) throw new Error("flaky");
          return seen;
        },
        { initial, every: "1s", until: ({ list }) => list.length === 3 },
      );
      initial.list.push(99);
      return [await waits, initial];
    },
    gives: [{ list: [7, 1, 2] }, { list: [7, 99] }],
    ran: { body: 3 },
  },
  {
    title: "may hold a structure",
    code: async (ctx) =>
      ctx.waitForCondition<{ status: string; looks: number; since: Date }>(
        "job",
        (_, previous = { status: "PENDING", looks: 0, since: new Date(5) }) => ({
          ...previous,
          looks: previous.looks + 1,
          status: previous.looks >= 1 ? "DONE" : "PENDING",
        }),
        { every: "1h", until: ({ status }) => status === "DONE" },
      ),
    gives: { status: "DONE", looks: 2, since: new Date(5) },
  },
  {
    title: "sees the recorded state, not the object of the last look",
    code: async (ctx, stage) =>
      ctx.waitForCondition<{ list: number[] }>(
        "list",
        (_, previous = { list: [] }) => {
          const next = { list: [...previous.list, previous.list.length] };
          previous.list.push(99);
          stage.ran();
          return next;
        },
        { every: "1s", until: ({ list }) => list.length === 3 },
      ),
    gives: { list: [0, 1, 2] },
    ran: { body: 3 },
  },
  {
    title: "may come true with null",
    code: async (ctx) =>
      ctx.waitForCondition("gone", () => null, { every: "1m", until: (value) => value === null }),
    gives: null,
  },
  {
    title: "without a predicate waits for what is true",
    code: async (ctx) =>
      ctx.waitForCondition<number | string>(
        "ready",
        (_, previous) => (previous === undefined ? 0 : previous === 0 ? "" : "yes"),
        {
          every: "1m",
        },
      ),
    gives: "yes",
  },
  {
    title: "looks at growing intervals, up to the longest",
    code: count(0, 6, { every: "10s", backoff: 3, max: "2m" }),
    gives: 6,
    ran: { body: 6 },
    look: async (stage) => expect(await pausesOf(stage)).toEqual([10_000, 30_000, 90_000, 120_000, 120_000]),
  },
  {
    title: "gives its value to a step, and is not looked at again after a wait",
    code: async (ctx, stage) => {
      const two = await count(0, 2)(ctx, stage);
      await ctx.sleep("then", "1 day");
      return await ctx.step("tenfold", () => Number(two) * 10);
    },
    gives: 20,
    ran: { body: 2 },
    ids: ["ready", "then", "tenfold"],
  },
  {
    title: "begins where another one ended",
    code: async (ctx, stage) => {
      const two = await count(0, 2)(ctx, stage);
      return await count(Number(two), 4)(ctx, stage);
    },
    gives: 4,
    ran: { body: 4 },
    ids: ["ready", "ready#2"],
  },
  {
    title: "goes on beside another, each at its own pace",
    code: async (ctx, stage) =>
      ctx.parallel("both", [
        (c) => count(0, 3, { every: "1h" })(c, stage),
        (c) => count(10, 15, { every: "7m" })(c, stage),
      ]),
    gives: [3, 15],
    ran: { body: 8 },
    ids: ["both/0/ready", "both/1/ready"],
  },
];

const failures: readonly Situation[] = [
  {
    title: "whose look fails without retries fails the run",
    code: async (ctx, stage) =>
      ctx.waitForCondition("ready", () => stage.counted(() => fail(new RangeError("no"))), {
        every: "1m",
        retry: { maxAttempts: 1 },
      }),
    fails: {
      is: "StepError",
      fields: { step: "ready", attempt: 1 },
      cause: { is: "RangeError", message: "no" },
    },
    ran: { body: 1 },
  },
  {
    title: "whose look fails and that is caught lets the run go on, and fails the same after a wait",
    code: async (ctx, stage) => {
      const failing = () => fail(new RangeError(`no ${stage.ran()}`));
      await stage.seeEnd(
        "error",
        ctx.waitForCondition("ready", failing, { every: "1m", retry: { maxAttempts: 1 } }),
      );
      await ctx.sleep("then", "1 day");
      return "recovered";
    },
    gives: "recovered",
    ran: { body: 1 },
  },
  {
    title: "whose look fails once is looked at again with what it saw before",
    code: async (ctx, stage) =>
      ctx.waitForCondition<number>(
        "ready",
        (s, previous = 0) => {
          stage.ran();
          if (s.attempt === 2) throw new Error("flaky");
          return previous + 1;
        },
        { every: "1m", until: (n) => n === 3 },
      ),
    gives: 3,
    ran: { body: 4 },
  },
  {
    title: "that does not come true in time fails",
    code: async (ctx, stage) =>
      ctx.waitForCondition("ready", () => stage.counted(() => false), { every: "10m", timeout: "35m" }),
    fails: { is: "TimeoutError", fields: { code: "E_TIMEOUT" } },
    ran: { body: 4 },
    look: (stage) => expect(stage.atMs()).toBeLessThanOrEqual(35 * MINUTE_MS + 1_000),
  },
  {
    title: "that does not come true in so many looks fails at once, with what the last one saw",
    code: async (ctx, stage) =>
      ctx.waitForCondition("ready", (_, n) => stage.counted(() => n + 1), {
        initial: 5,
        every: "1h",
        maxChecks: 3,
        until: (n) => n === 99,
      }),
    fails: {
      is: "ConditionError",
      message: 'condition "ready" did not come true in 3 checks; last: 8',
      fields: { code: "E_CONDITION_UNMET", condition: "ready", checks: 3, last: 8 },
    },
    ran: { body: 3 },
    look: (stage) => expect(stage.atMs()).toBeLessThan(2.1 * 60 * MINUTE_MS),
  },
  {
    title: "that comes true at the last look allowed has come true",
    code: async (ctx, stage) =>
      ctx.waitForCondition("ready", (_, n) => stage.counted(() => n + 1), {
        initial: 5,
        every: "1h",
        maxChecks: 3,
        until: (n) => n === 8,
      }),
    gives: 8,
    ran: { body: 3 },
  },
  {
    title: "counts a look that fails, and tells its error and what was seen before it",
    code: async (ctx, stage) => {
      const flaky = ctx.waitForCondition(
        "ready",
        (s, seen: { n: number; at?: Date }) => {
          stage.ran();
          if (s.attempt === 2) throw new RangeError("flaky");
          return { n: seen.n + 1, at: new Date(7) };
        },
        { initial: { n: 0 }, every: "1h", maxChecks: 2, until: () => false },
      );
      return await stage.seeEnd("error", flaky);
    },
    gives: expect.objectContaining({
      is: "ConditionError",
      message: 'condition "ready" did not come true in 2 checks; last: RangeError: flaky',
      fields: { code: "E_CONDITION_UNMET", condition: "ready", checks: 2, last: { n: 1, at: new Date(7) } },
    }),
    ran: { body: 2 },
  },
  {
    title: "whose only look fails tells the initial state",
    code: async (ctx) =>
      ctx.waitForCondition("ready", (_, n) => fail(new Error(`not ${n}`)), {
        initial: 1,
        every: "1h",
        maxChecks: 1,
      }),
    fails: {
      is: "ConditionError",
      message: 'condition "ready" did not come true in 1 check; last: Error: not 1',
      fields: { code: "E_CONDITION_UNMET", condition: "ready", checks: 1, last: 1 },
    },
  },
  {
    title: "whose initial state cannot be recorded is refused",
    code: async (ctx, stage) =>
      stage.seeEnd(
        "error",
        ctx.waitForCondition("c", (_, f) => f, { initial: () => 1, every: "1m" }),
      ),
    gives: expect.objectContaining({ fields: { code: "E_NOT_SERIALIZABLE" } }),
    ids: [],
  },
  {
    title: "may be given up after a number of looks by its predicate",
    code: async (ctx, stage) =>
      ctx.waitForCondition<number>("ready", (_, previous = 0) => stage.counted(() => previous + 1), {
        every: "1m",
        until: (n) => (n >= 3 ? fail(new TerminalError("looked three times")) : false),
      }),
    fails: { is: "StepError", cause: { is: "TerminalError", message: "looked three times" } },
    ran: { body: 3 },
  },
  {
    title: "whose predicate fails has failed that look",
    code: async (ctx, stage) =>
      ctx.waitForCondition("ready", () => stage.ran(), {
        every: "1m",
        until: () => fail(new TypeError("mine")),
        retry: { maxAttempts: 2 },
      }),
    fails: { is: "StepError", fields: { attempt: 2 }, cause: { is: "TypeError", message: "mine" } },
    ran: { body: 2 },
  },
  {
    title: "may be given up by the code",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCondition("ready", () => stage.counted(() => false), { every: "10m" });
      await ctx.sleep("nap", "35m");
      waits.cancel("long enough");
      return await stage.seeEnd("error", waits);
    },
    gives: expect.objectContaining({ is: "CancelledError", message: expect.stringContaining("long enough") }),
    ran: { body: 4 },
  },
  {
    title: "without options, or with wrong ones, is refused",
    code: async (ctx, stage) => {
      const wrong: unknown[] = [
        undefined,
        {},
        null,
        { every: 0 },
        { every: "1m", max: "30s" },
        { every: "1m", timeout: 0 },
        { every: "1m", backoff: 0.5 },
        { every: "1m", until: true },
        { every: "1m", tries: 3 },
        { every: "1m", maxChecks: 0 },
        { every: "1m", maxChecks: 1.5 },
        { every: "1m", maxChecks: "3" },
      ];
      const ends = wrong.map(async (options, i) =>
        stage.seeEnd(
          `wrong ${i}`,
          ctx.waitForCondition(`c${i}`, () => 1, options as never),
        ),
      );
      return (await Promise.all(ends)).map((end) => (end as { fields: unknown }).fields);
    },
    gives: Array.from({ length: 12 }, () => ({ code: "E_BAD_OPTION" })),
    ids: [],
  },
];

situations("a condition", looks);
situations("a condition that fails", failures);
