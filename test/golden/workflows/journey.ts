// Bookings that are cancelled half-way: what was booked is given back, last first.
import { workflow } from "perdure";
import { expect } from "vitest";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("journey", async (ctx) => {
    for (const what of ["train", "hotel", "museum"])
      await ctx.step(what, () => `${what} 7`, {
        compensate: {
          undo: (booked, { attempt }) => {
            if (booked === "hotel 7" && attempt === 1) throw new Error("nobody answers");
          },
          retry: { initial: "3s" },
        },
      });
    await ctx.sleep("until then", "40 days");
    return await ctx.step("travel", () => "travelled");
  }),
  acts: [{ act: "cancel", afterMs: 86_400_000 }],
  outcome: {
    status: "cancelled",
    error: { name: "CancelledError", message: expect.stringContaining('waited for sleep "until then"') },
  },
};
