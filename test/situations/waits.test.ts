// Sleeps of every length, alone, one after the other and at once.
import { expect } from "vitest";
import type { Duration } from "../../lib/sdk/duration.ts";
import { type Situation, situations } from "./situation.ts";
import { told } from "./told.ts";

const DAY_MS = 86_400_000;

/** Never early, and late by no more than a second. */
function expectAbout(ms: number, wanted: number): void {
  expect(ms).toBeGreaterThanOrEqual(wanted);
  expect(ms).toBeLessThanOrEqual(wanted + 1_000);
}

const spans: readonly Situation[] = (
  [
    [0, 0],
    ["0s", 0],
    [0.4, 0],
    [1, 1],
    ["1.5s", 1_500],
    ["0.25s", 250],
    [{ seconds: 2.5 }, 2_500],
    ["1m", 60_000],
    ["90 seconds", 90_000],
    ["1 hour", 3_600_000],
    ["1h 30m", 5_400_000],
    [{ days: 1, hours: 2 }, 93_600_000],
    ["30 days", 30 * DAY_MS],
    ["520 weeks", 3640 * DAY_MS],
  ] satisfies [Duration, number][]
).map(([span, ms]) => ({
  title: `a sleep of ${JSON.stringify(span)}`,
  code: async (ctx) => ctx.sleep("nap", span),
  look: (stage) => expectAbout(stage.atMs(), ms),
}));

const wrongSpans: readonly Situation[] = [
  -1,
  Number.NaN,
  "soon",
  "",
  "5",
  "-5m",
  "11000 days",
  null,
  undefined,
  {},
].map((span) => ({
  title: `a sleep of ${JSON.stringify(span)}`,
  code: async (ctx, stage) => stage.seeEnd("error", ctx.sleep("nap", span as Duration)),
  gives: expect.objectContaining({ is: "PerdureError", fields: { code: "E_BAD_OPTION" } }),
  ids: [],
}));

const waits: readonly Situation[] = [
  {
    title: "a sleep gives nothing",
    code: async (ctx) => ctx.sleep("nap", "5s"),
    gives: undefined,
    ids: ["nap"],
  },
  {
    title: "sleeps one after the other add up, each under its name",
    code: async (ctx, stage) => {
      await ctx.sleep("first", "2s");
      stage.see("between", 1);
      await ctx.sleep("second", "3s");
      return 2;
    },
    gives: 2,
    ids: ["first", "second"],
    look: (stage) => {
      expectAbout(stage.atMs("between"), 2_000);
      expectAbout(stage.atMs(), 5_000);
    },
  },
  {
    title: "sleeps of one name are told apart",
    code: async (ctx) => {
      for (let i = 0; i < 3; i += 1) await ctx.sleep("nap", "1 day");
    },
    ids: ["nap", "nap#2", "nap#3"],
    look: (stage) => expectAbout(stage.atMs(), 3 * DAY_MS),
  },
  {
    title: "sleeps at once take as long as the longest, and wake in the order of their length",
    code: async (ctx, stage) => {
      const order: string[] = [];
      const nap = async (name: string, span: Duration) => {
        await ctx.sleep(name, span);
        order.push(name);
      };
      await Promise.all([nap("long", "3 days"), nap("short", "1 hour"), nap("middle", "1 day")]);
      return stage.see("order", order);
    },
    gives: ["short", "middle", "long"],
    look: (stage) => expectAbout(stage.atMs(), 3 * DAY_MS),
  },
  {
    title: "sleeps of the same length wake in the order they were begun",
    code: async (ctx) => {
      const order: number[] = [];
      await Promise.all(
        [3, 1, 2].map(async (n) => ctx.sleep(`nap ${n}`, "1 hour").then(() => order.push(n))),
      );
      return order;
    },
    gives: [3, 1, 2],
  },
  {
    title: "a sleep that goes on beside a step",
    code: async (ctx, stage) => {
      const nap = ctx.sleep("nap", "1 hour");
      const value = await ctx.step("s", () => stage.ran());
      await nap;
      return value;
    },
    gives: 1,
    ran: { body: 1 },
    look: (stage) => expectAbout(stage.atMs(), 3_600_000),
  },
  {
    title: "the first of two sleeps wins, and the other leaves no timer when it is given up",
    code: async (ctx) => {
      const naps = [ctx.sleep("short", "1 hour"), ctx.sleep("long", "500 weeks")];
      const first = await Promise.race(naps.map(async (nap, i) => nap.then(() => i)));
      naps[1]?.cancel();
      return first;
    },
    gives: 0,
    look: (stage) => expectAbout(stage.atMs(), 3_600_000),
  },
  {
    title: "sleepUntil waits for the time that it is given, in every form",
    code: async (ctx, stage) => {
      const start = ctx.now().getTime();
      await ctx.sleepUntil("date", new Date(start + 1 * DAY_MS));
      stage.see("a day", 1);
      await ctx.sleepUntil("text", new Date(start + 2 * DAY_MS).toISOString());
      await ctx.sleepUntil("number", start + 3 * DAY_MS);
    },
    look: (stage) => {
      expectAbout(stage.atMs("a day"), DAY_MS);
      expectAbout(stage.atMs(), 3 * DAY_MS);
    },
  },
  {
    title: "sleepUntil a time that is past goes on at once",
    code: async (ctx) => ctx.sleepUntil("past", "1999-12-31T23:59:59Z"),
    look: (stage) => expectAbout(stage.atMs(), 0),
  },
  {
    title: "sleepUntil something that is no time",
    code: async (ctx, stage) =>
      Promise.all(
        [new Date(Number.NaN), "tomorrow", Number.POSITIVE_INFINITY, null].map(
          async (time, i) =>
            told(
              await ctx
                .sleepUntil(`t${i}`, time as Date)
                .catch((error: unknown) => stage.see(`t${i}`, told(error).fields) && error),
            ).fields,
        ),
      ),
    gives: Array.from({ length: 4 }, () => ({ code: "E_BAD_OPTION" })),
  },
  {
    title: "for a signal with a timeout of zero takes what is there, and does not wait for what is not",
    code: async (ctx, stage) => {
      await ctx.sleep("nap", "1h");
      const first = await ctx.waitForSignal("go", { timeout: 0 });
      const second = await ctx.waitForSignal("go", { timeout: 0 }).catch((error: unknown) => told(error).is);
      return stage.see("both", [first, second]);
    },
    outside: async (stage) => {
      await stage.after(60_000);
      await stage.lab.signal(stage.runId, "go", "came early");
    },
    gives: ["came early", "TimeoutError"],
    look: (stage) => expectAbout(stage.atMs("both"), 3_600_000),
  },
  {
    title: "time as the code sees it has passed by as much",
    code: async (ctx, stage) => {
      const before = ctx.now().getTime();
      await ctx.sleep("nap", "1 day");
      return stage.see("passed", ctx.now().getTime() - before >= DAY_MS);
    },
    gives: true,
  },
];

situations("a span", spans);
situations("what is no span", wrongSpans);
situations("a wait", waits);
