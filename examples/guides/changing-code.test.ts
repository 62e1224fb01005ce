// The code of docs/guides/changing-code.md.
import { workflow } from "perdure";
import { createTestEnvironment, replayAll } from "perdure/testing";
import { describe, expect, it } from "vitest";

const shop = { order: () => "ordered", check: () => "in stock", ship: () => "shipped" };

const before = workflow("parcel", async (ctx) => {
  await ctx.step("order", () => shop.order());
  await ctx.sleep("it is made", "10 days");
  return await ctx.step("ship", () => shop.ship());
});

const after = workflow("parcel", async (ctx) => {
  if (ctx.version("check stock first", { from: 0, to: 1 }) === 1) {
    await ctx.step("check stock", () => shop.check());
  }
  await ctx.step("order", () => shop.order());
  await ctx.sleep("it is made", "10 days");
  return await ctx.step("ship", () => shop.ship());
});

const careless = workflow("parcel", async (ctx) => {
  await ctx.step("check stock", () => shop.check());
  await ctx.step("order", () => shop.order());
  await ctx.sleep("it is made", "10 days");
  return await ctx.step("ship", () => shop.ship());
});

const idsOf = (journal: readonly { type: string; id?: string }[]) =>
  journal.filter(({ type }) => type === "step.succeeded").map(({ id }) => id);

describe("the guide to changing code", () => {
  it("leaves runs in flight on the branch they are on", async () => {
    const environment = createTestEnvironment({ workflows: [before] });
    const old = await environment.start(before, undefined);
    await environment.advance("1 day");
    environment.deploy(after);
    expect(await old.result()).toBe("shipped");
    expect(idsOf(await old.journal())).toEqual(["order", "ship"]);
    const young = await environment.start(after, undefined);
    await young.result();
    expect(idsOf(await young.journal())).toEqual(["check stock", "order", "ship"]);
  });

  it("stops a run that its code no longer fits, and goes on after a fix", async () => {
    const environment = createTestEnvironment({ workflows: [before] });
    const run = await environment.start(before, undefined);
    await environment.advance("1 day");
    environment.deploy(careless);
    await environment.advance("10 days");
    expect(await run.status()).toBe("stalled");
    environment.deploy(after);
    await environment.retry(run.runId);
    expect(await run.result()).toBe("shipped");
  });

  it("is found out before the deployment", async () => {
    const environment = createTestEnvironment({ workflows: [before] });
    const run = await environment.start(before, undefined);
    await run.result();
    const journal = await environment.exportJournal(run.runId);
    await expect(replayAll([journal], [careless])).rejects.toThrow("E_NONDETERMINISM");
    expect(await replayAll([journal], [after])).toMatchObject({ journals: 1 });
  });

  it("is told which branches live runs still need", async () => {
    const environment = createTestEnvironment({ workflows: [before] });
    const run = await environment.start(before, undefined);
    await environment.advance("1 day");
    const journal = await environment.exportJournal(run.runId);
    const { changes } = await replayAll([journal], [after]);
    expect(changes).toEqual([
      {
        workflow: "parcel",
        change: "check stock first",
        from: 0,
        to: 1,
        branches: [{ version: 0, live: 1, closed: 0 }],
        oldestNeeded: 0,
      },
    ]);
  });
});
