// What a load leaves out of a run with turns behind it: nothing is lost by it, and nothing else is taken for left out.
import { describe, expect, it } from "vitest";
import { completeCallback, forkRun, heartbeatCallback } from "../../lib/engine/index.ts";
import { replay } from "../../lib/engine/replay.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { Fold } from "../../lib/ports/run.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";
import { isPlain } from "./modes.ts";

const HOUR_MS = 3_600_000;

describe("what a run leaves out", () => {
  it("is nothing as long as its turns have recorded nothing", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        if (n > 0) await c.sleep("s", "1 day");
        return n === 2 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(HOUR_MS);
    expect((await lab.run(runId)).folds ?? []).toEqual([]);
    expect(await lab.result(runId)).toBe(2);
  });

  it("is nothing that shares a checkpoint with the new beginning behind it (F3)", async () => {
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      await ctx.step("s", () => null);
      return n === 2 ? n : await ctx.continueAsNew(2);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await lab.result(runId);
    const run = await lab.run(runId);
    const entries = (await lab.entries(runId)).slice(0, 2);
    expect(entries.map(({ type }) => type)).toEqual(["step.succeeded", "run.continued"]);
    const foldsOf = async (...parts: readonly (typeof entries)[]) => {
      let first = 1;
      const checkpoints = parts.map((part): Checkpoint => {
        const checkpoint = { first, entries: part, fence: 1, mark: `m${first}`, at: 0 };
        first += part.length;
        return checkpoint;
      });
      return (await replay(lab.engine, run, { checkpoints, facts: [] })).execution.folds.all;
    };
    expect(await foldsOf(entries.slice(0, 1), entries.slice(1))).toEqual([{ from: 1, to: 1 }]);
    expect(await foldsOf(entries)).toEqual([]);
  });

  it.each([
    ["ends where no turn begins", ({ from, to }: Fold) => ({ from, to: to + 1 })],
    ["begins before the turn behind it says", ({ from, to }: Fold) => ({ from: from - 1, to })],
  ])("must be what a turn makes superfluous: META with a fold that %s stalls its run", async (_, change) => {
    let steps = 0;
    const w = workflow("w", async (ctx) => {
      await ctx.step("before", () => (steps += 1));
      return await ctx.loop("l", 0, async (c, n) => {
        await c.sleep("s", "1 day");
        return n === 3 ? { done: n } : { next: n + 1 };
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(30 * HOUR_MS);
    expect((await lab.run(runId)).folds).toEqual([{ from: 2, to: 3 }]);
    const { runs } = lab.store;
    const claim = runs.claim.bind(runs);
    runs.claim = async (request) => {
      const answer = await claim(request);
      if (!answer.ok || answer.run.folds === undefined) return answer;
      return { ...answer, run: { ...answer.run, folds: answer.run.folds.map(change) } };
    };
    await lab.pass(24 * HOUR_MS);
    expect((await lab.run(runId)).stalled?.code).toBe("E_CORRUPT");
    runs.claim = claim;
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe(3);
    expect(steps).toBe(1);
  });

  it("is left out by a fork as well", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        await c.sleep("s", "1 day");
        return n === 3 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(60 * HOUR_MS);
    const { folds, lastSeq } = await lab.run(runId);
    expect(folds).toEqual([{ from: 1, to: 5 }]);
    const { runId: fork } = await forkRun(lab.engine, { runId, after: lastSeq });
    await lab.settle();
    expect((await lab.run(fork)).folds).toEqual(folds);
    expect(await lab.result(fork)).toBe(3);
  });

  it("takes its notes and claims along, here and on step handlers", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        await c.step("here", async (step) => step.heartbeat(n));
        await c.step("there", async (step) => step.heartbeat(n), { on: "shipping" });
        await c.sleep("s", "1 day");
        return n === 6 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (let day = 0; day < 6; day += 1) {
      await lab.pass(24 * HOUR_MS);
      const { notes, stepClaims } = await lab.store.journal.load(runId);
      expect([notes.length, stepClaims.length]).toEqual([2, 1]);
    }
  });

  it.each(["a step handler", "whoever holds a callback"])(
    "takes along the notes that %s put since the run was read",
    async (by) => {
      let token = "";
      const w = workflow("w", async (ctx) =>
        ctx.loop("l", 0, async (c, n) => {
          if (n > 0) await c.sleep("s", "1 day");
          else if (by === "a step handler")
            await c.step("there", async (step) => step.heartbeat(n), { on: "shipping" });
          else {
            const handOut = (its: string) => {
              token = its;
            };
            await c.waitForCallback("given", handOut, { heartbeatTimeout: "1 hour" });
          }
          return n === 2 ? { done: n } : { next: n + 1 };
        }),
      );
      const lab = new Lab([w]);
      const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
      let isHeld = false;
      // The owner is about to suspend when the answer comes: it goes on with what it has read (W1), and ends the turn.
      lab.watch = async ({ port, method }): Promise<Fate> => {
        if (port === "delivery") answer();
        const isByHandler = by === "a step handler";
        if (method !== "suspend" || isHeld || (!isByHandler && token === "")) return "go on";
        isHeld = true;
        if (isByHandler) await answered;
        else {
          await heartbeatCallback(lab.engine, token);
          await completeCallback(lab.engine, token, { ok: true, value: null });
        }
        expect((await lab.store.journal.load(runId)).notes).toHaveLength(1);
        return "go on";
      };
      const runId = await lab.start(w);
      await lab.settle();
      expect(isHeld).toBe(true);
      expect((await lab.run(runId)).waits).toMatchObject([{ kind: "sleep", id: "l/1/s" }]);
      expect((await lab.store.journal.load(runId)).notes).toEqual([]);
      expect(await lab.result(runId)).toBe(2);
    },
  );

  it.each(["that it has put", "of an owner that died before it could"])(
    "takes along the notes %s, and looks for no others",
    async (whose) => {
      const w = workflow("w", async (ctx) =>
        ctx.loop("l", 0, async (c, n) => {
          if (n > 0) await c.sleep("s", "1 day");
          else await c.step("here", async (step) => step.heartbeat(n));
          await c.step("quiet", () => n);
          return n === 2 ? { done: n } : { next: n + 1 };
        }),
      );
      const lab = new Lab([w]);
      let mayDie = whose !== "that it has put";
      let looked = 0;
      lab.watch = ({ method, args }): Fate => {
        if (method !== "retire") return "go on";
        looked += (args[0] as { readonly notes: readonly string[] }).notes.length;
        if (!mayDie) return "go on";
        [mayDie, looked] = [false, 0];
        return "die before";
      };
      const runId = await lab.start(w);
      await lab.pass(HOUR_MS);
      expect(mayDie).toBe(false);
      expect((await lab.store.journal.load(runId)).notes).toEqual([]);
      expect(await lab.result(runId)).toBe(2);
      if (isPlain) expect(looked).toBe(1);
    },
  );

  it("is no loss to the attributes that were set there, wherever a process dies", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        if (n === 0) await c.setAttributes({ stage: "begun" });
        else await c.sleep("s", "1 day");
        return n === 2 ? { done: n } : { next: n + 1 };
      }),
    );
    await everyCrash(async (watch, where) => {
      const lab = new Lab([w]);
      lab.watch = watch;
      const runId = await lab.start(w);
      for (let day = 0; day < 3; day += 1) {
        await lab.pass(24 * HOUR_MS);
        expect((await lab.run(runId)).attributes, where).toEqual({ stage: "begun" });
      }
      await checkInvariants(lab, runId);
    });
  });

  it("is not asked of a step handler: a message that comes after the turn's end is dropped", async () => {
    const done: number[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        const shipped = n === 0 ? [c.step("ship", () => done.push(n), { on: "shipping" })] : [];
        await Promise.race([...shipped, c.sleep("s", n === 0 ? "10s" : "1 day")]);
        return n === 2 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    lab.watch = ({ port, method }) => (port === "steps" && method === "send" ? "lose" : "go on");
    const runId = await lab.start(w);
    await lab.pass(HOUR_MS);
    const [dispatched] = await lab.entries(runId);
    expect(dispatched).toMatchObject({ type: "step.dispatched", id: "l/0/ship" });
    const message = { kind: "step", runId, seq: 1, handler: "shipping", idempotencyKey: "k" };
    await lab.steps.send(JSON.stringify(message));
    await lab.pass(HOUR_MS);
    expect((await lab.run(runId)).status).toBe("suspended");
    expect(done).toEqual([]);
    expect(await lab.result(runId)).toBe(2);
  });

  it("is none the worse for what a step handler does too late", async () => {
    const effects: number[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.loop("l", 0, async (c, n) => {
        const shipped = c.step("ship", () => effects.push(n), { on: "shipping", semantics: "at-most-once" });
        await Promise.race([shipped, c.sleep("s", "10s")]);
        return n === 3 ? { done: n } : { next: n + 1 };
      });
      await ctx.sleep("after", "10 days");
    });
    const lab = new Lab([w]);
    const late = Promise.withResolvers<void>();
    lab.watch = async ({ method }): Promise<Fate> => {
      if (method === "claimStep") await late.promise;
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.pass(15_000);
    late.resolve();
    await lab.pass(5 * 24 * 3_600_000);
    expect((await lab.run(runId)).status).toBe("suspended");
    await lab.result(runId);
    expect(effects).not.toContain(0);
    expect(effects.length).toBe(new Set(effects).size);
  });
});
