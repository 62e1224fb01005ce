// Endless work in one run: what a turn leaves behind is folded away, and what was recorded stays readable.
import { describe, expect, it } from "vitest";
import { createApi } from "../../lib/api/index.ts";
import { cancelRun, forkRun, retryRun, terminateRun } from "../../lib/engine/index.ts";
import { CancelledError, TerminalError } from "../../lib/sdk/errors.ts";
import { type AnyWorkflow, type Context, workflow } from "../../lib/sdk/index.ts";
import { countLoads } from "./count-loads.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { unlessPlain, unlessQuick } from "./modes.ts";

const sleeper = workflow("sleeper", async (ctx) => {
  await ctx.sleep("long", "30 days");
});

async function statuses(lab: Lab, name: string): Promise<readonly string[]> {
  const { runs } = await lab.store.index.list({ workflows: [name], limit: 100 });
  return runs.map(({ status }) => status);
}

async function resultOf(...workflows: readonly [AnyWorkflow, ...AnyWorkflow[]]): Promise<unknown> {
  const lab = new Lab(workflows);
  const runId = await lab.start(workflows[0]);
  const result = await lab.result(runId);
  await checkInvariants(lab, runId);
  return result;
}

describe("a loop", () => {
  it("hands each turn the state of the one before, until one is done", async () => {
    const sum = workflow("sum", async (ctx) =>
      ctx.loop("add", { total: 0, of: new Map([["b", 1n]]) }, async (c, { total, of }, turn) => {
        const more = await c.step("more", () => turn);
        return turn === 5 ? { done: [total + more, of] } : { next: { total: total + more, of } };
      }),
    );
    expect(await resultOf(sum)).toEqual([15, new Map([["b", 1n]])]);
  });

  it("gives a turn the state as it was recorded, also the first", async () => {
    class Money {
      readonly cents = 5;
    }
    const given: unknown[] = [];
    const w = workflow("w", async (ctx) => {
      const state = { list: [1] };
      return await ctx.loop("l", state, async (_, got, turn) => {
        given.push(got === state);
        got.list.push(turn);
        return turn === 2 ? { done: [got.list, state.list] } : { next: got };
      });
    });
    expect(await resultOf(w)).toEqual([[1, 0, 1, 2], [1]]);
    expect(given).not.toContain(true);
    const bad = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async () => ({ next: new Money() as unknown as number })),
    );
    await expect(resultOf(bad)).rejects.toThrow("E_NOT_SERIALIZABLE");
  });

  it.skipIf(unlessQuick("it goes on for thousands of requests"))(
    "resumes a thousandth turn like the first, and its whole history is there to be read",
    async () => {
      const meter = workflow("meter", async (ctx) => {
        await ctx.step("first", () => "once");
        return await ctx.loop("minutely", 0, async (c, sum) => {
          await c.sleep("minute", "1 minute");
          const read = sum + (await c.step("read", () => 2));
          return read === 2_000 ? { done: read } : { next: read };
        });
      });
      const lab = new Lab([meter]);
      const loaded = countLoads(lab);
      const runId = await lab.start(meter);
      expect(await lab.result(runId)).toBe(2_000);
      const entries = 1 + 3 * 1_000 + 999 + 1;
      expect(loaded.pop(), "the test's own").toBe(entries);
      expect(Math.max(...loaded)).toBeLessThan(8);
      expect((await lab.run(runId)).folds).toHaveLength(1);
      const api = createApi({ engine: lab.engine });
      let seen = 0;
      for (let more = true; more; ) {
        const answer = await api.request(`/runs/${runId}/journal?after=${seen}&limit=1000`);
        const page = (await answer.json()) as { readonly entries: readonly { readonly seq: number }[] };
        more = page.entries.length > 0;
        for (const { seq } of page.entries) {
          seen += 1;
          expect(seq).toBe(seen);
        }
      }
      expect(seen).toBe(entries);
    },
  );

  it("gives each turn's steps keys of their own, and chance that is the same when it is replayed", async () => {
    const keys: string[] = [];
    const draws: string[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, _, turn) => {
        draws.push(`${turn} ${c.uuid()} ${c.random()}`);
        await c.sleep("s", "1 day");
        await c.step("do", ({ idempotencyKey }) => keys.push(idempotencyKey));
        await c.sleep("t", "1 day");
        return turn === 3 ? { done: null } : { next: 0 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    expect(keys).toEqual([0, 1, 2, 3].map((turn) => `${runId}/l/${turn}/do`));
    expect(draws.length).toBeGreaterThan(4);
    expect(new Set(draws).size).toBe(4);
  });

  it("can hold loops, and stand beside others", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("outer", [] as readonly string[], async (c, seen, turn) => {
        const inner = async (scope: Context, name: string) =>
          scope.loop(name, 0, async (d, n) => {
            await d.sleep("s", "1 hour");
            await d.step("do", () => null);
            return n === 3 ? { done: `${name}${turn}` } : { next: n + 1 };
          });
        const both = await c.parallel("both", {
          a: async (scope) => inner(scope, "x"),
          b: async (scope) => inner(scope, "x"),
        });
        const alone = await inner(c, "y");
        const more = [...seen, both.a, both.b, alone];
        return turn === 2 ? { done: more } : { next: more };
      }),
    );
    expect(await resultOf(w)).toEqual(["x0", "x0", "y0", "x1", "x1", "y1", "x2", "x2", "y2"]);
  });

  it("resumes a turn of a loop in a loop like the first one", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("outer", 0, async (c, n) => {
        await c.sleep("before", "1 hour");
        await c.loop("inner", 0, async (d, m) => {
          await d.sleep("s", "1 hour");
          await d.step("do", () => null);
          return m === 5 ? { done: m } : { next: m + 1 };
        });
        await c.sleep("after", "1 hour");
        return n === 20 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    const loaded = countLoads(lab);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(20);
    expect(Math.max(...loaded.slice(0, -1))).toBeLessThan(14);
    await checkInvariants(lab, runId);
  });

  it("is told apart from another of its name", async () => {
    const w = workflow("w", async (ctx) => {
      const run = async () =>
        ctx.loop("l", 0, async (c, n) => (n === 2 ? { done: await c.step("s", () => n) } : { next: n + 1 }));
      await run();
      await ctx.sleep("between", "1 day");
      return await run();
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    const ids = (await lab.entries(runId)).flatMap((entry) => ("id" in entry ? [entry.id] : []));
    expect(ids).toContain("l/2/s");
    expect(ids).toContain("l#2/2/s");
  });

  it("races with a signal that stops it", async () => {
    const w = workflow("w", async (ctx) => {
      const loop = ctx.loop("l", 0, async (c, n) => {
        await c.sleep("s", "1 minute");
        return { next: n + 1 };
      });
      const ended = loop.then(
        () => "never",
        (error: unknown) => (error instanceof CancelledError ? "stopped" : error),
      );
      await ctx.waitForSignal("stop");
      loop.cancel("enough");
      return await ended;
    });
    const lab = new Lab([w]);
    const loaded = countLoads(lab);
    const runId = await lab.start(w);
    await lab.pass(200 * 60_000);
    expect(Math.max(...loaded)).toBeLessThan(8);
    await lab.signal(runId, "stop");
    expect(await lab.result(runId)).toBe("stopped");
    await checkInvariants(lab, runId);
  });

  describe("whose turn does not listen", () => {
    const deaf = (ctx: Context) =>
      ctx.loop("l", 0, async (c, n) => {
        await c.sleep("s", "1 hour").catch(() => {});
        return { next: n + 1 };
      });

    it("ends when its run is cancelled", async () => {
      const lab = new Lab([workflow("deaf", async (ctx) => await deaf(ctx))]);
      const runId = await lab.start("deaf");
      await lab.pass(3 * 3_600_000);
      await cancelRun(lab.engine, { runId });
      await expect(lab.result(runId)).rejects.toThrow("cancelled");
      expect((await lab.run(runId)).status).toBe("cancelled");
    });

    it.each([
      ["it is cancelled itself", deaf, "by its workflow: enough"],
      [
        "a scope around it is cancelled",
        (ctx: Context) => ctx.scope("s", async (c) => await deaf(c)),
        'a scope around loop "s/l" was cancelled',
      ],
    ])("ends when %s", async (_, begin, why) => {
      const w = workflow("w", async (ctx) => {
        const work = begin(ctx);
        await ctx.sleep("a while", "90 minutes");
        work.cancel("enough");
        return await work.catch((error: unknown) =>
          error instanceof CancelledError ? error.message : error,
        );
      });
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await lab.pass(10 * 3_600_000);
      expect((await lab.run(runId)).status).toBe("succeeded");
      expect(await lab.result(runId)).toContain(why);
      await checkInvariants(lab, runId);
    });
  });

  it("cleans up in a scope that was given up", async () => {
    const w = workflow("w", async (ctx) => {
      const piece = ctx.scope("piece", async (scope) => {
        try {
          await scope.sleep("long", "1 day");
        } finally {
          await scope.loop("tidy", 0, async (c, n) => {
            await c.step("sweep", () => null);
            return n === 2 ? { done: null } : { next: n + 1 };
          });
        }
      });
      await ctx.sleep("a while", "1 hour");
      piece.cancel();
      return await piece.catch((error: Error) => error.name);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("CancelledError");
    expect((await lab.entries(runId)).filter(({ type }) => type === "step.succeeded")).toHaveLength(3);
    await checkInvariants(lab, runId);
  });

  it("cleans up with a loop of its own after a cancellation", async () => {
    const w = workflow("w", async (ctx) => {
      try {
        await ctx.sleep("long", "1 day");
      } finally {
        await ctx.loop("tidy", 0, async (c, n) => {
          await c.step("sweep", () => null);
          return n === 2 ? { done: null } : { next: n + 1 };
        });
      }
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("cancelled");
    expect((await lab.entries(runId)).filter(({ type }) => type === "step.succeeded")).toHaveLength(3);
  });

  it("hands off in the middle of turns that never wait, and goes on", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => (n === 50 ? { done: n } : { next: n + (await c.step("s", () => 1)) })),
    );
    const lab = new Lab([w], { settings: { checkpointsPerActivation: 7 } });
    const loaded = countLoads(lab);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(50);
    expect(Math.max(...loaded.slice(0, -1))).toBeLessThan(10);
  });

  it("hands off between turns that do nothing but turn", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (_, n) => (n === 50 ? { done: n } : { next: n + 1 })),
    );
    const lab = new Lab([w], { settings: { checkpointsPerActivation: 7 } });
    expect(await lab.result(await lab.start(w))).toBe(50);
    expect(lab.counts.get("runs.claim")).toBeGreaterThanOrEqual(7);
  });

  it.skipIf(unlessPlain("it counts exact writes"))(
    "costs one write a turn, and none for its fold",
    async () => {
      const w = workflow("w", async (ctx) =>
        ctx.loop("l", 0, async (c, n) => {
          await c.sleep("s", "1 hour");
          return n === 20 ? { done: n } : { next: n + 1 };
        }),
      );
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await lab.pass(5.5 * 3_600_000);
      const before = new Map(lab.counts);
      await lab.pass(10 * 3_600_000);
      const calls = (name: string) => (lab.counts.get(name) ?? 0) - (before.get(name) ?? 0);
      // Ten turns: the sleep has ended, the turn, the next sleep.
      expect(calls("journal.append")).toBe(30);
      expect(calls("runs.suspend")).toBe(10);
      expect(calls("journal.load")).toBe(10);
      await lab.result(runId);
    },
  );
});

describe("at the end of a turn", () => {
  it("what it has left open is given up, and its children follow their policies", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        void c.sleep("open", "30 days");
        void c.waitForSignal("never");
        void c.step("failing", () => {
          throw new TerminalError("nobody hears of it");
        });
        const child = c.runChild("child", sleeper, null);
        await c.startChild("told", sleeper, null, { onParentClose: "cancel" });
        await c.startChild("left", sleeper, null);
        await Promise.race([child, c.sleep("s", "1 hour")]);
        return n === 3 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(3);
    await lab.pass(3_600_000);
    const children = await statuses(lab, "sleeper");
    expect(children.filter((status) => status === "cancelled")).toHaveLength(8);
    expect(children.filter((status) => status === "suspended")).toHaveLength(4);
  });

  it("a child that is to be waited for is waited for", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        await c.startChild("child", sleeper, null, { onParentClose: "wait" });
        return n === 1 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w);
    await lab.pass(29 * 24 * 3_600_000);
    expect(await statuses(lab, "sleeper")).toEqual(["suspended"]);
    expect(await lab.result(runId)).toBe(1);
    expect(await statuses(lab, "sleeper")).toEqual(["succeeded", "succeeded"]);
  });

  it("what the code has said without waiting for it is recorded", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        void c.setAttributes({ [`turn${n}`]: true, last: n });
        void c.emit({ type: "turned", detail: { n } });
        await c.sleep("s", "1 day");
        void c.emit({ type: "turns", detail: { n } });
        return n === 2 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(1.5 * 24 * 3_600_000);
    expect((await lab.run(runId)).attributes).toEqual({ turn0: true, turn1: true, last: 1 });
    await lab.result(runId);
    expect((await lab.run(runId)).attributes).toEqual({ turn0: true, turn1: true, turn2: true, last: 2 });
    const ids = (await lab.entries(runId)).filter(({ type }) => type === "event.emitted");
    expect(ids).toHaveLength(6);
  });

  it("what it has done is done: only the turn that fails is undone", async () => {
    const undone: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.step("before", () => null, { compensate: () => undone.push("before") });
      await ctx.loop("l", 0, async (c, n) => {
        await c.step("book", () => n, { compensate: (value) => undone.push(`book ${value}`) });
        if (n === 1) {
          await c.step("tried", () => n, { compensate: () => undone.push("tried") });
          await c.compensations.run();
        }
        if (n < 2) await c.sleep("s", "1 day");
        if (n === 3) throw new TerminalError("enough");
        return { next: n + 1 };
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("enough");
    expect(undone).toEqual(["tried", "book 1", "book 3", "before"]);
    expect((await lab.entries(runId)).at(-1)).toMatchObject({
      undone: [{ id: "l/3/book" }, { id: "before" }],
    });
    await checkInvariants(lab, runId);
  });

  it("a version that was chosen holds, and another is chosen by nobody", async () => {
    const taken: number[] = [];
    const w = (to: number) =>
      workflow("w", async (ctx) =>
        ctx.loop("l", 0, async (c, n) => {
          await c.sleep("s", "1 day");
          taken.push(c.version("change", { from: 0, to }));
          await c.sleep("t", "1 day");
          return n === 3 ? { done: n } : { next: n + 1 };
        }),
      );
    const lab = new Lab([w(1)]);
    const runId = await lab.start("w");
    await lab.pass(3.5 * 24 * 3_600_000);
    lab.deploy(w(2));
    expect(await lab.result(runId)).toBe(3);
    expect(new Set(taken)).toEqual(new Set([1]));
  });
});

describe("a run with turns behind it", () => {
  const moody = (mood: { fails: boolean }, done: string[]) =>
    workflow("moody", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        await c.step("do", () => done.push(`${n}`));
        await c.sleep("s", "1 day");
        if (n === 3)
          await c.step("risk", () => {
            if (mood.fails) throw new TerminalError("no luck");
          });
        return n === 5 ? { done: n } : { next: n + 1 };
      }),
    );

  it("that failed is retried from the turn it failed in", async () => {
    const mood = { fails: true };
    const done: string[] = [];
    const lab = new Lab([moody(mood, done)]);
    const runId = await lab.start("moody");
    await expect(lab.result(runId)).rejects.toThrow("no luck");
    mood.fails = false;
    const { runId: again } = await retryRun(lab.engine, { runId });
    expect(await lab.result(again)).toBe(5);
    expect(done).toEqual(["0", "1", "2", "3", "4", "5"]);
    await checkInvariants(lab, again);
  });

  it("is forked after any of its entries", async () => {
    const lab = new Lab([moody({ fails: false }, [])]);
    const runId = await lab.start("moody");
    await lab.result(runId);
    const { length } = await lab.entries(runId);
    for (let after = 0; after < length; after += 1) {
      const { runId: fork } = await forkRun(lab.engine, { runId, after });
      expect(await lab.result(fork), `after ${after}`).toBe(5);
      await checkInvariants(lab, fork);
    }
  });

  it("is terminated with what it has left", async () => {
    const lab = new Lab([moody({ fails: false }, [])]);
    const runId = await lab.start("moody");
    await lab.pass(2.5 * 24 * 3_600_000);
    expect((await lab.run(runId)).folds).toBeDefined();
    await terminateRun(lab.engine, { runId });
    expect((await lab.run(runId)).status).toBe("cancelled");
    await lab.pass(3_600_000);
    await checkInvariants(lab, runId);
  });

  it("shows the attributes that were set last, by a turn that is left out or by what went before", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.setAttributes({ stage: "before", kept: true });
      await ctx.loop("l", 0, async (c, n) => {
        if (n === 0) await c.setAttributes({ stage: "in the first turn" });
        await c.sleep("s", "1 day");
        return n === 3 ? { done: n } : { next: n + 1 };
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (let day = 0; day < 4; day += 1) {
      await lab.pass(24 * 3_600_000);
      expect((await lab.run(runId)).attributes).toEqual({ stage: "in the first turn", kept: true });
    }
  });
});
