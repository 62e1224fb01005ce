// Ending a run from outside: cooperatively, with time to clean up, and at once.
import { describe, expect, it } from "vitest";
import { cancelRun, terminateRun } from "../../lib/engine/index.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import { CancelledError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";

const never = async () => await new Promise<never>(() => {});

async function statusOf(lab: Lab, runId: string): Promise<string> {
  return (await lab.run(runId)).status;
}

describe("a cancelled run", () => {
  it("has every open call reject with CancelledError, cleans up, and ends as cancelled", async () => {
    const seen: string[] = [];
    const w = workflow("w", async (ctx) => {
      try {
        await ctx.sleep("long", "30 days");
      } catch (error) {
        seen.push(error instanceof CancelledError ? "cancelled" : "otherwise");
        expect(ctx.isCancelled).toBe(true);
        await ctx.step("clean up", () => "clean");
        throw error;
      }
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId, reason: "changed my mind" });
    await expect(lab.result(runId)).rejects.toThrow("changed my mind");
    expect(await statusOf(lab, runId)).toBe("cancelled");
    expect(seen).toContain("cancelled");
    const types = (await lab.entries(runId)).map(({ type }) => type);
    expect(types).toEqual(["sleep.started", "run.cancel_requested", "step.succeeded", "run.cancelled"]);
    expect(lab.timers.nextFireAt()).toBeUndefined();
    await checkInvariants(lab, runId);
  });

  it("may still return a value, and has then succeeded", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.sleep("long", "30 days").catch(() => {});
      return "half";
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    expect(await lab.result(runId)).toBe("half");
  });

  it("tells running bodies by their signal, and records what they still achieve", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.step("charge", async (s) => {
        await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
        return "charged";
      });
      await ctx.sleep("then", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow(CancelledError);
    const types = (await lab.entries(runId)).map(({ type }) => type);
    expect(types).toEqual(["step.succeeded", "run.cancel_requested", "run.cancelled"]);
  });

  it("waits for a body that does not listen only for a moment", async () => {
    const w = workflow("w", async (ctx) => ctx.step("deaf", never));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    const askedAt = lab.clock.now();
    await expect(lab.result(runId)).rejects.toThrow(CancelledError);
    expect(lab.clock.now() - askedAt).toBeLessThan(60_000);
    expect((await lab.entries(runId)).map(({ type }) => type)).toEqual([
      "run.cancel_requested",
      "run.cancelled",
    ]);
  });

  it("begins nothing new while it waits for its bodies", async () => {
    const began: string[] = [];
    const w = workflow("w", async (ctx) => {
      const deaf = ctx.step("deaf", never);
      await ctx.step("listens", async (s) => {
        await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
      });
      await ctx.step("next", () => began.push("next"));
      await deaf;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow(CancelledError);
    expect(began).toEqual([]);
  });

  it("that never began never begins", async () => {
    let began = false;
    const w = workflow("w", async () => {
      began = true;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("before it began");
    expect(began).toBe(false);
    expect(await statusOf(lab, runId)).toBe("cancelled");
  });

  it("is not cancelled twice, and a closed one not at all", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.sleep("long", "30 days").catch(() => {});
      await ctx.sleep("cleaning", "1 hour");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    expect(await lab.result(runId)).toBeUndefined();
    await expect(cancelRun(lab.engine, { runId })).rejects.toThrow("E_RUN_CLOSED");
    await expect(cancelRun(lab.engine, { runId: "nobody" })).rejects.toThrow("E_RUN_NOT_FOUND");
  });
});

describe("a terminated run", () => {
  it("ends at once, whoever holds it, without a word to its code", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.step("deaf", never).catch(() => {});
      await ctx.step("never", () => 1);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const run = await terminateRun(lab.engine, { runId, reason: "runaway" });
    expect(run.status).toBe("cancelled");
    await expect(lab.result(runId)).rejects.toThrow("terminated: runaway");
    await lab.settle();
    expect((await lab.entries(runId)).map(({ type }) => type)).toEqual(["run.cancelled"]);
    await checkInvariants(lab, runId);
  });

  it("may be stalled, or unknown to the code that is deployed", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.step("a", () => 1);
      await new Promise(() => {});
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.until(async () => (await statusOf(lab, runId)) === "stalled");
    expect((await terminateRun(lab.engine, { runId })).status).toBe("cancelled");
    expect((await lab.run(runId)).sweepAt).toBeUndefined();
  });

  it("ends also when its code has changed and its terminator has died half-way", async () => {
    const lab = new Lab([workflow("w", async (ctx) => ctx.sleep("long", "1 day"))]);
    const runId = await lab.start("w");
    await lab.settle();
    lab.deploy(workflow("w", async (ctx) => ctx.step("other", () => 1)));
    await terminateRun(failingAfter(lab, 4), { runId }).catch(() => {});
    await expect(lab.result(runId)).rejects.toThrow("terminated");
  });

  it("goes no further in the hands of the owner whom its terminator did not live to replace", async () => {
    let wentOn = false;
    const w = workflow("w", async (ctx) => {
      await ctx.step("slow", async () => lab.clock.sleep(60_000));
      await ctx.step("next", () => {
        wentOn = true;
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await terminateRun(failingAfter(lab, 4), { runId }).catch(() => {});
    expect((await lab.run(runId)).status).toBe("running");
    await expect(lab.result(runId)).rejects.toThrow("terminated");
    expect(wentOn).toBe(false);
  });

  it("is not put to sleep by an owner that hears of it while it leaves, when its terminator has died", async () => {
    const w = workflow("w", async (ctx) => ctx.sleep("long", "30 days"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    let isAsked = false;
    lab.watch = async ({ method }): Promise<Fate> => {
      if (method !== "suspend" || isAsked) return "go on";
      isAsked = true;
      const at = lab.clock.now();
      await lab.store.journal.putFact(runId, { kind: "terminate", key: "terminate", at });
      await lab.store.runs.raise({ runId, sweepAt: at + 60_000 });
      return "go on";
    };
    await lab.settle();
    expect(isAsked).toBe(true);
    expect(await statusOf(lab, runId)).toBe("cancelled");
  });

  it("ends although the owner that is being replaced appends once more", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.sleep("long", "1 day");
      await ctx.sleep("longer", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const { journal } = lab.store;
    const load = async (id: string) => {
      const loaded = await journal.load(id);
      const at = lab.clock.now();
      const last = {
        first: 2,
        entries: [{ type: "sleep.finished", id: "long", at }],
        fence: 1,
        mark: "m",
        at,
      };
      if (loaded.checkpoints.length === 1) await journal.append(id, last as Checkpoint);
      return loaded;
    };
    const late = new Proxy(journal, {
      get: (target, key) => (key === "load" ? load : Reflect.get(target, key, target).bind(target)),
    });
    const store = { ...lab.ports.store, journal: late };
    const engine = { ...lab.engine, ports: { ...lab.ports, store } };
    expect((await terminateRun(engine, { runId })).status).toBe("cancelled");
    const types = (await lab.entries(runId)).map(({ type }) => type);
    expect(types).toEqual(["sleep.started", "sleep.finished", "run.cancelled"]);
  });

  it("ends in the next activation when the caller dies half-way", async () => {
    const w = workflow("w", async (ctx) => ctx.sleep("long", "1 day"));
    for (const dieAt of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await lab.settle();
      const dying = failingAfter(lab, dieAt);
      await terminateRun(dying, { runId }).catch(() => {});
      const isAsked = (await lab.store.journal.fact(runId, "terminate")) !== undefined;
      if (isAsked) await expect(lab.result(runId)).rejects.toThrow("terminated");
      else expect(await lab.result(runId)).toBeUndefined();
      await checkInvariants(lab, runId);
    }
  });
});

/** The lab's engine, whose store calls fail from the `n`th on. */
function failingAfter(lab: Lab, n: number): Lab["engine"] {
  let calls = 0;
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key, object);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls >= n) throw new Error("the caller is dead");
          return Reflect.apply(value, object, args);
        };
      },
    });
  const { store } = lab.ports;
  const ports = {
    ...lab.ports,
    store: { ...store, runs: wrap(store.runs), journal: wrap(store.journal), index: store.index },
  };
  return { ...lab.engine, ports };
}
