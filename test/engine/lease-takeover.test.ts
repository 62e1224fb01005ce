// Two owners, one run: a lease that ran out while its owner still works (a frozen sandbox, a long pause), and messages
// that meet a live lease. The interleavings are drawn in lib/engine/journal-writer.ts, lease.ts and leave.ts.
import { describe, expect, it } from "vitest";
import { AWS_SETTINGS } from "../../lib/engine/index.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab, type PortCall } from "./lab.ts";
import { under } from "./modes.ts";

/** A successor that leaves after its checkpoint is followed by a third owner. */
const LEAVING = ["suspend-at-every-await", "hand-off-after-every-step"] as const;

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
    expect(run.fence).toBeGreaterThanOrEqual(2);
    expect(run.status).toBe("succeeded");
    const before = await lab.entries(runId);
    thaw.open();
    await lab.pass(60_000);
    expect(await lab.entries(runId)).toEqual(before);
    expect(effects).toEqual(["a", "a", "b"]);
    await checkInvariants(lab, runId);
  });

  it("before it had loaded finds a newer fence in the journal and does nothing (J2)", async () => {
    const effects: string[] = [];
    const lab: Lab = new Lab(
      [
        workflow("w", async (ctx) => {
          await ctx.step("a", () => effects.push("a"));
          await ctx.step("b", async () => {
            effects.push("b");
            await lab.clock.sleep(40_000);
          });
        }),
      ],
      { settings: AWS_SETTINGS },
    );
    let claims = 0;
    lab.watch = ({ method }) => {
      if (method !== "claim") return "go on";
      claims += 1;
      return claims === 1 ? { answersAfterMs: 30_000 } : "go on";
    };
    const runId = await lab.start("w");
    await lab.result(runId);
    expect(effects).toEqual(["a", "b"]);
    await checkInvariants(lab, runId);
  });

  it("that is overtaken tells its steps, before it replays", async () => {
    const aborted: string[] = [];
    const w = workflow("w", async (ctx) =>
      Promise.all([
        ctx.step("quick", () => 1),
        ctx.step("long", async (s) => {
          s.signal.addEventListener("abort", () => aborted.push((s.signal.reason as Error).name));
          await lab.clock.sleep(10_000);
        }),
      ]),
    );
    const lab: Lab = new Lab([w], {
      settings: { leaseMs: 60_000, renewEveryMs: 20_000, visibilityMs: 70_000 },
    });
    lab.watch = async (call): Promise<Fate> => {
      if (!isAppend(call)) return "go on";
      lab.watch = undefined;
      // A former owner's late entry takes the slot.
      const [runId, checkpoint] = call.args as [string, Checkpoint];
      await lab.store.journal.append(runId, { ...checkpoint, fence: 0, mark: "former" });
      return "go on";
    };
    await lab.result(await lab.start(w));
    expect(aborted[0]).toBe("Overtaken");
  });

  it("starts no further step once it finds that its successor has appended (J2)", async () => {
    const effects: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.step("a", () => effects.push("a"));
      return await ctx.step("b", () => effects.push("b"));
    });
    const lab = new Lab([w], { sweepEveryMs: "never" });
    const old = latch();
    const young = latch();
    let appends = 0;
    lab.watch = async (call): Promise<Fate> => {
      // Its renewals hang: nothing but the lost slot tells it.
      if (isRenew(call)) return await new Promise<never>(() => {});
      if (!isAppend(call)) return "go on";
      appends += 1;
      // The old owner's first append, and the young one's second: its step b has run and is not yet recorded.
      await { 1: old, 3: young }[appends]?.opened;
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.pass(2_500);
    expect(effects).toEqual(["a", "a", "b"]);
    old.open();
    await lab.settle();
    expect(effects).toEqual(["a", "a", "b"]);
    young.open();
    lab.watch = undefined;
    await lab.result(runId);
    await checkInvariants(lab, runId);
  });

  it.skipIf(under(LEAVING, "it counts owners"))(
    "that wins a slot its successor has not used is adopted: its result counts (J2)",
    async () => {
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
      await lab.settle();
      // Adopted by the young owner itself, under its own lease.
      expect(await lab.run(runId)).toMatchObject({ status: "suspended", fence: 2 });
      lab.watch = undefined;
      expect(await lab.result(runId)).toBe(1);
      const { checkpoints } = await lab.store.journal.load(runId);
      expect(checkpoints[0]?.fence).toBe(1);
      await checkInvariants(lab, runId);
    },
  );

  it("learns by its step's AbortSignal that the result can no longer be recorded", async () => {
    const reasons: string[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.step("a", async (s) => {
        if (reasons.length > 0) return "second";
        return await new Promise((resolve) => {
          s.signal.addEventListener("abort", () => {
            reasons.push((s.signal.reason as Error).name);
            resolve("first");
          });
        });
      }),
    );
    const lab = new Lab([w]);
    lab.watch = (call) => {
      if (isRenew(call)) throw new Error("frozen");
      return "go on";
    };
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("second");
    expect(reasons).toEqual(["LeaseLost"]);
  });

  it("cannot suspend, close or stall the run under its old fence", async () => {
    const w = workflow("w", async (ctx) => [await ctx.waitForSignal("go"), await ctx.waitForSignal("go")]);
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
    const later = await lab.run(runId);
    expect(later).toMatchObject({ status: "suspended", lastSeq: 1 });
    const removed = lab.counts.get("delivery.remove");
    thaw.open();
    await lab.pass(60_000);
    expect(await lab.run(runId)).toEqual(later);
    // SQS may delete by an old receipt what somebody else is working on, so nobody tries (W2).
    expect(lab.counts.get("delivery.remove")).toBe(removed);
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

  it("that meets the lease of its own first delivery is kept, and takes over when that one dies (W2)", async () => {
    // A lease that outlives the visibility, as when a renewal of the message was lost.
    const settings = { leaseMs: 10_000, renewEveryMs: 100_000, visibilityMs: 3_000 };
    const lab: Lab = new Lab(
      [workflow("w", async (ctx) => ctx.step("long", (s) => s.attempt + lab.clock.now()))],
      {
        settings,
        sweepEveryMs: "never",
      },
    );
    const thaw = latch();
    lab.watch = async (call): Promise<Fate> => {
      if (isAppend(call)) await thaw.opened;
      return "go on";
    };
    const runId = await lab.start("w");
    await lab.pass(5_000);
    lab.kill();
    lab.watch = undefined;
    expect(await lab.result(runId)).toBeGreaterThan(0);
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

  it("that was lost is sent again by whoever repeats the start", async () => {
    const w = workflow("w", async () => "done");
    const lab = new Lab([w], { sweepEveryMs: "never" });
    const runId = await lab.start(w, {}, "key");
    for (const lost of await lab.wakeUps.receive({ max: 1, visibilityMs: 1_000, waitMs: 0 })) {
      await lab.wakeUps.remove(lost.receipt);
    }
    expect(await lab.start(w, {}, "key")).toBe(runId);
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
        const lab: Lab = new Lab([w], { sweepEveryMs: "never" });
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

describe("a finished step", () => {
  it("is not thrown away while a message to a step handler is being sent (J3)", async () => {
    const effects: string[] = [];
    const lab: Lab = new Lab([
      workflow("w", async (ctx) =>
        Promise.all([
          ctx.step("charge", async () => {
            effects.push("charge");
            await lab.clock.sleep(50);
          }),
          ctx
            .sleep("moment", "20ms")
            .then(() => ctx.step("ship", () => effects.push("ship"), { on: "shipping" })),
        ]),
      ),
    ]);
    lab.watch = async ({ port, method }): Promise<Fate> => {
      // SQS takes its time; meanwhile the charge is finished.
      if (port === "steps" && method === "send") await lab.clock.sleep(100);
      return "go on";
    };
    await lab.result(await lab.start("w"));
    expect(effects).toEqual(["charge", "ship"]);
  });

  it.skipIf(under(["everything-off-loaded"], "the first value is the one that cannot be stored"))(
    "is recorded although another one's value could not be stored",
    async () => {
      const effects: string[] = [];
      const big = Array.from({ length: 9_000 }, (_, i) => (i * 7919) % 10_007);
      const w = workflow("w", async (ctx) =>
        Promise.all([
          ctx.step("charge", () => effects.push("charge")),
          ctx.step("export", () => (effects.push("export") > 0 ? big : big)),
        ]),
      );
      const lab = new Lab([w]);
      let failures = 0;
      lab.watch = ({ port, method }) => {
        if (port === "blobs" && method === "put" && failures === 0) {
          failures += 1;
          throw new Error("slow down");
        }
        return "go on";
      };
      await lab.result(await lab.start(w));
      expect(effects).toEqual(["charge", "export", "export"]);
    },
  );
});

describe("a value that cannot be stored for a while", () => {
  it("does not make its step run again and again beside a longer one", async () => {
    let runs = 0;
    const big = Array.from({ length: 9_000 }, (_, i) => (i * 7919) % 10_007);
    const lab: Lab = new Lab([
      workflow("w", async (ctx) =>
        Promise.all([
          ctx.step("long", () => lab.clock.sleep(60_000)),
          ctx.step("big", async () => {
            runs += 1;
            await lab.clock.sleep(10);
            return big;
          }),
        ]),
      ),
    ]);
    const storedAt = lab.clock.now() + 50_000;
    lab.watch = ({ port, method }) => {
      if (port === "blobs" && method === "put" && lab.clock.now() < storedAt) throw new Error("slow down");
      return "go on";
    };
    await lab.result(await lab.start("w"));
    expect(runs).toBeLessThanOrEqual(2);
  });
});

describe("a hand-off message that arrives before its sender has left", () => {
  it.skipIf(under(LEAVING, "each of eight hand-offs costs its second"))(
    "is looked at again in a second, not after a lease",
    async () => {
      const lab: Lab = new Lab(
        [
          workflow("w", async (ctx) => {
            for (let i = 0; i < 8; i += 1) await ctx.step("work", () => lab.clock.sleep(1_000));
          }),
        ],
        {
          timeoutMs: 5_000,
          settings: { handOffBeforeMs: 2_000, leaseMs: 20_000, renewEveryMs: 6_000, visibilityMs: 25_000 },
        },
      );
      lab.watch = async ({ method }): Promise<Fate> => {
        if (method === "suspend") await lab.clock.sleep(15);
        return "go on";
      };
      const startedAt = lab.clock.now();
      await lab.result(await lab.start("w"));
      expect(lab.clock.now() - startedAt).toBeLessThan(15_000);
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
