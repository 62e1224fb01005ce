// A run that meets two changes of its code at their newest, one of them in each of several branches.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("reform", async (ctx) => {
    const checked =
      ctx.version("check first", { from: 0, to: 1 }) === 1 ? await ctx.step("check", () => "checked") : "old";
    const wages = await ctx.map("towns", ["Ulm", "Bern"], async (c, town) => {
      const rule = c.version("new wages", { from: 1, to: 3 });
      await c.sleep("wait", "2 days");
      return await c.step("pay", () => `${town} pays by rule ${rule}`);
    });
    return [checked, ...wages];
  }),
  outcome: { status: "succeeded", value: ["checked", "Ulm pays by rule 3", "Bern pays by rule 3"] },
};
