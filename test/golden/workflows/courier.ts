// A token that goes out, and comes back with a value.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

const desk: string[] = [];

export const golden: Golden = {
  workflow: workflow("courier", async (ctx) => {
    const receipt = await ctx.waitForCallback("receipt", (token) => desk.push(token), {
      timeout: "7 days",
      heartbeatTimeout: "3 days",
    });
    return await ctx.step("file", () => ["filed", receipt]);
  }),
  desk,
  acts: [{ act: "complete", payload: { signedBy: "the neighbour" }, afterMs: 86_400_000 }],
  outcome: { status: "succeeded", value: ["filed", { signedBy: "the neighbour" }] },
};
