// Small workflows, one for each thing that a caller of the API can meet.
import * as v from "valibot";
import { RetryableError, TerminalError, workflow } from "../../lib/sdk/index.ts";

/** Ends at once; its input must be `{ who: text }`. */
export const greet = workflow("greet", { input: v.object({ who: v.string() }) }, async (ctx, { who }) => {
  return await ctx.step("greet", () => `Hello, ${who}`);
});

const Tree: v.GenericSchema<unknown> = v.array(v.lazy(() => Tree));

/** Waits for a signal whose payload must be `{ ok: boolean }`, and takes any input. */
export const approve = workflow(
  "approve",
  { signals: { decided: v.object({ ok: v.boolean() }), grown: Tree } },
  async (ctx) => (await ctx.waitForSignal("decided")).ok,
);

export const fail = workflow("fail", async (ctx) => {
  await ctx.step("break", () => {
    throw new TerminalError("the card was stolen");
  });
});

/** Returns what JSON does not have. */
export const exotic = workflow("exotic", async (ctx) => {
  return await ctx.step("collect", () => ({
    date: new Date(0),
    total: 12n,
    tags: new Set(["a", "b"]),
    prices: new Map([["KB-87", 129n]]),
    bytes: new Uint8Array([1, 2, 3]),
    cause: new TypeError("not a number"),
    nothing: undefined,
  }));
});

/** Its step fails once and is tried again in an hour. */
export const patient = workflow("patient", { timeout: "1 day" }, async (ctx) => {
  await ctx.step(
    "call",
    () => {
      throw new RetryableError("busy", { retryAfter: "1h" });
    },
    { retry: { maxAttempts: 3 } },
  );
});

/** Stalls: it waits for something that is not recorded. */
export const astray = workflow("astray", async () => {
  await new Promise(() => {});
});

/** What `astray` is after its code was mended. */
export const mended = workflow("astray", async (ctx) => await ctx.step("work", () => "done"));

/** Records `count` steps, together, that each return `size` characters. */
export const many = workflow(
  "many",
  { input: v.object({ count: v.number(), size: v.number() }) },
  async (ctx, { count, size }) => {
    const parts = Array.from({ length: count }, (_, i) => ctx.step(`part ${i + 1}`, () => "x".repeat(size)));
    await Promise.all(parts);
  },
);
