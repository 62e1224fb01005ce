import { describe, expect, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { isPlain } from "./modes.ts";

function long(lab: () => Lab, effects: number[]) {
  return workflow("long", async (ctx) => {
    for (let i = 0; i < 30; i += 1) {
      await ctx.step("work", async () => {
        effects.push(i);
        await lab().clock.sleep(1_000);
      });
    }
    return effects.length;
  });
}

describe("an activation whose time runs out", () => {
  it("hands off at a step boundary; nothing runs twice", async () => {
    const effects: number[] = [];
    const lab: Lab = new Lab([long(() => lab, effects)], {
      sweepEveryMs: "never",
      timeoutMs: 10_000,
      settings: { handOffBeforeMs: 4_000 },
    });
    const runId = await lab.start("long");
    expect(await lab.result(runId)).toBe(30);
    expect(effects).toEqual(Array.from({ length: 30 }, (_, i) => i));
    const run = await lab.run(runId);
    expect(run.fence).toBeGreaterThanOrEqual(4);
    await checkInvariants(lab, runId);
  });

  it("that dies at any call around the hand-off loses nothing", async () => {
    const calm: number[] = [];
    const first: Lab = new Lab([long(() => first, calm)], {
      sweepEveryMs: "never",
      timeoutMs: 20_000,
      settings: { handOffBeforeMs: 4_000 },
    });
    let total = 0;
    first.watch = ({ count }) => {
      total = count;
      return "go on";
    };
    await first.result(await first.start("long"));
    for (let at = 1; at <= total; at += isPlain ? 1 : 9) {
      const effects: number[] = [];
      const lab: Lab = new Lab([long(() => lab, effects)], {
        sweepEveryMs: "never",
        timeoutMs: 20_000,
        settings: { handOffBeforeMs: 4_000 },
      });
      lab.watch = ({ count }) => (count === at ? "die after" : "go on");
      const runId = await lab.start("long");
      await lab.result(runId);
      expect(new Set(effects).size, `call ${at}`).toBe(30);
      expect(effects.length, `call ${at}`).toBeLessThanOrEqual(31);
      await checkInvariants(lab, runId);
    }
  });

  it("whose time is too short for its replay still makes progress", async () => {
    const effects: number[] = [];
    const lab: Lab = new Lab([long(() => lab, effects)], {
      sweepEveryMs: "never",
      timeoutMs: 3_000,
      settings: { handOffBeforeMs: 4_000 },
    });
    expect(await lab.result(await lab.start("long"))).toBe(30);
  });
});
