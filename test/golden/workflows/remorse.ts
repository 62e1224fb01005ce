// A failure that is caught, slept over and undone.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("remorse", async (ctx) => {
    try {
      return await ctx.step("do", () => Promise.reject(new Error("no")), {
        retry: { maxAttempts: 2, initial: "3s" },
      });
    } catch (error) {
      await ctx.sleep("think", "1h");
      return [(error as Error).message, await ctx.step("undo", () => "undone")];
    }
  }),
  outcome: { status: "succeeded", value: ['step "do" failed at attempt 2: Error: no', "undone"] },
};
