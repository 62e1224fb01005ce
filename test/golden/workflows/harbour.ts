// Conditions with a state of their own: one comes true at its last look, by what all looks together have seen, and
// another has had its looks, one of which failed.
import { ConditionError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("harbour", async (ctx) => {
    const log = await ctx.waitForCondition(
      "ship in sight",
      (_, { looks }) => ({ looks: [...looks, `${looks.length} masts`] }),
      {
        initial: { looks: ["fog"] },
        until: ({ looks }) => looks.includes("3 masts"),
        every: "1h",
        maxChecks: 3,
      },
    );
    const missed = await ctx
      .waitForCondition(
        "pilot on board",
        ({ attempt }, { hails }) => {
          if (attempt === 2) throw new Error("hoarse");
          return { hails: hails + 1 };
        },
        { initial: { hails: 0 }, until: () => false, every: "40s", maxChecks: 3 },
      )
      .catch((error: unknown) => (error instanceof ConditionError ? [error.checks, error.last] : error));
    return [log, missed];
  }),
  outcome: {
    status: "succeeded",
    value: [{ looks: ["fog", "1 masts", "2 masts", "3 masts"] }, [3, { hails: 2 }]],
  },
};
