// The code of docs/guides/repair.md.
import { TerminalError, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

const invoices = { sent: [] as string[] };
const Order = v.object({ customer: v.string() });

const billing = workflow("billing", { input: Order }, async (ctx, { customer }) => {
  const number = await ctx.step("number", (s) => `I-${s.idempotencyKey.length}`);
  await ctx.step("send", () => {
    if (customer === "nobody") throw new TerminalError("there is no such customer");
    invoices.sent.push(customer);
  });
  return number;
});

const mended = workflow("billing", { input: Order }, async (ctx, { customer }) => {
  const number = await ctx.step("number", (s) => `I-${s.idempotencyKey.length}`);
  await ctx.step("send", () => void invoices.sent.push(customer === "nobody" ? "the office" : customer));
  return number;
});

describe("the guide to repair", () => {
  it("keeps what succeeded, and does again what failed", async () => {
    const environment = createTestEnvironment({ workflows: [billing] });
    const run = await environment.start(billing, { customer: "nobody" });
    await expect(run.result()).rejects.toThrow("there is no such customer");
    environment.deploy(mended);
    const retried = await environment.retry(run.runId);
    await retried.result();
    expect(invoices.sent).toEqual(["the office"]);
    // The old run stays as it was.
    expect(await run.status()).toBe("failed");
  });

  it("goes another way from any entry on", async () => {
    const environment = createTestEnvironment({ workflows: [billing] });
    const run = await environment.start(billing, { customer: "ada" });
    const number = await run.result();
    const fork = await environment.fork(run.runId, { after: 1, input: { customer: "grace" } });
    expect(await fork.result()).toBe(number);
    expect(invoices.sent.slice(-2)).toEqual(["ada", "grace"]);
  });
});
