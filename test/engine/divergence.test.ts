import { describe, expect, it } from "vitest";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

const first = workflow("w", async (ctx) => {
  const a = await ctx.step("charge", () => "paid");
  await ctx.sleep("pause", "1 day");
  return a;
});

/** Runs `first` until it sleeps, deploys `second`, and lets the run go on. */
async function deployedOver(second: typeof first) {
  const lab = new Lab([first]);
  const runId = await lab.start(first);
  await lab.settle();
  const before = await lab.entries(runId);
  lab.deploy(second);
  return { lab, runId, before };
}

describe("code that changed under a run", () => {
  it.each([
    [
      "renames a step",
      workflow("w", async (ctx) => ctx.step("reserve", () => 1)),
      /entry 1 was step "charge".*waits for step "reserve"/,
    ],
    [
      "leaves a step out",
      workflow("w", async (ctx) => ctx.sleep("pause", "1 day")),
      /entry 1 was step "charge".*waits for sleep "pause"/,
    ],
    [
      "puts another first",
      workflow("w", async (ctx) => (await ctx.step("new", () => 1)) && (await ctx.step("charge", () => 2))),
      /entry 1 was step "charge".*waits for step "new"/,
    ],
    [
      "turns a step into a sleep",
      workflow("w", async (ctx) => ctx.sleep("charge", "1s")),
      /entry 1 was step "charge".*waits for sleep "charge"/,
    ],
    ["ends early", workflow("w", async () => "over"), /entry 1 was step "charge".*has already ended/],
    [
      "throws early",
      workflow("w", async () => Promise.reject(new Error("bug"))),
      /entry 1 was step "charge".*has already ended/,
    ],
  ])(
    "and %s stalls it with both sides named; nothing is overwritten and it goes on after a fix (D1)",
    async (_what, changed, message) => {
      const { lab, runId, before } = await deployedOver(changed as typeof first);
      await expect(lab.result(runId)).rejects.toThrow(message);
      expect((await lab.run(runId)).stalled?.code).toBe("E_NONDETERMINISM");
      expect(await lab.entries(runId)).toEqual(before);
      lab.deploy(first);
      await lab.retry(runId);
      expect(await lab.result(runId)).toBe("paid");
    },
  );

  it("and adds a step after what is recorded goes on with the new code", async () => {
    const more = workflow("w", async (ctx) => {
      const a = await ctx.step("charge", () => "paid");
      await ctx.sleep("pause", "1 day");
      return [a, await ctx.step("thank", () => "thanked")];
    });
    const { lab, runId } = await deployedOver(more as never);
    expect(await lab.result(runId)).toEqual(["paid", "thanked"]);
  });

  it.skipIf(under(["everything-off-loaded"], "the second laboratory has not the first one's blobs"))(
    "and no longer has the workflow waits some deliveries for a deployment, then stalls until it is deployed",
    async () => {
      const lab = new Lab([first]);
      const runId = await lab.start(first);
      const gone = new Lab([]);
      await gone.store.runs.create(await lab.run(runId));
      await gone.wakeUps.send(JSON.stringify({ kind: "wake-up", runId, n: 1 }));
      await gone.settle();
      expect((await gone.run(runId)).status).toBe("pending");
      await gone.pass(10 * 60_000);
      expect((await gone.run(runId)).stalled?.code).toBe("E_UNKNOWN_WORKFLOW");
      gone.deploy(first);
      await gone.retry(runId);
      expect(await gone.result(runId)).toBe("paid");
    },
  );
});

describe("code that waits for something that is not recorded", () => {
  it("stalls instead of waiting for ever", async () => {
    const w = workflow("w", async () => new Promise(() => {}));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect((await lab.run(runId)).stalled?.code).toBe("E_FOREIGN_AWAIT");
  });

  it("and then makes a call stalls with that call named", async () => {
    const w = workflow("w", async (ctx) => {
      const kept = ctx.waitForSignal("never");
      await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
      await ctx.step("late", () => 1);
      return await kept;
    });
    const lab: Lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await lab.signal(runId, "other");
    await lab.settle();
    expect((await lab.run(runId)).status).not.toBe("succeeded");
    expect((await lab.entries(runId)).length).toBe(0);
  });

  it("calls ctx inside a step's body", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.step("outer", async () => {
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        return await ctx.step("inner", () => 1);
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled").catch(() => {});
    expect((await lab.run(runId)).stalled?.message).toMatch(/E_FOREIGN_AWAIT .*"inner"/);
  });

  it.each<[string, (ctx: Context) => unknown]>([
    ["ctx.uuid", (ctx) => ctx.uuid()],
    ["ctx.random", (ctx) => ctx.random()],
    ["ctx.version", (ctx) => ctx.version("change", { from: 0, to: 1 })],
    ["ctx.compensations.add", (ctx) => ctx.compensations.add("undo", () => {})],
    ["ctx.compensations.run", (ctx) => void ctx.compensations.run()],
    ["ctx.compensations.forget", (ctx) => ctx.compensations.forget()],
  ])("uses %s inside a step's body", async (name, use) => {
    const w = workflow("w", async (ctx) =>
      ctx.step("outer", async () => {
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        use(ctx);
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    expect((await lab.run(runId)).stalled).toMatchObject({
      code: "E_FOREIGN_AWAIT",
      message: expect.stringContaining(name),
    });
  });
});

describe("a branch that rejects while nobody listens", () => {
  it("does not end the process, and the rejection is seen when it is awaited", async () => {
    const w = workflow("w", async (ctx) => {
      const failing = ctx.step("fails", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
      await ctx.sleep("pause", "1h");
      return await failing.catch((error: Error) => error.name);
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("StepError");
  });
});
