// Steps one after another in a loop: the names repeat, so their occurrence numbers tell them apart.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("sequence", async (ctx) => {
    const ids: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      ids.push(await ctx.step("add", (s) => `${i} ${s.idempotencyKey.split("/")[1]}`));
      if (i % 2 === 1) ids.push(await ctx.step("check", () => `checked ${ids.length}`));
    }
    return ids;
  }),
  outcome: {
    status: "succeeded",
    value: ["0 add", "1 add#2", "checked 2", "2 add#3", "3 add#4", "checked 5"],
  },
};
