// The code of docs/guides/steps.md.
import { RetryableError, StepError, TerminalError, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

const Receipt = v.object({ id: v.string(), cents: v.number() });

/** A gateway that is busy at first, declines one card for good, and counts by key what it has charged. */
const gateway = {
  busyFor: 0,
  charged: new Map<string, number>(),
  async charge(card: string, cents: number, { key }: { key: string; signal: AbortSignal }): Promise<unknown> {
    if (card === "stolen") throw new TerminalError("the card was stolen");
    if (gateway.busyFor > 0) {
      gateway.busyFor -= 1;
      throw new RetryableError("busy", { retryAfter: "30s" });
    }
    gateway.charged.set(key, cents);
    return { id: `ch_${cents}`, cents };
  },
};

const pay = workflow("pay", { input: v.object({ card: v.string() }) }, async (ctx, { card }) => {
  const receipt = await ctx.step(
    "charge",
    (s) => gateway.charge(card, 4_200, { key: s.idempotencyKey, signal: s.signal }),
    {
      retry: { maxAttempts: 8, initial: "1s", max: "5m" },
      timeout: "10s",
      totalTimeout: "1 day",
      schema: Receipt,
    },
  );
  return receipt.id;
});

const payOrCash = workflow(
  "pay-or-cash",
  { input: v.object({ card: v.string() }) },
  async (ctx, { card }) => {
    try {
      return await ctx.runChild("pay", pay, { card });
    } catch (error) {
      ctx.log.warn("no card payment", { error: String(error) });
      return await ctx.step("print bill", () => "bill");
    }
  },
);

const bank = { sent: [] as string[], dies: true };

const payOut = workflow("pay-out", async (ctx) => {
  try {
    await ctx.step("transfer", () => void bank.sent.push("transfer"), { semantics: "at-most-once" });
    return "sent";
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    const wasSent = await ctx.step("look it up", () => bank.sent.length > 0);
    return wasSent ? "sent after all" : "not sent";
  }
});

const rows = Array.from({ length: 5 }, (_, i) => `row ${i}`);
const imported: string[] = [];

const importing = workflow("importing", async (ctx) => {
  await ctx.step(
    "import",
    async (s) => {
      const done = typeof s.progress === "number" ? s.progress : 0;
      for (let i = done; i < rows.length; i += 1) {
        imported.push(rows[i] ?? "");
        await s.heartbeat(i + 1);
        if (s.attempt === 1 && i === 2) throw new Error("the connection is gone");
      }
    },
    { heartbeatTimeout: "1m" },
  );
});

describe("the guide to steps", () => {
  it("charges once, however often the gateway is busy", async () => {
    gateway.busyFor = 3;
    gateway.charged.clear();
    const environment = createTestEnvironment({ workflows: [pay] });
    const run = await environment.start(pay, { card: "4242" });
    expect(await run.result()).toBe("ch_4200");
    expect([...gateway.charged]).toEqual([[`${run.runId}/charge`, 4_200]]);
    const types = (await run.journal()).map(({ type }) => type);
    expect(types).toEqual([
      "step.retrying",
      "step.retrying",
      "step.retrying",
      "step.succeeded",
      "run.succeeded",
    ]);
  });

  it("ends at once on a terminal error, which can be caught", async () => {
    const environment = createTestEnvironment({ workflows: [pay, payOrCash] });
    const run = await environment.start(pay, { card: "stolen" });
    await expect(run.result()).rejects.toThrow("the card was stolen");
    const second = await environment.start(payOrCash, { card: "stolen" });
    expect(await second.result()).toBe("bill");
  });

  it("does not send twice what must not be sent twice", async () => {
    const environment = createTestEnvironment({ workflows: [payOut] });
    const run = await environment.start(payOut, undefined);
    expect(await run.result()).toBe("sent");
    environment.mockStep(payOut, "transfer", () => {
      bank.sent.push("transfer");
      environment.crash();
    });
    const second = await environment.start(payOut, undefined);
    expect(await second.result()).toBe("sent after all");
    expect(bank.sent).toEqual(["transfer", "transfer"]);
  });

  it("goes on where the last attempt was", async () => {
    const environment = createTestEnvironment({ workflows: [importing] });
    const run = await environment.start(importing, undefined);
    await run.result();
    expect(imported).toEqual(rows);
  });
});
