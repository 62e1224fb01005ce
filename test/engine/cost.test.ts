// What a run costs, counted at the ports (docs/design/protocol.md). Write units are counted on the table: test/aws.
import { describe, expect, it } from "vitest";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

const WRITES = [
  "runs.claim",
  "runs.suspend",
  "runs.close",
  "runs.raise",
  "runs.renew",
  "runs.stall",
  "journal.append",
  "journal.putFact",
  "journal.claimStep",
  "journal.putNote",
];

const writes = (lab: Lab) => WRITES.reduce((sum, name) => sum + (lab.counts.get(name) ?? 0), 0);

describe.skipIf(unlessPlain("it counts exact writes and messages"))("the cost of", () => {
  it("a sequential step is exactly one conditional write", async () => {
    const cost = async (steps: number) => {
      const w = workflow("w", async (ctx) => {
        for (let i = 0; i < steps; i += 1) await ctx.step("s", () => "x".repeat(700));
      });
      const lab = new Lab([w]);
      await lab.result(await lab.start(w));
      return writes(lab);
    };
    expect((await cost(11)) - (await cost(10))).toBe(1);
    // Claim, ten checkpoints, the terminal entry, close; the start is one more.
    expect(await cost(10)).toBe(13);
  });

  it("a run that never waits is one message and one activation, whatever its steps", async () => {
    const w = workflow("w", async (ctx) => {
      for (let i = 0; i < 100; i += 1) await ctx.step("s", () => i);
    });
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(lab.counts.get("wakeUps.send")).toBeUndefined();
    expect(lab.counts.get("runs.claim")).toBe(1);
    expect(lab.counts.get("journal.load")).toBe(1);
  });

  it("a signal to a suspended run is two writes and one message before the activation", async () => {
    const w = workflow("w", async (ctx) => ctx.waitForSignal("go"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const { wake } = await lab.run(runId);
    await lab.signal(runId, "go");
    expect((await lab.run(runId)).wake - wake).toBe(1);
    expect((await lab.store.journal.facts(runId)).length).toBe(1);
    expect((await lab.wakeUps.receive({ max: 10, visibilityMs: 0, waitMs: 0 })).length).toBe(1);
  });

  it("what a run tells the outside: one write for a state, none for attributes, one request for events", async () => {
    const cost = async (tell: (ctx: Context) => Promise<unknown>) => {
      const w = workflow("w", async (ctx) => {
        await tell(ctx);
      });
      const lab = new Lab([w]);
      await lab.result(await lab.start(w));
      return { writes: writes(lab), requests: lab.counts.get("events.put") ?? 0 };
    };
    const step = await cost(async (ctx) => ctx.step("s", () => 1));
    expect(await cost(async (ctx) => ctx.publish(1))).toEqual({ ...step, writes: step.writes + 1 });
    expect(await cost(async (ctx) => ctx.setAttributes({ a: 1 }))).toEqual(step);
    const events = Array.from({ length: 10 }, (_, n) => ({ type: "t", detail: n }));
    expect(await cost(async (ctx) => Promise.all(events.map((event) => ctx.emit(event))))).toEqual({
      ...step,
      requests: 1,
    });
  });

  it("resuming a run of 10,000 entries is one load", async () => {
    const w = workflow("w", async (ctx) => {
      for (let i = 0; i < 100; i += 1)
        await Promise.all(Array.from({ length: 100 }, () => ctx.step("s", () => i)));
      return await ctx.waitForSignal("go");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect((await lab.entries(runId)).length).toBe(10_000);
    lab.counts.clear();
    await lab.signal(runId, "go", "end");
    expect(await lab.result(runId)).toBe("end");
    expect(lab.counts.get("journal.load")).toBe(1);
    expect(writes(lab)).toBe(4);
  });
});
