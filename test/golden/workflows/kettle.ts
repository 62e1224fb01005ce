// A condition that comes true at the fourth look, by what the look before it has seen, and another that never does.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("kettle", async (ctx) => {
    const degrees = await ctx.waitForCondition(
      "boiling",
      (_, before: number | undefined) => (before ?? 15) + 25,
      {
        until: (seen) => seen >= 100,
        every: "40s",
        backoff: 2,
      },
    );
    const snow = await ctx
      .waitForCondition("snow in July", () => false, { every: "1 day", timeout: "3 days" })
      .catch((error: Error) => error.name);
    return [degrees, snow];
  }),
  outcome: { status: "succeeded", value: [115, "TimeoutError"] },
};
