import { describe, expect, it } from "vitest";
import { judgeWakeUp } from "../../lib/engine/dead-letter.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { aRun } from "../conformance/samples.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

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

const STANDING = { wake: 3, handled: 2, fence: 9 } as const;
const HELD = { leaseOwner: "o", leaseUntil: 1_001 } as const;

describe("a retry", () => {
  it("whose caller died before the wake-up was sent can be repeated (J4)", async () => {
    const w = workflow("w", async (ctx) => ctx.step("a", () => 1, { on: "trains" }));
    const lab = new Lab([w], { sweepEveryMs: "never" });
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    lab.deploy(workflow("w", async (ctx) => ctx.step("a", () => 2)));
    await lab.store.runs.revive({ runId, sweepAt: lab.clock.now() });
    await expect(lab.retry(runId)).rejects.toThrow("E_RUN_NOT_STALLED");
    expect(await lab.result(runId)).toBe(2);
  });
});

describe("a dead letter", () => {
  it("of before a revival does not stall the revived run again", async () => {
    const w = workflow("w", async (ctx) => ctx.step("a", () => 1, { on: "trains" }));
    const lab = new Lab([w], { sweepEveryMs: "never" });
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    const { wake } = await lab.run(runId);
    await lab.store.runs.revive({ runId, sweepAt: lab.clock.now() });
    const revived = await lab.run(runId);
    const old = { kind: "wake-up", runId, n: wake, deaths: 9, lastFence: 0 } as const;
    expect(judgeWakeUp(revived, 0, old, lab.clock.now())).toEqual({ kind: "drop" });
    const own = { ...old, n: revived.wake };
    expect(judgeWakeUp(revived, 0, own, lab.clock.now())).toEqual({ kind: "stall", code: "E_DEAD_LETTER" });
  });

  it.each([
    ["is dropped when the run is gone", undefined, {}, { kind: "drop" }],
    ["is dropped when the run is closed", { status: "succeeded" }, {}, { kind: "drop" }],
    ["is dropped when the run is stalled already", { status: "stalled" }, {}, { kind: "drop" }],
    ["is dropped when its cause was handled", { handled: 3 }, {}, { kind: "drop" }],
    ["is sent again while somebody holds the lease", { fails: 9, ...HELD }, {}, { kind: "again", deaths: 0 }],
    [
      "does not count while somebody holds the lease",
      HELD,
      { deaths: 2, lastFence: 2 },
      { kind: "again", deaths: 2 },
    ],
    ["is sent again, and counted, when the run got nowhere", {}, {}, { kind: "again", deaths: 1 }],
    [
      "is counted anew when the run appended meanwhile",
      {},
      { deaths: 2, lastFence: 1 },
      { kind: "again", deaths: 1 },
    ],
    [
      "stalls a run that got nowhere three times",
      {},
      { deaths: 2, lastFence: 2 },
      { kind: "stall", code: "E_DEAD_LETTER" },
    ],
    [
      "is sent again when the run crashed often but appended",
      { fence: 4, fails: 9 },
      {},
      { kind: "again", deaths: 1 },
    ],
    [
      "has no say over a paused run",
      { paused: true, fails: 6 },
      { deaths: 2, lastFence: 2 },
      { kind: "drop" },
    ],
    [
      "stalls a run that died too often without progress",
      { fails: 6 },
      {},
      { kind: "stall", code: "E_POISON" },
    ],
  ] as const)("%s", (_what, overrides, message, verdict) => {
    const run = overrides === undefined ? undefined : aRun({ ...STANDING, ...overrides });
    expect(judgeWakeUp(run, 2, { kind: "wake-up", runId: "r", n: 3, ...message }, 1_000)).toEqual(verdict);
  });

  it("of a wake-up that no activation came of stalls the run with E_DEAD_LETTER", async () => {
    const w = workflow("w", async () => 1);
    const lab = new Lab([w], { sweepEveryMs: "never" });
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

  it.skipIf(under(["two-workers-race"], "rivals count each other's deliveries too"))(
    "of a run that meets a fault at each activation stalls it in the end, with a bounded number of messages",
    async () => {
      const w = workflow("w", async (ctx) => ctx.step("a", () => 1));
      const lab = new Lab([w]);
      lab.watch = ({ port, method }) => {
        if (port === "journal" && method === "load") throw new Error("access denied");
        return "go on";
      };
      const runId = await lab.start(w);
      await lab.pass(24 * 3_600_000);
      expect((await lab.run(runId)).stalled?.code).toBe("E_DEAD_LETTER");
      expect(lab.counts.get("wakeUps.send")).toBeLessThan(30);
      expect(lab.counts.get("runs.claim")).toBeLessThan(150);
    },
  );

  it("that is not ours is dropped", async () => {
    const lab = new Lab([]);
    await lab.deadWakeUps.send("hello");
    await lab.wakeUps.send('{"kind":"wake-up"}');
    await lab.settle();
    expect(lab.deadWakeUps.nextVisibleAt()).toBeUndefined();
    expect(lab.wakeUps.nextVisibleAt()).toBeUndefined();
  });
});
