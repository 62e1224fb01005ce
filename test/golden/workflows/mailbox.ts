// Signals that are buffered before anybody asks, are taken in order, and count once for each key however often they come.
import { workflow } from "perdure";
import * as v from "valibot";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("mailbox", async (ctx) => {
    await ctx.sleep("not home", "1h");
    const letters = [await ctx.waitForSignal("letter"), await ctx.waitForSignal("letter")];
    const [parcel, last] = await Promise.all([
      ctx.waitForSignal("parcel", { schema: v.object({ weight: v.number() }) }),
      ctx.waitForSignal("letter"),
    ]);
    return { letters, parcel, last };
  }),
  signals: [
    { name: "letter", payload: "one", key: "k1" },
    { name: "letter", payload: "two", key: "k2" },
    { name: "letter", payload: "one", key: "k1" },
    { name: "noise", payload: null, key: "k3" },
    { name: "parcel", payload: { weight: 2 }, key: "k4", afterMs: 7_200_000 },
    { name: "letter", payload: "three", key: "k5" },
  ],
  outcome: {
    status: "succeeded",
    value: { letters: ["one", "two"], parcel: { weight: 2 }, last: "three" },
  },
};
