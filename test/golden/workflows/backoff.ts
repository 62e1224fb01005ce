// Attempts that back off: a short wait that stays in the process, a long one that does not, a predicate that ends it, and
// a policy that is used up.
import { RetryableError, type StepError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("backoff", async (ctx) => {
    const third = await ctx.step(
      "third time",
      (s) => {
        if (s.attempt < 3) throw new Error(`no ${s.attempt}`);
        return s.attempt;
      },
      { retry: { initial: "500ms", factor: 60, jitter: 0 } },
    );
    const asked = await ctx.step("as asked", (s) => {
      if (s.attempt === 1) throw new RetryableError("busy", { retryAfter: "20m" });
      return s.attempt;
    });
    const refused = await ctx
      .step("not worth it", () => Promise.reject(new RangeError("far off")), {
        retry: { retryIf: (error) => !(error instanceof RangeError) },
      })
      .catch((error: StepError) => `${error.attempt} ${(error.cause as Error).message}`);
    const used = await ctx
      .step("used up", (s) => Promise.reject(new Error(`down ${s.attempt}`)), {
        retry: { maxAttempts: 3, initial: "1s" },
      })
      .catch((error: StepError) => `${error.attempt} ${(error.cause as Error).message}`);
    return { third, asked, refused, used };
  }),
  outcome: { status: "succeeded", value: { third: 3, asked: 2, refused: "1 far off", used: "3 down 3" } },
};
