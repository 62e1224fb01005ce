// The workflows of chaos. Each step leaves a line outside before it returns, and records which execution it was.
import { randomBytes } from "node:crypto";
import { type StepContext, TimeoutError, workflow } from "perdure";
import * as v from "valibot";
import { writeExecution } from "./effects.ts";
import { writeHandout } from "./handouts.ts";
import { holderOf } from "./holders.ts";
import {
  amountOf,
  CHILDREN,
  childOf,
  failuresOf,
  fillerOf,
  lateMsOf,
  lineOf,
  MOST_IN_ALL,
  MOST_OF_KEY,
  STEPS,
  sleepsOf,
  stayMsOf,
} from "./scenarios.ts";

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

export const errand = workflow("errand", { input: Input }, async (ctx, { n }) => {
  const before = await ctx.step("before", body(n, "before"), options);
  await ctx.sleep("way", stayMsOf(n));
  const last = await ctx.step("last", body(n, "last"), options);
  return before.value + last.value;
});

/** Ends only when it is told to. */
export const idler = workflow("idler", { input: Input }, async (ctx, { n }) => {
  await ctx.step("before", body(n, "before"), options);
  await ctx.waitForSignal("never");
});

export const children = workflow("children", { input: Input }, async (ctx, { n }) => {
  const before = await ctx.step("before", body(n, "before"), options);
  for (const name of ["abandoned", "waited"] as const) {
    const { policy } = CHILDREN[name];
    await ctx.startChild(name, errand, { n: childOf(n, name) }, { onParentClose: policy });
  }
  await ctx.startChild("cancelled", idler, { n: childOf(n, "cancelled") }, { onParentClose: "cancel" });
  const own = await ctx.runChild("own", errand, { n: childOf(n, "own") });
  const last = await ctx.step("last", body(n, "last"), options);
  return before.value + own + last.value;
});

/** The first is waited for until it comes; the second comes in time or too late. */
export const callbacks = workflow("callbacks", { input: Input }, async (ctx, { n }) => {
  const { runId } = ctx;
  const handOut = (name: string) => (token: string) =>
    writeHandout(process.env["CHAOS_EFFECTS"] ?? "", { runId, name, token });
  const before = await ctx.step("before", body(n, "before"), options);
  const paid = await ctx.waitForCallback("paid", handOut("paid"), { schema: Amount });
  let late = 0;
  try {
    const answer = await ctx.waitForCallback("late", handOut("late"), {
      schema: Amount,
      timeout: lateMsOf(n),
    });
    late = answer.amount;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  const last = await ctx.step("last", body(n, "last"), options);
  return before.value + paid.amount + late + last.value;
});

export const concurrency = workflow(
  "concurrency",
  {
    input: Input,
    concurrency: [{ limit: MOST_OF_KEY, key: ({ n }) => lineOf(n) }, { limit: MOST_IN_ALL }],
  },
  async (ctx, { n }) => {
    const before = await ctx.step("before", body(n, "before"), options);
    await ctx.sleep("stay", stayMsOf(n));
    const last = await ctx.step("last", body(n, "last"), options);
    return before.value + last.value;
  },
);
