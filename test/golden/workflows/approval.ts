// Signals that may time out: one comes in time, one never does, one comes after its wait is over and is kept for the next.
import { TimeoutError, workflow } from "perdure";
import * as v from "valibot";
import type { Golden } from "../golden.ts";

const Vote = v.object({ yes: v.boolean() });

export const golden: Golden = {
  workflow: workflow(
    "approval",
    { signals: { first: Vote, second: Vote, late: v.string() } },
    async (ctx) => {
      const first = await ctx.waitForSignal("first", { timeout: "7 days" });
      const second = await ctx.waitForSignal("second", { timeout: "1 day" }).catch(timedOut);
      const late = await ctx.waitForSignal("late", { timeout: "1 hour" }).catch(timedOut);
      await ctx.step("remind", () => "reminded");
      return [first, second, late, await ctx.waitForSignal("late", { timeout: "30 days" })];
    },
  ),
  signals: [
    { name: "first", payload: { yes: true }, key: "vote-1" },
    // A day for the second, an hour for the late one, and then it comes.
    { name: "late", payload: "sorry", key: "late-1", afterMs: 2 * 86_400_000 },
  ],
  outcome: { status: "succeeded", value: [{ yes: true }, "timed out", "timed out", "sorry"] },
};

function timedOut(error: unknown): string {
  if (error instanceof TimeoutError) return "timed out";
  throw error;
}
