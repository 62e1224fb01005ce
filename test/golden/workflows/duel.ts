// A race, its loser, and the loser's late result, which nobody awaits.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("duel", async (ctx) => {
    const winner = await Promise.race([
      ctx.sleep("limit", "2 days").then(() => "late"),
      ctx.waitForSignal("go"),
    ]);
    const shot = await ctx.step("shoot", () => "shot");
    // The loser fires meanwhile.
    await ctx.sleep("bury", "4 days");
    return [winner, shot];
  }),
  signals: [{ name: "go", payload: "in time", key: "k1" }],
  outcome: { status: "succeeded", value: ["in time", "shot"] },
};
