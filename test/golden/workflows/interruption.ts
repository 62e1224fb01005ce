// A signal that comes while a step is at work: the activation that holds the run sees it, and the run ends without the
// step. It comes after two processes may have died before the step began.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("interruption", async (ctx) => {
    const work = ctx.step(
      "work",
      async ({ signal }) =>
        await new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("told to stop")));
        }),
      { timeout: "10m", retry: { maxAttempts: 1 } },
    );
    return await Promise.race([work, ctx.waitForSignal("stop")]);
  }),
  signals: [{ name: "stop", payload: "stopped", key: "k1", afterMs: 60_000 }],
  outcome: { status: "succeeded", value: "stopped" },
};
