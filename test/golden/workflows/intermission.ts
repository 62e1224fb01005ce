// A run that an operator holds while its sleep ends, and lets go again.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("intermission", async (ctx) => {
    await ctx.step("first act", () => "played");
    await ctx.sleep("a drink", "1h");
    return await ctx.step("second act", () => "played on");
  }),
  acts: [
    { act: "pause", afterMs: 1_200_000 },
    { act: "resume", afterMs: 3 * 3_600_000 },
  ],
  outcome: { status: "succeeded", value: "played on" },
};
