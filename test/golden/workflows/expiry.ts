// A run whose time is up while it waits for a signal, beside a step handler that is done and a sleep that is not.
import { workflow } from "perdure";
import { expect } from "vitest";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("expiry", { timeout: "2 days" }, async (ctx) => {
    await ctx.step("ask", () => "asked", { on: "shipping" });
    return await Promise.all([ctx.sleep("long", "30 days"), ctx.waitForSignal("answer")]);
  }),
  signals: [{ name: "other", payload: 1, key: "k1", afterMs: 3_600_000 }],
  outcome: {
    status: "timed_out",
    error: { name: "TimeoutError", message: expect.stringContaining("did not end before its deadline") },
  },
};
