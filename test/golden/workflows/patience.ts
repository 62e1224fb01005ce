// A step that never answers: its attempt is over when its timeout is, in the activation and on a step handler.
import { type StepContext, type StepError, TimeoutError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("patience", async (ctx) => {
    const here = await ctx
      .step("here", hang, { timeout: "5s", retry: { maxAttempts: 1 } })
      .catch((error: StepError) => error.cause instanceof TimeoutError);
    const there = await ctx.step("there", (s) => (s.attempt === 1 ? hang(s) : "answered"), {
      on: "shipping",
      timeout: "3s",
      retry: { initial: "2s" },
    });
    return [here, there];
  }),
  outcome: { status: "succeeded", value: [true, "answered"] },
};

async function hang({ signal }: StepContext): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("told to stop")));
  });
}
