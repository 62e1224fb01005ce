// What a run owes the outside when something is in the way: nothing is forgotten, and nothing told twice without need.
import { describe, expect, it } from "vitest";
import { readState, unpack } from "../../lib/engine/index.ts";
import { MAX_ATTRIBUTES_BYTES } from "../../lib/limits.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { type Fate, Lab } from "./lab.ts";

describe("a published state", () => {
  it("that could not be shown at first is shown before the run is left", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.publish("half way");
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([w]);
    let failures = 0;
    lab.watch = ({ method }) => {
      if (method !== "putNote" || failures > 0) return "go on";
      failures += 1;
      throw new Error("throttled");
    };
    const runId = await lab.start(w);
    await lab.settle();
    expect(failures).toBe(1);
    const state = await readState(lab.engine, runId);
    expect(state && (await unpack(state.value, lab.blobs))).toBe("half way");
  });
});

describe("attributes", () => {
  it("are set as they were at the time of the call", async () => {
    const w = workflow("w", async (ctx) => {
      const change = { stage: "begun" };
      const set = ctx.setAttributes(change);
      change.stage = "changed in the next line";
      await set;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    expect((await lab.run(runId)).attributes).toEqual({ stage: "begun" });
  });
});

describe("attributes that nobody waits for", () => {
  it("are shown when the code ends right after it has set them", async () => {
    const w = workflow("w", async (ctx) => {
      void ctx.setAttributes({ stage: "over" });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    expect((await lab.run(runId)).attributes).toEqual({ stage: "over" });
  });
});

describe("attributes that are set at once", () => {
  it("are refused from the one on that is too many together with those before", async () => {
    const text = "x".repeat(0.6 * MAX_ATTRIBUTES_BYTES);
    const w = workflow("w", async (ctx) => {
      const sets = ["a", "b", "c"].map((name) =>
        ctx.setAttributes({ [name]: name === "c" ? "short" : text }),
      );
      return (await Promise.allSettled(sets)).map(({ status }) => status);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await lab.run(runId)).attributes).toEqual({ a: text, c: "short" });
  });
});

describe("an event", () => {
  it("that was sent is not sent again by an owner that is overtaken afterwards and replays", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.emit({ type: "first", detail: null });
      return await ctx.step("work", () => 1);
    });
    const lab = new Lab([w]);
    lab.watch = async ({ port, method, args }): Promise<Fate> => {
      const [runId, checkpoint] = args as [string, Checkpoint];
      const isWork = () => checkpoint.entries.some(({ type }) => type === "step.succeeded");
      if (port !== "journal" || method !== "append" || !isWork()) return "go on";
      lab.watch = undefined;
      const [work] = checkpoint.entries;
      await lab.store.journal.append(runId, { ...checkpoint, entries: [work!], fence: 0, mark: "former" });
      return "go on";
    };
    expect(await lab.result(await lab.start(w))).toBe(1);
    expect(lab.events.sent.map(({ type }) => type)).toEqual(["first"]);
  });

  it("of a run that is ended without its code is sent before the run is closed, however long the bus is down", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.emit({ type: "first", detail: null });
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([w]);
    lab.watch = ({ port }) => (port === "events" ? "die before" : "go on");
    const runId = await lab.start(w);
    await lab.settle();
    let refusals = 0;
    lab.watch = ({ port }) => {
      if (port !== "events" || refusals === 3) return "go on";
      refusals += 1;
      throw new Error("the bus is down");
    };
    // Whoever terminates it has died behind the first of its writes.
    await lab.store.journal.putFact(runId, { kind: "terminate", key: "terminate", at: lab.clock.now() });
    await lab.until(async () => isClosed((await lab.run(runId)).status));
    expect((await lab.run(runId)).status).toBe("cancelled");
    expect(lab.events.sent.map(({ type }) => type)).toEqual(["first"]);
    expect(refusals).toBe(3);
  });
});
