// Sleeps of every length the engine tells apart: none, in the process, on the queue's delay, on a schedule.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("night", async (ctx) => {
    const slept: boolean[] = [];
    for (const [name, duration, ms] of [
      ["none", "0s", 0],
      ["blink", "1500ms", 1_500],
      ["nap", "10s", 10_000],
      ["doze", "14m", 840_000],
      ["sleep", "3 days", 259_200_000],
    ] as const) {
      const from = ctx.now().getTime();
      await ctx.sleep(name, duration);
      slept.push(ctx.now().getTime() - from >= ms);
    }
    await ctx.step("wake up", () => slept.length);
    await ctx.sleep("nap", "10s");
    return slept;
  }),
  outcome: { status: "succeeded", value: [true, true, true, true, true] },
};
