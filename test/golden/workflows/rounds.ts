// A loop whose turns take signals, work in a step handler, start children, draw chance and leave something open, beside a
// loop of another name.
import { workflow } from "perdure";
import * as v from "valibot";
import type { Golden } from "../golden.ts";

const ROUNDS = 3;

export const golden: Golden = {
  workflow: workflow("rounds", { signals: { bid: v.number() } }, async (ctx) => {
    const watched = ctx.loop("watch", 0, async (c, seen) => {
      await c.sleep("look away", "5h");
      const next = seen + (await c.step("look", () => 1));
      return next === 2 ? { done: next } : { next };
    });
    const bids = await ctx.loop("bids", [] as readonly number[], async (c, before, round) => {
      const chance = c.random();
      void c.waitForSignal("never", { schema: v.unknown() });
      const bid = await c.waitForSignal("bid");
      await c.sleep("think", "3h");
      const raised = await c.step("raise", () => bid + round, { on: "shipping" });
      if (c.random() === chance) throw new Error("chance came again");
      const next = [...before, raised];
      return round === ROUNDS - 1 ? { done: next } : { next };
    });
    return { bids, watched: await watched };
  }),
  signals: [
    { name: "bid", payload: 10, key: "bid-1" },
    { name: "bid", payload: 20, key: "bid-2", afterMs: 4 * 3_600_000 },
    { name: "bid", payload: 10, key: "bid-1", afterMs: 4 * 3_600_000 },
    { name: "bid", payload: 30, key: "bid-3", afterMs: 60_000 },
  ],
  outcome: { status: "succeeded", value: { bids: [10, 21, 32], watched: 2 } },
};
