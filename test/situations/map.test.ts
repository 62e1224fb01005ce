// Maps: the same work for every item.
import { expect } from "vitest";
import { batchSituations } from "./batches.ts";
import { type Situation, situations } from "./situation.ts";

const own: readonly Situation[] = [
  {
    title: "gives its items and their numbers to the work",
    code: async (ctx) => ctx.map("add", [10, 20, 30], async (_, item, index) => item + index),
    gives: [10, 21, 32],
    ids: [],
  },
  {
    title: "of items that a step gave",
    code: async (ctx, stage) => {
      const names = await ctx.step("list", () => ["World", "Ada"]);
      return await ctx.map(
        "greet",
        names,
        (c, name) => c.step("say", () => stage.counted(() => `Hello, ${name}!`)),
        { concurrency: 1 },
      );
    },
    gives: ["Hello, World!", "Hello, Ada!"],
    ran: { body: 2 },
    ids: ["list", "greet/0/say", "greet/1/say"],
  },
  {
    title: "of items that repeat",
    code: async (ctx) => ctx.map("twice", ["a", "a"], (c, item) => c.step("s", () => item)),
    gives: ["a", "a"],
    ids: ["twice/0/s", "twice/1/s"],
  },
  {
    title: "of items that are nothing",
    code: async (ctx) => ctx.map("odd", [null, undefined, 0, ""], async (_, item) => String(item)),
    gives: ["null", "undefined", "0", ""],
  },
  {
    title: "whose work is no promise",
    code: async (ctx) => ctx.map("plain", [1, 2], ((_: unknown, item: number) => item * 2) as never),
    gives: [2, 4],
  },
  {
    title: "within a parallel branch, within a scope, with a wait inside",
    code: async (ctx, stage) =>
      ctx.scope("part", (part) =>
        part.parallel("both", {
          left: (branch) =>
            branch.map("m", [1, 2], async (c, item) => {
              await c.sleep("nap", { days: item });
              return await c.step("s", () => stage.counted(() => item * 10));
            }),
          right: (branch) => branch.step("s", () => "right"),
        }),
      ),
    gives: { left: [10, 20], right: "right" },
    ran: { body: 2 },
    ids: [
      "part/both/left/m/0/nap",
      "part/both/left/m/1/nap",
      "part/both/right/s",
      "part/both/left/m/0/s",
      "part/both/left/m/1/s",
    ],
  },
  {
    title: "of what is no list, or without work, or without a name, is refused",
    code: async (ctx, stage) => [
      await stage.seeEnd(
        "list",
        ctx.map("m", new Set([1]) as never, async () => 1),
      ),
      await stage.seeEnd(
        "nothing",
        ctx.map("m", undefined as never, async () => 1),
      ),
      await stage.seeEnd("work", ctx.map("m", [1], undefined as never)),
      await stage.seeEnd("name", ctx.map([1] as never, (async () => 1) as never, {} as never)),
    ],
    gives: ["E_BAD_OPTION", "E_BAD_OPTION", "E_BAD_OPTION", "E_BAD_NAME"].map((code) =>
      expect.objectContaining({ fields: { code } }),
    ),
    ids: [],
  },
];

situations("a map", own);
batchSituations("a map", (ctx, pieces, options = {}) => {
  const work = (c: typeof ctx, index: number) => pieces[index]?.(c) ?? Promise.reject(new Error("no piece"));
  return ctx.map("all", [...pieces.keys()], work, options);
});
