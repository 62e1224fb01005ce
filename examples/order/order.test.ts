// The order example as its author would test it: virtual time, mocked steps, signals, a crash at every point, and
// journals of before. docs/guides/testing.md explains these tests, block by block.
import { createTestEnvironment, exploreCrashes, replayAll } from "perdure/testing";
import { describe, expect, it } from "vitest";
import { anOrder } from "./an-order.ts";
import { order } from "./workflow.ts";

describe("an order", () => {
  it("is shipped when somebody approves it", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    const run = await environment.start(order, { ...anOrder, coolOff: "3 days" });
    await environment.advance("3 days 1 minute");
    expect(await run.waits()).toMatchObject([{ kind: "signal", id: "approved" }]);
    await run.signal("approved", { approved: true, by: "grace" });
    expect(await run.result()).toMatchObject({ status: "shipped", approvedBy: "grace" });
  });

  it("is undone when nobody answers within a week", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    const run = await environment.start(order, { ...anOrder, approvalTimeout: "7 days" });
    const before = environment.now();
    expect(await run.result()).toMatchObject({ status: "undone" });
    expect(environment.now().getTime() - before.getTime()).toBeGreaterThan(7 * 86_400_000);
    const steps = (await run.journal()).filter(({ type }) => type === "step.succeeded");
    expect(steps.map(({ id }) => id)).toEqual(["reserve", "charge", "refund", "release"]);
  });

  it("is undone when it is refused", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    const run = await environment.start(order, anOrder);
    await run.signal("approved", { approved: false, by: "grace" });
    expect(await run.result()).toMatchObject({ status: "undone", reason: "refused by grace" });
  });

  it("is charged at the third attempt when the gateway is down twice", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    environment.mockStep(order, "charge", (s) => {
      if (s.attempt < 3) throw new Error("503 from the gateway");
      return { paymentId: "pay_1", totalCents: 4_200 };
    });
    environment.mockStep(order, "ship", { returns: { trackingId: "trk_1" } });
    const run = await environment.start(order, anOrder);
    await run.signal("approved", { approved: true, by: "grace" });
    expect(await run.result()).toMatchObject({ payment: { paymentId: "pay_1" }, trackingId: "trk_1" });
    expect(environment.unusedMocks()).toEqual([]);
  });

  it("fails when its card is declined for good", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    environment.mockStep(order, "charge", { fails: new Error("card declined") });
    const run = await environment.start(order, anOrder);
    await expect(run.result()).rejects.toThrow("card declined");
    expect(await run.status()).toBe("failed");
  });

  it("with a wrong line never starts", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    const lines = [{ sku: "X", quantity: 0, unitCents: 1 }];
    await expect(environment.start(order, { ...anOrder, lines })).rejects.toThrow("/lines/0/quantity");
  });

  it("goes on where it was when its process is killed", async () => {
    const environment = createTestEnvironment({ workflows: [order] });
    const run = await environment.start(order, anOrder);
    await environment.settle();
    environment.crash();
    await run.signal("approved", { approved: true, by: "grace" });
    expect(await run.result()).toMatchObject({ status: "shipped" });
  });

  it("is paid once and comes to the same, wherever its process dies", async () => {
    // Payments by idempotency key: a second call with the same key changes nothing, as at a real gateway.
    const payments = new Map<string, number>();
    const report = await exploreCrashes(order, anOrder, {
      during: async (run) => await run.signal("approved", { approved: true, by: "grace" }),
      mocks: {
        charge: (s) => {
          payments.set(s.idempotencyKey, 4_200);
          return { paymentId: `pay:${s.idempotencyKey}`, totalCents: 4_200 };
        },
      },
      reset: () => payments.clear(),
      observe: () => [...payments.values()],
      pairs: 10,
    });
    expect(report.ok, report.text).toBe(true);
    const repeated = report.steps.filter(({ repeatedAt }) => repeatedAt.length > 0);
    expect(repeated.map(({ step, readsKey }) => [step, readsKey])).toEqual([
      ["reserve", true],
      ["charge", true],
      ["ship", true],
    ]);
  });

  it("started by earlier code goes on with this one", async () => {
    const journals = new URL("journals/", import.meta.url);
    expect(await replayAll([journals], [order])).toMatchObject({ journals: 1 });
  });
});
