// Children of every kind: waited for, started and left, waited for at the end only, and one that ends with its parent.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

const errand = workflow("errand", async (ctx, input) => {
  const { what, days } = input as { readonly what: string; readonly days: number };
  await ctx.step("go", () => "gone");
  await ctx.sleep("stay", `${days} days`);
  return await ctx.step("come back", () => `${what} is done`);
});

export const golden: Golden = {
  workflow: workflow("family", async (ctx) => {
    await ctx.startChild("endless", errand, { what: "digging", days: 50 }, { onParentClose: "cancel" });
    await ctx.startChild("late", errand, { what: "shopping", days: 3 }, { onParentClose: "wait" });
    await ctx.startChild("free", errand, { what: "dancing", days: 5 });
    return await ctx.runChild("awaited", errand, { what: "cooking", days: 1 });
  }),
  others: [errand],
  outcome: { status: "succeeded", value: "cooking is done" },
};
