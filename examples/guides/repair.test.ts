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

const shop = { did: [] as string[], hasParcels: false };
const ship = () => {
  if (!shop.hasParcels) throw new TerminalError("no parcels");
  shop.did.push("ship");
};

const undoneByHand = workflow("undone-by-hand", async (ctx) => {
  await ctx.step("charge", () => void shop.did.push("charge"));
  try {
    await ctx.step("ship", ship);
  } catch (error) {
    await ctx.step("refund", () => void shop.did.push("refund"));
    throw error;
  }
});

const registered = workflow("registered", async (ctx) => {
  await ctx.step("charge", () => void shop.did.push("charge"), {
    compensate: () => void shop.did.push("refund"),
  });
  await ctx.step("ship", ship);
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

  it("knows what was undone when it was registered, and not what was undone by hand", async () => {
    for (const [order, from, did] of [
      [undoneByHand, {}, ["charge", "refund", "ship"]],
      [undoneByHand, { from: "charge" }, ["charge", "refund", "charge", "ship"]],
      [registered, {}, ["charge", "refund", "charge", "ship"]],
    ] as const) {
      shop.did = [];
      shop.hasParcels = false;
      const environment = createTestEnvironment({ workflows: [order] });
      const run = await environment.start(order, null);
      await expect(run.result()).rejects.toThrow("no parcels");
      shop.hasParcels = true;
      const retried = await environment.retry(run.runId, from);
      await retried.result();
      expect(shop.did).toEqual(did);
    }
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
