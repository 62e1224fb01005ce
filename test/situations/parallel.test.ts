// Parallel branches: different work at the same time.
import { expect } from "vitest";
import { outline } from "./batch-pieces.ts";
import { batchSituations } from "./batches.ts";
import { type Situation, situations } from "./situation.ts";

const own: readonly Situation[] = [
  {
    title: "with names gives an object",
    code: async (ctx, stage) =>
      ctx.parallel("checks", {
        stock: (c) => c.step("s", () => stage.ran("stock")),
        credit: async () => "good",
        "by hand": (c) => c.sleep("nap", "1h").then(() => null),
      }),
    gives: { stock: 1, credit: "good", "by hand": null },
    ran: { stock: 1 },
    ids: ["checks/by hand/nap", "checks/stock/s"],
  },
  {
    title: "with names and tolerance tells the names",
    code: async (ctx) => {
      const batch = await ctx.parallel(
        "checks",
        {
          good: async () => 1,
          bad: async () => {
            throw new Error("no");
          },
        },
        { tolerate: 1 },
      );
      return [outline(batch), batch.items.map(({ key }) => key)];
    },
    gives: ["+- all-completed", ["good", "bad"]],
  },
  {
    title: "of no names gives an empty object",
    code: async (ctx) => ctx.parallel("none", {}),
    gives: {},
    ids: [],
  },
  {
    title: "within a branch of parallel branches",
    code: async (ctx) =>
      ctx.parallel("outer", [
        (c) =>
          c.parallel("inner", [(d) => d.step("s", () => "i1"), (d) => d.step("s", () => "i2")], {
            concurrency: 1,
          }),
      ]),
    gives: [["i1", "i2"]],
    ids: ["outer/0/inner/0/s", "outer/0/inner/1/s"],
  },
  {
    title: "whose branches each wait in their own way",
    code: async (ctx, stage) =>
      ctx.parallel("all", {
        sleeps: (c) => c.sleep("nap", "2h").then(() => "slept"),
        asks: (c) => c.waitForCallback("c", stage.submit("c")),
        looks: (c) =>
          c.waitForCondition<number>("look", (_, n = 0) => n + 1, { every: "20m", until: (n) => n === 4 }),
        works: (c) => c.step("s", () => stage.ran("works")),
      }),
    outside: async (stage) => {
      await stage.handedOut("c");
      await stage.after(90 * 60_000);
      await stage.complete("c", "answered");
    },
    gives: { sleeps: "slept", asks: "answered", looks: 4, works: 1 },
    ran: { "submit c": 1, works: 1 },
  },
  {
    title: "of what are no functions, or without a name, is refused",
    code: async (ctx, stage) => [
      await stage.seeEnd("branches", ctx.parallel("p", undefined as never)),
      await stage.seeEnd("branch", ctx.parallel("p", { a: 1 } as never)),
      await stage.seeEnd("key", ctx.parallel("p", { "a/b": async () => 1 })),
      await stage.seeEnd("name", ctx.parallel([async () => 1] as never, {})),
    ],
    gives: ["E_BAD_OPTION", "E_BAD_OPTION", "E_BAD_NAME", "E_BAD_NAME"].map((code) =>
      expect.objectContaining({ fields: { code } }),
    ),
    ids: [],
  },
];

situations("parallel", own);
batchSituations("parallel", (ctx, pieces, options = {}) => ctx.parallel("all", pieces, options));
