// Branches that each go through several calls, whose results come in between each other's.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

const RUNNERS = ["ada", "bob", "cyd"];

export const golden: Golden = {
  workflow: workflow("relay", async (ctx) => {
    const order: string[] = [];
    const run = async (name: string, leg: number) => {
      for (let lap = 1; lap <= 3; lap += 1) {
        const step = ctx.step(`${name} runs`, (s) => {
          if (lap === leg && s.attempt === 1) throw new Error("stumbled");
          return lap;
        });
        order.push(`${name}${await step}`);
        if (lap === 2) await ctx.sleep(`${name} drinks`, `${leg}m`);
      }
      return name;
    };
    const names = await Promise.all(RUNNERS.map((name, i) => run(name, i + 1)));
    return { names, laps: order.toSorted(), last: order.at(-1) };
  }),
  outcome: {
    status: "succeeded",
    value: {
      names: RUNNERS,
      laps: RUNNERS.flatMap((name) => [1, 2, 3].map((lap) => `${name}${lap}`)),
      last: "cyd3",
    },
  },
};
