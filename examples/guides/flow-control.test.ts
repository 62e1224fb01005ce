// The code of docs/guides/flow-control.md.
import { workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

const Parcel = v.object({ customer: v.string(), weight: v.number() });
const shipped: string[] = [];
const carrier = { book: (customer: string) => void shipped.push(customer) };

const parcel = workflow(
  "parcel",
  { input: Parcel, concurrency: { limit: 2, key: (input) => input.customer } },
  async (ctx, { customer }) => {
    await ctx.step("book", () => carrier.book(customer));
    await ctx.sleep("on its way", "1 day");
  },
);

const letter = workflow(
  "letter",
  { input: Parcel, concurrency: [{ limit: 1, key: (input) => input.customer }, { limit: 50 }] },
  async (ctx, { customer }) => {
    await ctx.step("book", () => carrier.book(customer));
  },
);

const call = workflow("call", { rate: { limit: 6, per: "1 minute", burst: 2 } }, async (ctx) => {
  return await ctx.step("call", () => "answered");
});

const sync = workflow(
  "sync",
  { input: v.string(), singleton: { key: (shop) => shop, onConflict: "use-existing" } },
  async (ctx, shop) => {
    await ctx.sleep("take over its orders", "10 minutes");
    return `all orders of ${shop}`;
  },
);

const preview = workflow("preview", { singleton: { onConflict: "cancel-other" } }, async (ctx) => {
  await ctx.sleep("render", "1 minute");
  return "the newest";
});

describe("the guide to flow control", () => {
  it("ships so many parcels of a customer at once", async () => {
    const environment = createTestEnvironment({ workflows: [parcel] });
    const runs = [];
    for (const customer of ["ada", "ada", "ada", "bob"])
      runs.push(await environment.start(parcel, { customer, weight: 1 }));
    await environment.advance("1 hour");
    expect(shipped).toEqual(["ada", "ada", "bob"]);
    await environment.advance("1 day");
    expect(shipped).toEqual(["ada", "ada", "bob", "ada"]);
    for (const run of runs) await run.result();
  });

  it("keeps two limits", async () => {
    const environment = createTestEnvironment({ workflows: [letter] });
    const run = await environment.start(letter, { customer: "ada", weight: 1 });
    await run.result();
  });

  it("calls evenly", async () => {
    const environment = createTestEnvironment({ workflows: [call] });
    const runs = [];
    for (let n = 0; n < 4; n += 1) runs.push(await environment.start(call, undefined));
    await environment.advance("10 seconds");
    const statuses = [];
    for (const run of runs) statuses.push(await run.status());
    expect(statuses).toEqual(["succeeded", "succeeded", "succeeded", "suspended"]);
    expect(await runs.at(-1)?.result()).toBe("answered");
  });

  it("answers a start with the run that is there", async () => {
    const environment = createTestEnvironment({ workflows: [sync] });
    const first = await environment.start(sync, "corner shop");
    const second = await environment.start(sync, "corner shop");
    expect(second.runId).toBe(first.runId);
    expect(await second.result()).toBe("all orders of corner shop");
  });

  it("renders the newest", async () => {
    const environment = createTestEnvironment({ workflows: [preview] });
    const old = await environment.start(preview, undefined);
    await environment.advance("10 seconds");
    const newest = await environment.start(preview, undefined);
    expect(await newest.result()).toBe("the newest");
    expect(await old.status()).toBe("cancelled");
  });
});
