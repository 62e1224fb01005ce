// Runs whose code begins long after they were made: their times count from when it began.
import { describe, expect, it } from "vitest";
import { forkRun, pauseRun, resumeRun, retryRun, startRun } from "../../lib/engine/index.ts";
import { replayWhole } from "../../lib/engine/replay.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

const HOUR_MS = 3_600_000;

const typesOf = async (lab: Lab, runId: string) => (await lab.entries(runId)).map(({ type }) => type);

describe("a run that begins late", () => {
  const tried: string[] = [];
  const uses: readonly [string, (ctx: Context) => Promise<unknown>][] = [
    ["a step", (ctx) => ctx.step("one", () => "done", { totalTimeout: "1 hour" })],
    [
      "a condition",
      (ctx) => ctx.waitForCondition("one", () => "done", { every: "1 min", timeout: "1 hour" }),
    ],
  ];

  it.each(uses)("because it stood in line has all the time of %s", async (_, use) => {
    const w = workflow("w", { concurrency: { limit: 1 } }, async (ctx, isFirst) => {
      if (isFirst !== true) return await use(ctx);
      await ctx.sleep("long", "2 hours");
      return "first";
    });
    const lab = new Lab([w]);
    await lab.start(w, true);
    await lab.settle();
    const second = await lab.start(w, false);
    expect(await lab.result(second)).toBe("done");
    expect((await typesOf(lab, second))[0]).toBe("run.began");
  });

  it.each(uses)("because it was paused has all the time of %s", async (_, use) => {
    const w = workflow("w", async (ctx) => await use(ctx));
    const lab = new Lab([w]);
    const { run } = await startRun(lab.engine, {
      workflow: "w",
      input: null,
      startAt: lab.clock.now() + HOUR_MS,
    });
    await pauseRun(lab.engine, run.runId);
    await lab.pass(4 * HOUR_MS);
    await resumeRun(lab.engine, run.runId);
    expect(await lab.result(run.runId)).toBe("done");
  });

  it("shows the time at which it began, and is new to every change of its code", async () => {
    const log: unknown[] = [];
    const w = workflow("w", async (ctx) => {
      log.push(ctx.now().getTime(), ctx.version("change", { from: 1, to: 2 }));
      ctx.log.info("begun");
      await ctx.sleep("long", "1 hour");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await pauseRun(lab.engine, runId);
    await lab.pass(HOUR_MS);
    const from = lab.clock.now();
    await resumeRun(lab.engine, runId);
    await lab.result(runId);
    await replayWhole(lab.engine, await lab.run(runId), await lab.store.journal.load(runId));
    expect(log.length).toBeGreaterThanOrEqual(2);
    for (let i = 0; i < log.length; i += 2) {
      expect(log[i]).toBe(log[0]);
      expect(log[i]).toBeGreaterThanOrEqual(from);
      expect(log[i + 1]).toBe(2);
    }
  });

  it("begins anew, and is retried and forked, as any other", async () => {
    let isBroken = true;
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      await ctx.step("one", () => tried.push(`one ${n}`), { totalTimeout: "1 hour" });
      if (n === 1) return await ctx.continueAsNew(2);
      await ctx.step(
        "two",
        () => {
          if (isBroken) throw new Error("broken");
        },
        { retry: { maxAttempts: 1 } },
      );
      return "done";
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await pauseRun(lab.engine, runId);
    await lab.pass(3 * HOUR_MS);
    await resumeRun(lab.engine, runId);
    await expect(lab.result(runId)).rejects.toThrow("broken");
    isBroken = false;
    await lab.pass(3 * HOUR_MS);
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe("done");
    const forked = await forkRun(lab.engine, { runId, after: 2 });
    expect(await lab.result(forked.runId)).toBe("done");
    expect(tried).toEqual(["one 1", "one 2", "one 2"]);
  });
});

describe("a run that begins in time", () => {
  it.each([{}, { inAnHour: true }])("does not say so: %o", async ({ inAnHour }: { inAnHour?: boolean }) => {
    const w = workflow("w", async (ctx) => ctx.step("one", () => "done"));
    const lab = new Lab([w]);
    const at = inAnHour === true ? { startAt: lab.clock.now() + HOUR_MS } : {};
    const { run } = await startRun(lab.engine, { workflow: "w", input: null, ...at });
    expect(await lab.result(run.runId)).toBe("done");
    expect(await typesOf(lab, run.runId)).toEqual(["step.succeeded", "run.succeeded"]);
  });
});
