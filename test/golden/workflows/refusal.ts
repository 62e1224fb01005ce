// A terminal error ends its step at the first attempt; it is caught, looked at, and thrown on as another.
import { StepError, TerminalError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("refusal", async (ctx, input) => {
    try {
      return await ctx.step("charge", () => Promise.reject(new TerminalError("card stolen")));
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      const note = await ctx.step("write down", () => `attempt ${error.attempt} of ${String(input)}`);
      throw new TerminalError(`refused: ${note}`, { cause: error });
    }
  }),
  input: "order 7",
  outcome: {
    status: "failed",
    error: { name: "TerminalError", message: "refused: attempt 1 of order 7" },
  },
};
