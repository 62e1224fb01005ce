// No ceiling on steps: what a long history costs to resume is one look at it.
import { describe, expect, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

const STEPS = 20_000;

describe.skipIf(unlessPlain("it counts requests"))("a run of 20,000 steps", () => {
  it("comes to its end, and is resumed with one claim and one load", async () => {
    const w = workflow("w", async (ctx) => {
      let sum = 0;
      for (let i = 0; i < STEPS; i += 1) sum += await ctx.step("add", () => i);
      await ctx.sleep("night", "8 hours");
      return sum;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect((await lab.run(runId)).lastSeq).toBe(STEPS + 1);
    expect(lab.counts.get("journal.append")).toBe(STEPS + 1);
    lab.counts.clear();
    expect(await lab.result(runId)).toBe((STEPS * (STEPS - 1)) / 2);
    const of = (name: string) => lab.counts.get(name) ?? 0;
    expect([of("runs.claim"), of("journal.load"), of("journal.facts")]).toEqual([1, 1, 0]);
    // The sleep's end and the run's.
    expect(of("journal.append")).toBe(2);
    await checkInvariants(lab, runId);
  });
});
