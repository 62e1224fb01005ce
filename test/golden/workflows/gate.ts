// A run that goes through every kind of limiter before it begins, and whose children go through one of them one by one.
import { type AnyWorkflow, workflow } from "perdure";
import type { Golden } from "../golden.ts";

const gate: AnyWorkflow = workflow(
  "gate",
  {
    concurrency: [{ limit: 2 }, { limit: 1, key: (input) => `turnstile ${String(input)}` }],
    singleton: { key: (input) => `visitor ${String(input)}`, onConflict: "use-existing" },
    rate: { limit: 60, per: "1 minute", burst: 3 },
  },
  async (ctx, input): Promise<unknown> => {
    if (input !== "group") return await ctx.step("walk through", () => `${String(input)} is in`);
    const visitors = ["ada", "bob", "cyd"];
    const walks = visitors.map((visitor) => ctx.runChild(visitor, gate, visitor));
    return await Promise.all(walks);
  },
);

export const golden: Golden = {
  workflow: gate,
  input: "group",
  outcome: { status: "succeeded", value: ["ada is in", "bob is in", "cyd is in"] },
};
