// An operator holds a run: nothing of it happens, nothing of it is lost.
import { describe, expect, it } from "vitest";
import { handleMessage, pauseRun, resumeRun, terminateRun } from "../../lib/engine/index.ts";
import { writeMessage } from "../../lib/engine/messages.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";

const w = workflow("w", async (ctx) => {
  await ctx.sleep("an hour", "1 hour");
  const go = await ctx.waitForSignal("go");
  return await ctx.step("end", () => go);
});

async function statusOf(lab: Lab, runId: string): Promise<string> {
  return (await lab.run(runId)).status;
}

describe("a paused run", () => {
  it("keeps its timers and signals until it is resumed", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect((await pauseRun(lab.engine, runId)).status).toBe("paused");
    await lab.pass(5 * 3_600_000);
    await lab.signal(runId, "go", 7);
    await lab.pass(2 * 86_400_000);
    expect(await statusOf(lab, runId)).toBe("paused");
    expect((await lab.entries(runId)).map(({ type }) => type)).toEqual(["sleep.started"]);
    await resumeRun(lab.engine, runId);
    expect(await lab.result(runId)).toBe(7);
    await checkInvariants(lab, runId);
  });

  it("that is at work goes on to where it can leave, and records what it has done", async () => {
    let ran = 0;
    const busy = workflow("busy", async (ctx) => {
      for (let i = 0; i < 3; i += 1) {
        await ctx.step("work", async () => {
          ran += 1;
          await lab.clock.sleep(20_000);
        });
      }
    });
    const lab = new Lab([busy]);
    const runId = await lab.start(busy);
    await lab.settle();
    expect((await pauseRun(lab.engine, runId)).paused).toBe(true);
    await lab.pass(60_000);
    expect(ran).toBe(1);
    expect(await statusOf(lab, runId)).toBe("paused");
    expect((await lab.entries(runId)).map(({ type }) => type)).toEqual(["step.succeeded"]);
    await resumeRun(lab.engine, runId);
    await lab.result(runId);
    expect(ran).toBe(3);
  });

  it("begins nothing when it was paused while its journal was read", async () => {
    let ran = 0;
    const lab = new Lab([workflow("w", async (ctx) => ctx.step("work", () => (ran += 1)))]);
    let isRead = false;
    const runId = await lab.start("w");
    lab.watch = async ({ method }): Promise<Fate> => {
      if (method !== "load" || isRead) return "go on";
      isRead = true;
      await pauseRun(lab.engine, runId);
      // The lease is renewed meanwhile.
      await lab.clock.sleep(lab.engine.settings.leaseMs);
      return "go on";
    };
    await lab.pass(2 * lab.engine.settings.leaseMs);
    expect(isRead).toBe(true);
    expect(ran).toBe(0);
    expect(await statusOf(lab, runId)).toBe("paused");
    await resumeRun(lab.engine, runId);
    expect(await lab.result(runId)).toBe(1);
  });

  it.each([{ semantics: "at-most-once" as const }, { on: "shipping" }])(
    "announces no attempt that must then be made: %o",
    async (options) => {
      let ran = 0;
      const busy = workflow("busy", async (ctx) => {
        await ctx.step("work", async () => lab.clock.sleep(20_000));
        return await ctx.step("charge", () => (ran += 1), options);
      });
      const lab = new Lab([busy]);
      const runId = await lab.start(busy);
      await lab.settle();
      await pauseRun(lab.engine, runId);
      await lab.pass(60_000);
      expect(await statusOf(lab, runId)).toBe("paused");
      expect((await lab.entries(runId)).map(({ type }) => type)).toEqual(["step.succeeded"]);
      expect(ran).toBe(0);
      await resumeRun(lab.engine, runId);
      expect(await lab.result(runId)).toBe(1);
    },
  );

  it("keeps the message of who is at work, so that the run goes on when that process dies", async () => {
    const busy = workflow("busy", async (ctx) => ctx.step("work", async () => lab.clock.sleep(60_000)));
    const lab = new Lab([busy], { sweepEveryMs: "never" });
    const runId = await lab.start(busy);
    await lab.settle();
    await pauseRun(lab.engine, runId);
    const message = writeMessage({ kind: "wake-up", runId, n: 1 });
    const host = { remainingMs: () => 60_000, receiveCount: 2, extend: async () => {} };
    // The queue delivers it a second time while the first delivery is at work.
    expect(await handleMessage(lab.engine, message, host)).toMatchObject({ done: false });
    await resumeRun(lab.engine, runId);
    await lab.result(runId);
  });

  it("is sent a message when it is resumed, even if it looks leased", async () => {
    const lab = new Lab([w], { sweepEveryMs: "never" });
    const runId = await lab.start(w);
    const now = lab.clock.now();
    await lab.store.runs.claim({ runId, n: 1, owner: "died", now, leaseUntil: now + 5_000 });
    await pauseRun(lab.engine, runId);
    // Handled by a process whose clock said that the lease is over.
    for (const { receipt } of await lab.wakeUps.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 }))
      await lab.wakeUps.remove(receipt);
    await resumeRun(lab.engine, runId);
    await lab.pass(60_000);
    expect(await statusOf(lab, runId)).toBe("suspended");
  });

  it("may be paused and resumed at any moment, wherever a process dies", async () => {
    for (let moment = 1; moment < 40; moment += 1) {
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      lab.watch = async ({ count }) => {
        if (count === moment) await pauseRun(lab.engine, runId).catch(() => {});
        if (count === moment + 3) return "die before";
        return "go on";
      };
      await lab.signal(runId, "go", 1);
      await lab.pass(3 * 3_600_000);
      lab.watch = undefined;
      await resumeRun(lab.engine, runId).catch(() => {});
      expect(await lab.result(runId)).toBe(1);
      await checkInvariants(lab, runId);
    }
  });

  it("is woken by whoever resumes it, also by who repeats what somebody began", async () => {
    for (const isDead of [false, true]) {
      const lab = new Lab([w], { sweepEveryMs: "never" });
      const runId = await lab.start(w);
      await lab.signal(runId, "go", 1);
      await lab.settle();
      await pauseRun(lab.engine, runId);
      await lab.pass(5 * 3_600_000);
      // Somebody resumes it and dies before the message is sent.
      if (isDead) await lab.store.runs.resume({ runId, sweepAt: lab.clock.now() });
      const resumed = resumeRun(lab.engine, runId);
      if (isDead) await expect(resumed).rejects.toThrow("E_RUN_NOT_PAUSED");
      else await resumed;
      await lab.settle();
      expect(await statusOf(lab, runId)).toBe("succeeded");
    }
  });

  it("may be paused before it begins, twice, and terminated", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await pauseRun(lab.engine, runId);
    await pauseRun(lab.engine, runId);
    await lab.pass(10_000);
    expect(await lab.entries(runId)).toEqual([]);
    expect((await terminateRun(lab.engine, { runId })).status).toBe("cancelled");
    await expect(pauseRun(lab.engine, runId)).rejects.toThrow("E_RUN_CLOSED");
    await expect(resumeRun(lab.engine, runId)).rejects.toThrow("E_RUN_NOT_PAUSED");
  });
});
