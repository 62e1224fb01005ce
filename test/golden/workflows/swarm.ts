// More steps at once than run at once, and more results at once than one checkpoint takes.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

const SIZE = 230;

export const golden: Golden = {
  workflow: workflow("swarm", async (ctx) => {
    const values = await Promise.all(
      Array.from({ length: SIZE }, (_, i) =>
        ctx.step("part", (s) => {
          if (i % 100 === 7 && s.attempt === 1) throw new Error("once");
          return i;
        }),
      ),
    );
    return values.every((value, i) => value === i) && (await ctx.step("count", () => values.length));
  }),
  outcome: { status: "succeeded", value: SIZE },
};
