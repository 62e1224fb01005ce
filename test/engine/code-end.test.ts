// How code comes to its end when two ends meet: a new beginning and a cancellation, a deadline, a refusal; a success and what
// comes in with it.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { cancelRun, handleMessage } from "../../lib/engine/index.ts";
import { writeMessage } from "../../lib/engine/messages.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { around } from "./around.ts";
import { Lab } from "./lab.ts";
import { unlessQuick } from "./modes.ts";

const DAY_MS = 24 * 3_600_000;
const sleeper = workflow("sleeper", async (ctx, days) => {
  await ctx.sleep("long", { days: days as number });
});

const typesOf = async (lab: Lab, runId: string) => (await lab.entries(runId)).map(({ type }) => type);

describe("code that is to begin anew", () => {
  it.each(["publish", "setAttributes", "emit"] as const)(
    "has said what it did not wait for: %s",
    async (what) => {
      const w = workflow("w", async (ctx, n): Promise<unknown> => {
        if (n === 2) return n;
        if (what === "publish") void ctx.publish("said");
        else if (what === "setAttributes") void ctx.setAttributes({ said: true });
        else void ctx.emit({ type: "said", detail: {} });
        return await ctx.continueAsNew(2);
      });
      const lab = new Lab([w]);
      const runId = await lab.start(w, 1);
      expect(await lab.result(runId)).toBe(2);
      const said = { publish: "state.published", setAttributes: "attributes.set", emit: "event.emitted" }[
        what
      ];
      expect(await typesOf(lab, runId)).toEqual([said, "run.continued", "run.succeeded"]);
    },
  );

  it("and has returned instead of waiting for it ends when it is cancelled", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.startChild("awaited", sleeper, 2, { onParentClose: "wait" });
      void ctx.continueAsNew(null).catch(() => {});
      return "too early";
    });
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w);
    await lab.pass(DAY_MS);
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("before it began anew");
    expect((await lab.run(runId)).status).toBe("cancelled");
  });

  it("and was cancelled does not begin anew when the children have ended that it waited for", async () => {
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      if (n === 2) return "anew";
      await ctx.startChild("awaited", sleeper, 2, { onParentClose: "wait" });
      await ctx.continueAsNew(2).catch(() => {});
      await ctx.sleep("tidy", "10 days");
      return "tidied";
    });
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w, 1);
    await lab.pass(DAY_MS);
    await cancelRun(lab.engine, { runId });
    expect(await lab.result(runId)).toBe("tidied");
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times")).each([
    ["in the moment in which its time is up", false],
    ["and waits for its children when its time is up", true],
  ])("%s is undone and does not", async (_, waits) => {
    const undone: string[] = [];
    const w = workflow("w", { timeout: "1 hour" }, async (ctx, n): Promise<unknown> => {
      if (n === 2) return "anew";
      await ctx.step("book", () => null, { compensate: () => undone.push("book") });
      if (waits) await ctx.startChild("awaited", sleeper, 2, { onParentClose: "wait" });
      else await ctx.step("slow", async () => lab.clock.sleep(2 * 3_600_000));
      return await ctx.continueAsNew(2);
    });
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w, 1);
    await expect(lab.result(runId)).rejects.toThrow("deadline");
    expect(undone).toEqual(["book"]);
    expect((await lab.run(runId)).status).toBe("timed_out");
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "whose time is up in the very checkpoint after which it asks for that does not",
    async () => {
      const undone: number[] = [];
      const w = workflow("w", { timeout: "1 hour" }, async (ctx, n): Promise<unknown> => {
        await ctx.step("book", () => null, { compensate: () => void undone.push(n as number) });
        // Succeeds in the checkpoint that says that time is up.
        await ctx.step("work", () => lab.clock.sleep(3_600_000));
        return await ctx.continueAsNew((n as number) + 1);
      });
      const lab: Lab = new Lab([w]);
      const runId = await lab.start(w, 1);
      await expect(lab.result(runId)).rejects.toThrow("deadline");
      expect((await lab.entries(runId)).map(({ type }) => type)).not.toContain("run.continued");
      expect(undone).toEqual([1]);
    },
  );

  it("and is refused is undone, and refused once", async () => {
    const undone: string[] = [];
    const w = workflow("w", { input: v.number() }, async (ctx, n): Promise<unknown> => {
      await ctx.step("book", () => n, { compensate: () => undone.push("book") });
      return await ctx.continueAsNew("no number" as never);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await expect(lab.result(runId)).rejects.toThrow("E_INVALID_INPUT");
    expect(undone).toEqual(["book"]);
    const types = await typesOf(lab, runId);
    expect(types).toEqual(["step.succeeded", "run.continue_refused", "step.succeeded", "run.failed"]);
  });

  it("does so with its input as it was at the time of the call", async () => {
    const w = workflow("w", async (ctx, input): Promise<unknown> => {
      const given = input as { n: number; anew?: boolean };
      if (given.anew) return given.n;
      const next = { n: 1, anew: true };
      const anew = ctx.continueAsNew(next);
      next.n = 2;
      return await anew;
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w, { n: 0 }))).toBe(1);
  });
});

describe("code that has ended", () => {
  it("in success is not undone by what comes in together with its end", async () => {
    const undone: string[] = [];
    const w = workflow("w", async (ctx) => {
      const undo = (name: string) => ({ compensate: () => undone.push(name) });
      await ctx.step("first", () => null, undo("first"));
      return await Promise.race([
        ctx.step("quick", () => "quick", undo("quick")),
        ctx.step("late", () => "late", undo("late")),
      ]);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("quick");
    expect(undone).toEqual([]);
  });
});

describe("code that is cancelled in the moment in which it says something", () => {
  it.each([true, false])("has said it, whether it waits for that (%s) or not", async (doesWait) => {
    const w = workflow("w", async (ctx) => {
      await ctx.step("before", async () => lab.clock.sleep(1_000));
      const said = ctx.emit({ type: "said", detail: {} });
      if (doesWait) await said;
      await ctx.sleep("long", "1 day");
    });
    const lab: Lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    // Both are in the next checkpoint: the step's result, and the cancellation behind it.
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("cancelled");
    expect(await typesOf(lab, runId)).toEqual([
      "step.succeeded",
      "run.cancel_requested",
      "event.emitted",
      "run.cancelled",
    ]);
  });
});

describe("code whose time is up in the moment in which it says something", () => {
  it.skipIf(unlessQuick("its lease is renewed thousands of times")).each([true, false])(
    "has said it, and goes no further if it waits for that: %s",
    async (doesWait) => {
      let wentOn = false;
      const w = workflow("w", { timeout: "1 hour" }, async (ctx) => {
        await ctx.step("book", () => null, { compensate: () => {} });
        // Its result is in the same checkpoint as the end of the time.
        await ctx.step("slow", () => lab.clock.sleep(3_600_000));
        const said = ctx.emit({ type: "said", detail: {} });
        if (doesWait) {
          await said;
          wentOn = true;
        }
        await ctx.sleep("long", "1 day");
      });
      const lab: Lab = new Lab([w]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("deadline");
      expect(wentOn).toBe(false);
      const types = await typesOf(lab, runId);
      expect(types.slice(-4)).toEqual(["run.expired", "event.emitted", "step.succeeded", "run.timed_out"]);
    },
  );

  it("has said it when there is nothing to undo", async () => {
    const w = workflow("w", { timeout: "1 hour" }, async (ctx) => {
      await ctx.step("before", () => null);
      void ctx.emit({ type: "said", detail: {} });
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const slow = around(lab, "journal", "append", { after: () => lab.clock.advance(2 * 3_600_000) });
    const host = { remainingMs: () => 60_000, receiveCount: 1, extend: async () => {} };
    await handleMessage(slow, writeMessage({ kind: "wake-up", runId, n: 1 }), host);
    await expect(lab.result(runId)).rejects.toThrow("deadline");
    expect(await typesOf(lab, runId)).toEqual(["step.succeeded", "event.emitted", "run.timed_out"]);
  });
});
