// Promises within promises: all, race, any and allSettled over steps, sleeps and branches of several calls.
import { TerminalError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("tournament", async (ctx) => {
    const branch = async (name: string, pause: string) => {
      const first = await ctx.step(`${name} first`, () => `${name}1`);
      await ctx.sleep(`${name} pause`, pause);
      return [first, await ctx.step(`${name} second`, () => `${name}2`)];
    };
    const [both, quickest, any, settled] = await Promise.all([
      Promise.all([branch("a", "1m"), branch("b", "2m")]),
      Promise.race([
        ctx.sleep("slow", "1 day").then(() => "slow"),
        ctx.sleep("quick", "3m").then(() => ctx.step("won", () => "quick")),
      ]),
      Promise.any([
        ctx.step("broken", () => Promise.reject(new TerminalError("broken"))),
        branch("c", "4m").then((values) => values.join()),
      ]),
      Promise.allSettled([
        ctx.step("fine", () => 1),
        ctx.step("not fine", () => Promise.reject(new TerminalError("no"))),
      ]),
    ]);
    return { both, quickest, any, settled: settled.map(({ status }) => status) };
  }),
  outcome: {
    status: "succeeded",
    value: {
      both: [
        ["a1", "a2"],
        ["b1", "b2"],
      ],
      quickest: "quick",
      any: "c1,c2",
      settled: ["fulfilled", "rejected"],
    },
  },
};
