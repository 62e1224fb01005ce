// Steps on a step handler: one after a step of the activation, two at once, one that fails and is tried again, one that
// fails for good.
import { type StepError, TerminalError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

const on = "shipping";

export const golden: Golden = {
  workflow: workflow("parcel", async (ctx) => {
    const from = await ctx.step("look up", () => "store 4");
    const booked = await ctx.step(
      "book",
      (s) => {
        if (s.attempt === 1) throw new Error("carrier is down");
        return `${from} at attempt ${s.attempt}`;
      },
      { on, retry: { initial: "5s", jitter: 0 } },
    );
    const labels = await Promise.all([
      ctx.step("label", () => "left", { on }),
      ctx.step("label", () => "right", { on }),
      ctx.step("weigh", () => 3),
    ]);
    const insured = await ctx
      .step("insure", () => Promise.reject(new TerminalError("too old")), { on })
      .catch((error: StepError) => (error.cause as Error).message);
    return { booked, labels, insured };
  }),
  outcome: {
    status: "succeeded",
    value: { booked: "store 4 at attempt 2", labels: ["left", "right", 3], insured: "too old" },
  },
};
