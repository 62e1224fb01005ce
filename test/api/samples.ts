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

/** Books two things, then waits for a day. What it has done can be undone, all but the hotel. */
export const booking = workflow("booking", async (ctx) => {
  await ctx.step("flight", () => "F1", { compensate: () => {} });
  await ctx.step("hotel", () => "H1", {
    compensate: {
      undo: () => {
        throw new TerminalError("the hotel says no");
      },
    },
  });
  await ctx.sleep("until it begins", "1 day");
});

export const refusing = workflow("refusing", async (ctx) => {
  await ctx.step("refuse", () => {
    throw new TerminalError("ill");
  });
});

/** Has two children, of which one fails, and a look at something that comes true at the second time. */
export const party = workflow("party", async (ctx) => {
  ctx.version("with music", { from: 1, to: 2 });
  await ctx.waitForCondition("guests are here", (s) => s.attempt > 1, { every: "10ms" });
  const guest = await ctx.runChild("guest", greet, { who: "Ada" });
  await ctx.runChild("ill", refusing, null).catch(() => {});
  return guest;
});

/** The tokens and links that workflows gave away, in their order, by run. */
export const handedOut = new Map<string, string[]>();

/** Waits for a callback that must be `{ cents: number }`, for an hour, with a sign of life each ten minutes. */
export const payment = workflow("payment", async (ctx) => {
  return await ctx.waitForCallback("paid", (token) => void handedOut.set(ctx.runId, [token]), {
    schema: v.object({ cents: v.number() }),
    timeout: "1 hour",
    heartbeatTimeout: "10m",
  });
});

/** Asks a person; for how long is its input, in ms. */
export const refund = workflow("refund", { input: v.number() }, async (ctx, timeoutMs) => {
  return await ctx.waitForApproval("refund <b>all", {
    to: ({ approveUrl, rejectUrl }) => void handedOut.set(ctx.runId, [approveUrl, rejectUrl]),
    timeout: timeoutMs,
  });
});

/** For `vi.waitUntil`: a bound for what never comes, not a measure of speed. */
export const PATIENCE = { timeout: 60_000, interval: 5 };
