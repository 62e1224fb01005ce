// The workflows of chaos. Each step leaves a line outside before it returns, and records which execution it was.
import { randomBytes } from "node:crypto";
import { type StepContext, workflow } from "perdure";
import * as v from "valibot";
import { writeExecution } from "./effects.ts";
import { holderOf } from "./holders.ts";
import { amountOf, failuresOf, fillerOf, STEPS, sleepsOf } from "./scenarios.ts";

/** The one step handler of the demo stack. */
const HANDLER = "shipping";

const Input = v.object({ n: v.number() });
const Amount = v.object({ amount: v.number() });

export interface Effect {
  readonly value: number;
  readonly execution: string;
  /** Only to be large. */
  readonly filler?: string;
}

/** A step's body. Fails as often as the run's number says; then the message of its error names the execution. */
function body(n: number, step: string, isHandler = false) {
  return (context: StepContext): Effect => {
    const [runId = ""] = context.idempotencyKey.split("/");
    const execution = randomBytes(8).toString("hex");
    const { attempt } = context;
    const process_ = process.env["CHAOS_PROCESS"] ?? String(process.pid);
    const at = Date.now();
    const line = { runId, step, attempt, execution, process: process_, at, ...holderOf(runId, isHandler) };
    writeExecution(process.env["CHAOS_EFFECTS"] ?? "", line);
    if (attempt <= failuresOf(n, step)) throw new Error(execution);
    return { value: amountOf(n, step), execution };
  };
}

const options = { retry: { initial: "20ms", maxAttempts: 6 } } as const;

export const steps = workflow("steps", { input: Input }, async (ctx, { n }) => {
  let sum = 0;
  for (const step of STEPS.steps) sum += (await ctx.step(step, body(n, step), options)).value;
  return sum;
});

export const sleeps = workflow("sleeps", { input: Input }, async (ctx, { n }) => {
  const [longMs, shortMs] = sleepsOf(n);
  const before = await ctx.step("before", body(n, "before"), options);
  await ctx.sleep("long", longMs);
  const between = await ctx.step("between", body(n, "between"), options);
  await ctx.sleep("short", shortMs);
  const last = await ctx.step("last", body(n, "last"), options);
  return before.value + between.value + last.value;
});

export const signals = workflow(
  "signals",
  { input: Input, signals: { go: Amount, done: Amount } },
  async (ctx, { n }) => {
    const before = await ctx.step("before", body(n, "before"), options);
    const first = await ctx.waitForSignal("go");
    const between = await ctx.step("between", body(n, "between"), options);
    const second = await ctx.waitForSignal("go");
    const done = await ctx.waitForSignal("done");
    const last = await ctx.step("last", body(n, "last"), options);
    return before.value + between.value + last.value + first.amount + second.amount + done.amount;
  },
);

export const parallel = workflow("parallel", { input: Input }, async (ctx, { n }) => {
  const large = (context: StepContext): Effect => ({ ...body(n, "p1")(context), filler: fillerOf(n) });
  const parts = await Promise.all([
    ctx.step("p1", large, options),
    ...["p2", "p3", "p4", "p5"].map((step) => ctx.step(step, body(n, step), options)),
    ctx.step("boat", body(n, "boat", true), { ...options, on: HANDLER }),
  ]);
  const last = await ctx.step("last", body(n, "last"), options);
  return parts.reduce((sum, { value, filler = "" }) => sum + value + filler.length, last.value);
});
