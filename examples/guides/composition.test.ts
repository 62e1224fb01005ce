// The code of docs/guides/composition.md.
import { type Context, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

/** A piece of workflow that others use, whatever names it has inside. */
async function notify(ctx: Context, who: string): Promise<void> {
  await ctx.step("mail", () => void sent.push(`mail ${who}`));
  await ctx.step("text", () => void sent.push(`text ${who}`));
}
const sent: string[] = [];

const both = workflow("both", async (ctx) => {
  await ctx.scope("buyer", (c) => notify(c, "ada"));
  await ctx.scope("seller", (c) => notify(c, "grace"));
});

const checks = workflow("checks", async (ctx) => {
  const { stock, credit } = await ctx.parallel("checks", {
    stock: (c) => c.step("count", () => 7),
    credit: async (c) => {
      await c.sleep("bank is slow", "2m");
      return await c.step("ask", () => true);
    },
  });
  return stock > 0 && credit;
});

const quickest = workflow("quickest", async (ctx) => {
  const offers = await ctx.parallel(
    "offers",
    {
      near: (c) => c.step("ask", () => 120),
      far: async (c) => {
        await c.sleep("mail takes days", "5 days");
        return await c.step("ask", () => 90);
      },
    },
    { minSuccessful: 1 },
  );
  return offers.values;
});

const Order = v.object({ lines: v.array(v.object({ sku: v.string(), pieces: v.number() })) });

const parcels = workflow("parcels", { input: Order }, async (ctx, order) => {
  const packed = await ctx.map(
    "pack",
    order.lines,
    (c, line) => c.step("box", () => `${line.pieces} ${line.sku}`),
    { key: (line) => line.sku },
  );
  return packed;
});

const race = workflow("race", async (ctx) => {
  const answer = ctx.waitForSignal("answer");
  const tooLate = ctx.sleep("too late", "1 day");
  const first = await Promise.race([answer.then(() => "answered"), tooLate.then(() => "too late")]);
  answer.cancel();
  tooLate.cancel();
  return first;
});

describe("the guide to composition", () => {
  it("keeps names apart", async () => {
    const environment = createTestEnvironment({ workflows: [both] });
    const run = await environment.start(both, undefined);
    await run.result();
    const ids = (await run.journal()).flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(ids).toEqual(["buyer/mail", "buyer/text", "seller/mail", "seller/text"]);
  });

  it("does several things at once", async () => {
    const environment = createTestEnvironment({ workflows: [checks] });
    expect(await (await environment.start(checks, undefined)).result()).toBe(true);
  });

  it("names what it does many times", async () => {
    const environment = createTestEnvironment({ workflows: [parcels] });
    const lines = [
      { sku: "screw", pieces: 40 },
      { sku: "nut", pieces: 8 },
    ];
    const run = await environment.start(parcels, { lines });
    expect(await run.result()).toEqual(["40 screw", "8 nut"]);
    const ids = (await run.journal()).flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(ids).toEqual(["pack/screw/box", "pack/nut/box"]);
  });

  it("takes the first that is good enough", async () => {
    const environment = createTestEnvironment({ workflows: [quickest] });
    const run = await environment.start(quickest, undefined);
    const before = environment.now();
    expect(await run.result()).toEqual([120]);
    expect(environment.now().getTime() - before.getTime()).toBeLessThan(86_400_000);
  });

  it("leaves nothing behind of the loser of a race", async () => {
    const environment = createTestEnvironment({ workflows: [race] });
    const run = await environment.start(race, undefined);
    await environment.settle();
    await run.signal("answer", "yes");
    expect(await run.result()).toBe("answered");
  });
});
