// The code of docs/guides/waiting.md.
import { ConditionError, TimeoutError, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";

const Answer = v.object({ yes: v.boolean() });
const mails: string[] = [];

const survey = workflow("survey", { signals: { answer: Answer } }, async (ctx) => {
  for (let week = 1; week <= 3; week += 1) {
    await ctx.step("remind", () => void mails.push(`week ${week}`));
    try {
      const { yes } = await ctx.waitForSignal("answer", { timeout: "7 days" });
      return yes ? "yes" : "no";
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
  return "silent";
});

const cart = workflow("cart", { signals: { item: v.string(), checkout: v.object({}) } }, async (ctx) => {
  const items: string[] = [];
  const checkout = ctx.waitForSignal("checkout");
  for (;;) {
    const item = ctx.waitForSignal("item");
    const next = await Promise.race([item, checkout.then(() => undefined)]);
    if (next === undefined) {
      item.cancel();
      return items;
    }
    items.push(next);
  }
});

const renderer = {
  looks: 0,
  status: () => {
    renderer.looks += 1;
    return { done: renderer.looks >= 4, frames: renderer.looks * 10 };
  },
};

const render = workflow("render", async (ctx) => {
  const job = await ctx.waitForCondition("rendered", () => renderer.status(), {
    until: ({ done }) => done,
    every: "10s",
    backoff: 2,
    max: "5m",
    timeout: "1 day",
  });
  return job.frames;
});

const service = {
  answers: [true, true, false],
  isHealthy: async () => service.answers.shift() ?? service.recovers,
  recovers: true,
};

const rollout = workflow("rollout", async (ctx) => {
  const deploy = await ctx.waitForCondition(
    "healthy three times in a row",
    async (_step, { inARow }) => ({ inARow: (await service.isHealthy()) ? inARow + 1 : 0 }),
    { initial: { inARow: 0 }, until: ({ inARow }) => inARow === 3, every: "30s", maxChecks: 20 },
  );
  return deploy.inARow;
});

const lab = { tokens: [] as string[] };

const analysis = workflow("analysis", async (ctx) => {
  return await ctx.waitForCallback("analysed", (token) => void lab.tokens.push(token), {
    schema: v.object({ iron: v.number() }),
    timeout: "14 days",
    heartbeatTimeout: "1 day",
  });
});

describe("the guide to waiting", () => {
  it("reminds weekly until somebody answers", async () => {
    const environment = createTestEnvironment({ workflows: [survey] });
    const run = await environment.start(survey, undefined);
    await environment.advance("8 days");
    await run.signal("answer", { yes: true });
    expect(await run.result()).toBe("yes");
    expect(mails).toEqual(["week 1", "week 2"]);
  });

  it("keeps signals in their order, also those that come early", async () => {
    const environment = createTestEnvironment({ workflows: [cart] });
    const run = await environment.start(cart, undefined);
    await run.signal("item", "tea");
    await environment.settle();
    await run.signal("item", "cup", { idempotencyKey: "click 2" });
    await run.signal("item", "cup", { idempotencyKey: "click 2" });
    await environment.settle();
    await run.signal("checkout", {});
    expect(await run.result()).toEqual(["tea", "cup"]);
  });

  it("looks again with growing pauses", async () => {
    const environment = createTestEnvironment({ workflows: [render] });
    const run = await environment.start(render, undefined);
    const before = environment.now();
    expect(await run.result()).toBe(40);
    expect(environment.now().getTime() - before.getTime()).toBeGreaterThanOrEqual(70_000);
  });

  it("gives each look the state that the last one has left, and so many looks at most", async () => {
    const environment = createTestEnvironment({ workflows: [rollout] });
    const good = await environment.start(rollout, undefined);
    const before = environment.now();
    expect(await good.result()).toBe(3);
    expect(environment.now().getTime() - before.getTime()).toBeGreaterThanOrEqual(5 * 30_000);
    service.recovers = false;
    const bad = await environment.start(rollout, undefined);
    await expect(bad.result()).rejects.toThrow(ConditionError);
    await expect(bad.result()).rejects.toMatchObject({ checks: 20, last: { inARow: 0 } });
  });

  it("hands out a token, and waits for who has it", async () => {
    const environment = createTestEnvironment({ workflows: [analysis] });
    const run = await environment.start(analysis, undefined);
    await environment.settle();
    const [token = ""] = lab.tokens;
    await environment.advance("20 hours");
    await environment.heartbeat(token);
    await environment.advance("20 hours");
    await environment.complete(token, { result: { iron: 7 } });
    expect(await run.result()).toEqual({ iron: 7 });
  });

  it("does not wait for ever for somebody who is silent", async () => {
    const environment = createTestEnvironment({ workflows: [analysis] });
    const run = await environment.start(analysis, undefined);
    await expect(run.result()).rejects.toThrow(TimeoutError);
  });
});
