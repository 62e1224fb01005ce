// A workflow that fails by an error of its own after some work, while another branch still waits.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("collapse", async (ctx) => {
    const bridge = ctx.sleep("far", "10 days");
    const loads = await Promise.all([ctx.step("left", () => 60), ctx.step("right", () => 50)]);
    await ctx.sleep("settle", "20m");
    const load = loads[0] + loads[1];
    if (load > 100) throw new RangeError(`a load of ${load} is too much`);
    return await bridge;
  }),
  outcome: { status: "failed", error: { name: "RangeError", message: "a load of 110 is too much" } },
};
