// Steps side by side, one of which asks for another attempt after the others are through.
import { RetryableError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("trio", async (ctx) =>
    Promise.all([
      ctx.step("a", () => "A"),
      ctx.step("b", (s) => {
        if (s.attempt === 1) throw new RetryableError("again", { retryAfter: "5s" });
        return `B${s.attempt}`;
      }),
      ctx.step("c", () => "C"),
    ]),
  ),
  outcome: { status: "succeeded", value: ["A", "B2", "C"] },
};
