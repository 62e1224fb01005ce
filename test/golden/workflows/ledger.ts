// Values beyond what the table holds, in and out of every door: input, step, signal, step handler, error, result.
import { type StepError, TerminalError, workflow } from "perdure";
import type { Golden } from "../golden.ts";

/** Hard to compress, so that three thousand of them leave the table. */
const numbers = (from: number) =>
  Array.from({ length: 3_000 }, (_, i) => Math.imul(from + i, 0x9e37_79b1) >>> 0);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

class Discrepancy extends TerminalError {
  readonly rows: readonly number[];

  constructor(message: string, rows: readonly number[]) {
    super(message);
    this.rows = rows;
  }
}

export const golden: Golden = {
  workflow: workflow("ledger", async (ctx, input) => {
    const opening = sum(input as number[]);
    const booked = await ctx.step("book", () => numbers(1));
    await ctx.sleep("pause", "1m");
    const far = await ctx.step("far", () => numbers(2).concat(booked.length), { on: "shipping" });
    const told = (await ctx.waitForSignal("statement")) as number[];
    const failed = await ctx
      .step("audit", () => Promise.reject(new Discrepancy("does not add up", numbers(3))))
      .catch((error: StepError) => sum((error.cause as Discrepancy).rows));
    return { opening, booked: sum(booked), far: far.at(-1), told: told.length, failed, all: booked };
  }),
  input: numbers(4),
  signals: [{ name: "statement", payload: numbers(5), key: "k1" }],
  outcome: {
    status: "succeeded",
    value: {
      opening: sum(numbers(4)),
      booked: sum(numbers(1)),
      far: 3_000,
      told: 3_000,
      failed: sum(numbers(3)),
      all: numbers(1),
    },
  },
};
