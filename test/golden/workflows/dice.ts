// Time and chance are part of the replay: what was drawn before a wait is what a step recorded of it.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("dice", async (ctx) => {
    const draw = () => [ctx.now().getTime(), ctx.random(), ctx.uuid()];
    const drawn = [draw()];
    const written = [await ctx.step("write", () => JSON.stringify(drawn[0]))];
    for (const pause of ["1s", "1h", "2 days"]) {
      await ctx.sleep("pause", pause);
      const next = draw();
      drawn.push(next);
      written.push(await ctx.step("write", () => JSON.stringify(next)));
    }
    const isSame = written.every((text, i) => text === JSON.stringify(drawn[i]));
    const uuids = new Set(drawn.map((one) => one[2]));
    return [isSame, uuids.size, ctx.random() < 1];
  }),
  outcome: { status: "succeeded", value: [true, 4, true] },
};
