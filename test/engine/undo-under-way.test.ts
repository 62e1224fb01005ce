// What is under way when the code of a run comes to its end, and would have to be undone: the run does not end before it is
// known whether it has happened.
import { beforeEach, describe, expect, it } from "vitest";
import { cancelRun } from "../../lib/engine/index.ts";
import type { StepContext, StepOptions } from "../../lib/sdk/step.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { unlessQuick } from "./modes.ts";

const HOUR_MS = 3_600_000;

describe("a step that is under way", () => {
  const done: string[] = [];
  beforeEach(() => void done.splice(0));

  const compensate = () => void done.push("undone");
  /** Heeds no signal. */
  const books = (lab: () => Lab, ms: number) => async () => {
    await lab().clock.sleep(ms);
    done.push("booked");
  };

  it.each([{}, { on: "shipping" }])("when another one fails is undone: %o", async (where: StepOptions) => {
    const w = workflow("w", async (ctx) => {
      const fail = async () => {
        await lab.clock.sleep(1_000);
        throw new Error("no room");
      };
      await Promise.all([
        ctx.step("hotel", fail, { retry: { maxAttempts: 1 } }),
        ctx.step(
          "flight",
          books(() => lab, 30_000),
          { ...where, compensate },
        ),
      ]);
    });
    const lab: Lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("no room");
    expect(done).toEqual(["booked", "undone"]);
    const last = (await lab.entries(runId)).at(-1);
    expect(last).toMatchObject({ type: "run.failed", undone: [{ id: "flight", ok: true }] });
  });

  it.each([{}, { on: "shipping" }])("when the run is cancelled is undone: %o", async (where: StepOptions) => {
    const w = workflow("w", async (ctx) => {
      await ctx.step(
        "flight",
        books(() => lab, 30_000),
        { ...where, compensate },
      );
    });
    const lab: Lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(1_000);
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("cancelled");
    expect(done).toEqual(["booked", "undone"]);
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times")).each([{}, { on: "shipping" }])(
    "when time is up is undone: %o",
    async (where: StepOptions) => {
      const w = workflow("w", { timeout: "1 hour" }, async (ctx) => {
        await ctx.step(
          "flight",
          books(() => lab, HOUR_MS + 30_000),
          { ...where, compensate },
        );
      });
      const lab: Lab = new Lab([w]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("deadline");
      expect(done).toEqual(["booked", "undone"]);
    },
  );

  it("and was given up is undone when the run fails later", async () => {
    const w = workflow("w", async (ctx) => {
      const flight = ctx.step(
        "flight",
        books(() => lab, 30_000),
        { compensate },
      );
      await ctx.step("think", () => lab.clock.sleep(1_000));
      flight.cancel();
      await ctx.sleep("long", "1 hour");
      throw new Error("no trip");
    });
    const lab: Lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow("no trip");
    expect(done).toEqual(["booked", "undone"]);
  });

  it("and heeds its signal is not waited for longer than it takes", async () => {
    const heeding = async ({ signal }: StepContext) => {
      await lab.clock.sleep(HOUR_MS, signal);
      signal.throwIfAborted();
    };
    const w = workflow("w", async (ctx) => {
      void ctx.step("flight", heeding, { compensate });
      await ctx.step("hotel", () => lab.clock.sleep(1_000));
      throw new Error("no trip");
    });
    const lab: Lab = new Lab([w]);
    const startedAt = lab.clock.now();
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("no trip");
    const run = await lab.run(runId);
    expect(run.closedAt ?? Number.NaN).toBeLessThan(startedAt + 60_000);
    expect(done).toEqual([]);
  });

  it.each([{}, { on: "shipping" }])(
    "keeps no run open that succeeds, or that has nothing to undo: %o",
    async (where: StepOptions) => {
      const w = workflow("w", async (ctx, isToFail) => {
        const endless = () => lab.clock.sleep(HOUR_MS);
        void ctx.step("flight", endless, isToFail === true ? where : { ...where, compensate });
        await ctx.step("hotel", () => lab.clock.sleep(1_000));
        if (isToFail === true) throw new Error("no trip");
        return "done";
      });
      const lab: Lab = new Lab([w]);
      const startedAt = lab.clock.now();
      const [good, bad] = [await lab.start(w, false), await lab.start(w, true)];
      expect(await lab.result(good)).toBe("done");
      await expect(lab.result(bad)).rejects.toThrow("no trip");
      for (const runId of [good, bad])
        expect((await lab.run(runId)).closedAt ?? Number.NaN).toBeLessThan(startedAt + 60_000);
    },
  );

  it("at a handler that is no longer deployed is not waited for", async () => {
    const w = workflow("w", async (ctx) => {
      void ctx.step("flight", () => lab.clock.sleep(HOUR_MS), { on: "shipping", compensate });
      await ctx.sleep("short", "10s");
      throw new Error("no trip");
    });
    const lab: Lab = new Lab([w], { stepHandlers: ["shipping"] });
    const runId = await lab.start(w);
    await lab.pass(1_000);
    Object.assign(lab.ports.stepHandlers, { get: () => undefined });
    await expect(lab.result(runId)).rejects.toThrow("no trip");
  });

  it("is never sent to its handler when it was superfluous in the moment it was to be", async () => {
    const w = workflow("w", async (ctx) => {
      const booking = { on: "shipping", compensate };
      await ctx.parallel(
        "first",
        [
          async (c) => c.waitForSignal("never mind"),
          async (c) =>
            c.step(
              "flight",
              books(() => lab, 1_000),
              booking,
            ),
        ],
        { minSuccessful: 1 },
      );
      await ctx.sleep("night", "8 hours");
      throw new Error("no holidays");
    });
    const lab: Lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.signal(runId, "never mind");
    await lab.pass(2 * HOUR_MS);
    expect((await lab.run(runId)).waits).toMatchObject([{ kind: "sleep" }]);
    await expect(lab.result(runId)).rejects.toThrow("no holidays");
    expect(done).toEqual([]);
  });
});

describe("code that has failed", () => {
  it("begins nothing more in its other branches while it is undone", async () => {
    const begun: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.step("book", () => null, { compensate: () => lab.clock.sleep(10_000) });
      const branch = async () => {
        await ctx.step("one", () => lab.clock.sleep(5_000));
        await ctx.step("two", () => void begun.push("two"));
      };
      const failing = ctx.step(
        "fails",
        async () => {
          await lab.clock.sleep(1_000);
          throw new Error("no");
        },
        { retry: { maxAttempts: 1 } },
      );
      await Promise.all([branch(), failing]);
    });
    const lab: Lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow("no");
    expect(begun).toEqual([]);
  });
});

describe("a run whose time is up", () => {
  it("waits for the children that it is to wait for, although there is nothing to undo", async () => {
    const child = workflow("child", async (ctx) => ctx.sleep("long", "3 hours"));
    const w = workflow("w", { timeout: "1 hour" }, async (ctx) => {
      await ctx.runChild("child", child, null, { onParentClose: "wait" });
    });
    const lab = new Lab([w, child]);
    const startedAt = lab.clock.now();
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("deadline");
    expect((await lab.run(runId)).closedAt).toBeGreaterThanOrEqual(startedAt + 3 * HOUR_MS);
  });
});
