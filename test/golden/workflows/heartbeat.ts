// A loop that races each beat against a signal: every beat leaves a loser behind, and the signal is taken by the oldest.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("heartbeat", async (ctx) => {
    let stopped: unknown;
    const stop = ctx.waitForSignal("stop").then((by) => {
      stopped = by;
    });
    let beats = 0;
    for (; stopped === undefined && beats < 10; beats += 1) {
      await Promise.race([stop, ctx.sleep("beat", "10m")]);
      if (stopped === undefined) await ctx.step("pump", () => beats);
    }
    return { stopped, beats };
  }),
  signals: [{ name: "stop", payload: "the doctor", key: "k1", afterMs: 25 * 60_000 }],
  outcome: { status: "succeeded", value: { stopped: "the doctor", beats: 3 } },
};
