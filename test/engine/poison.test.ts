import { describe, expect, it } from "vitest";
import { judgeWakeUp } from "../../lib/engine/dead-letter.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { aRun } from "../conformance/samples.ts";
import { Lab } from "./lab.ts";

describe("a run whose process dies before it can say anything", () => {
  it("is stalled with E_POISON after five activations, and a retry revives it", async () => {
    let broken = true;
    let starts = 0;
    const lab: Lab = new Lab([
      workflow("w", async (ctx) => {
        starts += 1;
        if (broken) lab.kill();
        return await ctx.step("a", () => "alive");
      }),
    ]);
    const runId = await lab.start("w");
    await expect(lab.result(runId)).rejects.toThrow(/stalled: E_POISON .*activated 5 times/);
    expect(starts).toBe(5);
    broken = false;
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe("alive");
  });

  it("but makes progress each time is never poison", async () => {
    const lab: Lab = new Lab([
      workflow("w", async (ctx) => {
        let sum = 0;
        for (let i = 0; i < 12; i += 1) {
          sum += await ctx.step("s", () => i);
          if (i < 11) await ctx.step("die", (s) => s.attempt);
        }
        return sum;
      }),
    ]);
    let deaths = 0;
    lab.watch = ({ port, method, args }) => {
      const entries = (args[1] as { entries?: { id?: string }[] } | undefined)?.entries ?? [];
      if (port !== "journal" || method !== "append" || !entries.some((entry) => entry.id?.startsWith("die")))
        return "go on";
      deaths += 1;
      return "die after";
    };
    const runId = await lab.start("w");
    expect(await lab.result(runId)).toBe(66);
    expect(deaths).toBe(11);
  });
});

describe("a dead letter", () => {
  it.each([
    ["is dropped when the run is gone", undefined, "drop"],
    ["is dropped when the run is closed", aRun({ status: "succeeded", handled: 0 }), "drop"],
    ["is dropped when the run is stalled already", aRun({ status: "stalled", handled: 0 }), "drop"],
    ["is dropped when its cause was handled", aRun({ status: "suspended", handled: 3 }), "drop"],
    [
      "is sent again while somebody holds the lease",
      aRun({ status: "running", fence: 9, fails: 9, leaseOwner: "o", leaseUntil: 1_001 }),
      "again",
    ],
    [
      "is sent again when the run was claimed and is not poison",
      aRun({ status: "running", fence: 9, fails: 2 }),
      "again",
    ],
    [
      "is sent again when the run crashed often but appended meanwhile",
      aRun({ status: "running", fence: 4, fails: 9 }),
      "again",
    ],
    [
      "is sent again once when nobody could claim the run",
      aRun({ status: "pending", fence: 1, fails: 0 }),
      "again",
    ],
    [
      "stalls a run that nobody has claimed since a fresh wake-up",
      aRun({ status: "pending", fence: 2, fails: 0 }),
      "stall",
    ],
    [
      "stalls a run that died too often without progress",
      aRun({ status: "running", fence: 9, fails: 6, leaseOwner: "o", leaseUntil: 999 }),
      "stall",
    ],
  ])("%s", (_what, run, verdict) => {
    const standing = run === undefined ? undefined : { ...run, wake: 3 };
    expect(judgeWakeUp(standing, 2, { kind: "wake-up", runId: "r", n: 3, afterFence: 2 }, 1_000)).toBe(
      verdict,
    );
  });

  it("of a wake-up that no activation came of stalls the run with E_DEAD_LETTER", async () => {
    const w = workflow("w", async () => 1);
    const lab = new Lab([w], { sweepEveryMs: 1e12 });
    lab.watch = ({ port, method }) => {
      if (port === "runs" && method === "claim") throw new Error("the function cannot start");
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    expect((await lab.run(runId)).stalled?.code).toBe("E_DEAD_LETTER");
    lab.watch = undefined;
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe(1);
  });

  it("that is not ours is dropped", async () => {
    const lab = new Lab([]);
    await lab.deadWakeUps.send("hello");
    await lab.wakeUps.send('{"kind":"wake-up"}');
    await lab.settle();
    expect(lab.deadWakeUps.nextVisibleAt()).toBeUndefined();
    expect(lab.wakeUps.nextVisibleAt()).toBeUndefined();
  });
});
