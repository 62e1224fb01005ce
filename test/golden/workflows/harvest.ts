// A map of which some may fail, three at a time; and branches by name.
import { TerminalError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

const FIELDS = ["rye", "oats", "weeds", "hops", "peas", "thistles", "corn"];

export const golden: Golden = {
  workflow: workflow("harvest", async (ctx) => {
    const batch = await ctx.map(
      "fields",
      FIELDS,
      async (c, field) => {
        const sacks = await c.step("reap", () => field.length);
        await c.sleep("dry", "1h");
        return await c.step("thresh", () => {
          if (field === "weeds" || field === "thistles") throw new TerminalError("nothing to eat");
          return sacks * 2;
        });
      },
      { concurrency: 3, tolerate: 2 },
    );
    const { barn, market } = await ctx.parallel("after", {
      barn: async (c) => c.step("store", () => batch.values.length),
      market: async (c) => c.scope("stall", async (s) => s.step("sell", () => batch.failures.length)),
    });
    return [batch.completion, batch.values, batch.failures.map(({ key }) => key), barn, market];
  }),
  outcome: { status: "succeeded", value: ["all-completed", [6, 8, 8, 8, 8], ["2", "5"], 5, 2] },
};
