// The code of docs/guides/long-histories.md.
import { CancelledError, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

const meters = { read: (meter: string, since: number) => since + meter.length };
const bills: number[] = [];
const Input = v.object({ meter: v.string(), month: v.number() });

const metering = workflow("metering", { input: Input }, async (ctx, { meter }) => {
  return await ctx.loop("hourly", { reading: 0 }, async (c, { reading }, turn) => {
    await c.sleep("hour", "1 hour");
    const now = await c.step("read", () => meters.read(meter, reading));
    if (turn % 24 === 23) await c.step("bill", () => bills.push(now));
    return now > 500 ? { done: now } : { next: { reading: now } };
  });
});

const cart = workflow("cart", { signals: { add: v.string() } }, async (ctx) => {
  const items = ctx.loop("items", [] as readonly string[], async (c, list) => {
    const item = await c.waitForSignal("add");
    const next = [...list, item];
    await c.publish(next);
    return { next };
  });
  const ended = items.catch((error: unknown) => {
    if (!(error instanceof CancelledError)) throw error;
  });
  await ctx.waitForSignal("order", { schema: v.unknown() });
  items.cancel("the customer orders");
  await ended;
  return "ordered";
});

const monthly = workflow("monthly", { input: Input }, async (ctx, { meter, month }) => {
  await ctx.sleep("month", "30 days");
  await ctx.step("bill", () => bills.push(month));
  if (month < 12) await ctx.continueAsNew({ meter, month: month + 1 });
  return month;
});

describe("the guide to long histories", () => {
  it("reads a meter every hour, for as long as it takes", async () => {
    bills.length = 0;
    const environment = createTestEnvironment({ workflows: [metering] });
    const run = await environment.start(metering, { meter: "west", month: 1 });
    expect(await run.result()).toBe(504);
    expect(bills).toEqual([96, 192, 288, 384, 480]);
  });

  it("stops a loop from beside it", async () => {
    const environment = createTestEnvironment({ workflows: [cart] });
    const run = await environment.start(cart, undefined);
    for (const item of ["pen", "ink"]) await run.signal("add", item);
    await environment.settle();
    await run.signal("order" as never, null as never);
    expect(await run.result()).toBe("ordered");
  });

  it("begins anew every month", async () => {
    bills.length = 0;
    const environment = createTestEnvironment({ workflows: [monthly] });
    const run = await environment.start(monthly, { meter: "west", month: 1 });
    expect(await run.result()).toBe(12);
    expect(bills).toHaveLength(12);
  });
});
