// A run that begins anew three times, from a turn of a loop too, and fails in its last season: only that one is undone.
import { TerminalError, workflow } from "perdure";
import * as v from "valibot";
import type { Golden } from "../golden.ts";

const Input = v.object({ season: v.number(), grown: v.array(v.string()) });

export const golden: Golden = {
  workflow: workflow("seasons", { input: Input, signals: { seed: v.string() } }, async (ctx, input) => {
    const { season, grown } = input;
    await ctx.step("plough", () => null, { compensate: () => {} });
    const seed = await ctx.waitForSignal("seed");
    await ctx.sleep("winter", "90 days");
    const next = { season: season + 1, grown: [...grown, `${seed} ${season}`] };
    if (season === 3) throw new TerminalError(next.grown.join(", "));
    if (season === 1) await ctx.continueAsNew(next);
    await ctx.loop("summer", 0, async (c, week) => {
      await c.sleep("week", "7 days");
      if (week === 2) await c.continueAsNew(next);
      return { next: week + 1 };
    });
  }),
  input: { season: 1, grown: [] },
  signals: [
    { name: "seed", payload: "oats", key: "seed-1" },
    { name: "seed", payload: "rye", key: "seed-2" },
    { name: "seed", payload: "oats", key: "seed-1", afterMs: 100 * 86_400_000 },
    { name: "seed", payload: "flax", key: "seed-3" },
  ],
  outcome: { status: "failed", error: { name: "TerminalError", message: "oats 1, rye 2, flax 3" } },
};
