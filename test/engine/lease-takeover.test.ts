// Two owners, one run: a lease that ran out while its owner still works (a frozen sandbox, a long pause), and messages
// that meet a live lease. The interleavings are drawn in lib/engine/journal-writer.ts, lease.ts and leave.ts.
import { describe, expect, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab, type PortCall } from "./lab.ts";

function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

const isAppend = ({ port, method }: PortCall) => port === "journal" && method === "append";
const isRenew = ({ port, method }: PortCall) => port === "runs" && method === "renew";

describe("an owner whose lease ran out while it was frozen", () => {
  it("cannot append once its successor has (J2), and its message is not deleted for it (W2)", async () => {
    const effects: string[] = [];
    const w = workflow("w", async (ctx) => {
      const a = await ctx.step("a", () => effects.push("a"));
      const b = await ctx.step("b", () => effects.push("b"));
      return [a, b];
    });
    const lab = new Lab([w]);
    const thaw = latch();
    let appends = 0;
    lab.watch = async (call): Promise<Fate> => {
      if (isRenew(call)) throw new Error("frozen");
      if (!isAppend(call)) return "go on";
      appends += 1;
      if (appends === 1) await thaw.opened;
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.pass(10_000);
    const run = await lab.run(runId);
    expect(run.fence).toBe(2);
    expect(run.status).toBe("succeeded");
    const before = await lab.entries(runId);
    thaw.open();
    await lab.pass(60_000);
    expect(await lab.entries(runId)).toEqual(before);
    expect(effects).toEqual(["a", "a", "b"]);
    await checkInvariants(lab, runId);
  });

  it("that wins a slot its successor has not used is adopted: its result counts (J2)", async () => {
    const effects: string[] = [];
    const w = workflow("w", async (ctx) => {
      const a = await ctx.step("a", (s) => effects.push(`a${s.attempt}`) && effects.length);
      await ctx.sleep("pause", "1h");
      return a;
    });
    const lab = new Lab([w]);
    const old = latch();
    const young = latch();
    let appends = 0;
    lab.watch = async (call): Promise<Fate> => {
      if (isRenew(call)) throw new Error("frozen");
      if (!isAppend(call)) return "go on";
      appends += 1;
      await [old, young][appends - 1]?.opened;
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.pass(2_500);
    expect(effects.length).toBe(2);
    // The old owner's put lands first; the young one's put of the same slot finds it.
    old.open();
    await lab.settle();
    young.open();
    lab.watch = undefined;
    expect(await lab.result(runId)).toBe(1);
    const { checkpoints } = await lab.store.journal.load(runId);
    expect(checkpoints[0]?.fence).toBe(1);
    await checkInvariants(lab, runId);
  });

  it("cannot suspend, close or stall the run under its old fence", async () => {
    const w = workflow("w", async (ctx) => ctx.waitForSignal("go"));
    const lab = new Lab([w]);
    const thaw = latch();
    let suspends = 0;
    lab.watch = async (call): Promise<Fate> => {
      if (isRenew(call)) throw new Error("frozen");
      if (call.method !== "suspend") return "go on";
      suspends += 1;
      if (suspends === 1) await thaw.opened;
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.pass(10_000);
    await lab.signal(runId, "go", 1);
    await lab.settle();
    const closed = await lab.run(runId);
    expect(closed.status).toBe("succeeded");
    thaw.open();
    await lab.pass(60_000);
    expect(await lab.run(runId)).toEqual(closed);
  });
});

describe("a wake-up", () => {
  it("that meets a live lease is kept and comes back after it (W2)", async () => {
    const lab: Lab = new Lab([workflow("w", async (ctx) => ctx.step("long", () => lab.clock.sleep(10_000)))]);
    const runId = await lab.start("w");
    await lab.settle();
    await lab.wakeUps.send(JSON.stringify({ kind: "wake-up", runId, n: 1 }));
    await lab.settle();
    expect(lab.counts.get("delivery.remove")).toBeUndefined();
    await lab.result(runId);
    await lab.pass(60_000);
    expect(lab.wakeUps.nextVisibleAt()).toBeUndefined();
  });

  it("that comes twice activates once", async () => {
    let bodies = 0;
    const w = workflow("w", async (ctx) => ctx.step("a", () => (bodies += 1)));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.wakeUps.send(JSON.stringify({ kind: "wake-up", runId, n: 1 }));
    await lab.wakeUps.send(JSON.stringify({ kind: "wake-up", runId, n: 1 }), 30_000);
    await lab.result(runId);
    await lab.pass(60_000);
    expect(bodies).toBe(1);
  });

  it("that is lost is sent again by the sweeper (W4)", async () => {
    const w = workflow("w", async () => "done");
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (const lost of await lab.wakeUps.receive({ max: 1, visibilityMs: 1_000, waitMs: 0 }))
      await lab.wakeUps.remove(lost.receipt);
    expect(await lab.result(runId)).toBe("done");
  });

  it("whose number is ahead of META, because its sender died, still counts (W2)", async () => {
    const w = workflow("w", async (ctx) => ctx.waitForSignal("go"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await lab.wakeUps.send(JSON.stringify({ kind: "wake-up", runId, n: 9 }));
    await lab.settle();
    expect(await lab.run(runId)).toMatchObject({ status: "suspended", wake: 9, handled: 9 });
    await lab.signal(runId, "go", 1);
    expect(await lab.result(runId)).toBe(1);
  });
});

describe("a signal that comes while an activation is about to suspend", () => {
  it.each(["facts", "load", "suspend", "send"])(
    "is not lost when it comes at the call of %s (W1)",
    async (method) => {
      const w = workflow("w", async (ctx) => {
        await ctx.step("a", () => 1);
        return await ctx.waitForSignal("go", { timeout: "1 day" });
      });
      for (const when of ["before", "after"]) {
        const lab: Lab = new Lab([w], { sweepEveryMs: 1e12 });
        let sent = false;
        const runId = await lab.start(w);
        lab.watch = async (call): Promise<Fate> => {
          if (call.method === method && !sent) {
            sent = true;
            if (when === "before") await lab.signal(runId, "go", "here");
            else void Promise.resolve().then(() => lab.signal(runId, "go", "here"));
          }
          return "go on";
        };
        await lab.settle();
        if (!sent) await lab.signal(runId, "go", "here");
        await lab.pass(5_000);
        expect((await lab.run(runId)).status, `${when} ${method}`).toBe("succeeded");
        expect(await lab.result(runId)).toBe("here");
      }
    },
  );
});

describe("a store that fails for a while", () => {
  it("costs time but no result, and does not count as the run's fault", async () => {
    const w = workflow("w", async (ctx) => [await ctx.step("a", () => 1), await ctx.step("b", () => 2)]);
    const lab = new Lab([w]);
    let broken = 0;
    lab.watch = ({ port, method }) => {
      if (port === "journal" && method === "append" && broken < 9) {
        broken += 1;
        throw new Error("throttled");
      }
      return "go on";
    };
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toEqual([1, 2]);
    await checkInvariants(lab, runId);
  });
});
