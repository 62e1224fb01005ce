// A run that begins anew: the same run, other input, a journal that its code does not look behind.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { cancelRun, completeCallback, forkRun, retryRun } from "../../lib/engine/index.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { type Context, workflow } from "../../lib/sdk/index.ts";
import { countLoads } from "./count-loads.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";
import { unlessQuick } from "./modes.ts";

const DAY_MS = 24 * 3_600_000;
const double = workflow("double", async (ctx, input) => ctx.step("work", () => (input as number) * 2));
const sleeper = workflow("sleeper", async (ctx, days) => {
  await ctx.sleep("long", { days: days as number });
});

describe("a run that begins anew", () => {
  it("has the new input, the same id and name for its steps, and keys that are new", async () => {
    const keys: string[] = [];
    const w = workflow(
      "w",
      { input: v.object({ left: v.number(), sum: v.number() }) },
      async (ctx, input) => {
        const { left, sum } = input;
        const more = await ctx.step("more", ({ idempotencyKey }) => keys.push(idempotencyKey));
        await ctx.sleep("s", "1 day");
        const child = await ctx.runChild("child", double, left);
        if (left > 0) await ctx.continueAsNew({ left: left - 1, sum: sum + more + child });
        return sum + child;
      },
    );
    const lab = new Lab([w, double]);
    const runId = await lab.start(w, { left: 3, sum: 0 });
    expect(await lab.result(runId)).toBe(1 + 6 + 2 + 4 + 3 + 2 + 0);
    expect(keys).toEqual(["", "##2", "##3", "##4"].map((generation) => `${runId}/more${generation}`));
    const entries = await lab.entries(runId);
    expect(entries.filter((entry) => "id" in entry && entry.id === "more")).toHaveLength(4);
    await checkInvariants(lab, runId);
  });

  it.skipIf(unlessQuick("it goes on for thousands of requests"))(
    "resumes its thousandth generation like the first",
    async () => {
      const w = workflow("w", async (ctx, n) => {
        await ctx.sleep("s", "1 minute");
        await ctx.step("a", () => null);
        if ((n as number) < 1_000) await ctx.continueAsNew((n as number) + 1);
        return n;
      });
      const lab = new Lab([w]);
      const loaded = countLoads(lab);
      const runId = await lab.start(w, 1);
      expect(await lab.result(runId)).toBe(1_000);
      expect(Math.max(...loaded.slice(0, -1))).toBeLessThan(8);
      expect(loaded.pop()).toBe(4 * 1_000);
    },
  );

  it("ends its code as a return does", async () => {
    const undone: string[] = [];
    const after: string[] = [];
    const w = workflow("w", async (ctx, n) => {
      if (n === 2) throw new TerminalError("the second");
      await ctx.step("book", () => null, { compensate: () => undone.push("book") });
      void ctx.waitForSignal("never");
      await ctx.startChild("told", sleeper, 90, { onParentClose: "cancel" });
      await ctx.startChild("left", sleeper, 20);
      await ctx.startChild("awaited", sleeper, 30, { onParentClose: "wait" });
      void ctx.publish("last words");
      try {
        await ctx.continueAsNew(2);
      } finally {
        after.push("never");
      }
    });
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w, 1);
    await lab.pass(29 * DAY_MS);
    expect((await lab.run(runId)).status).toBe("suspended");
    await expect(lab.result(runId)).rejects.toThrow("the second");
    await lab.pass(DAY_MS);
    const { runs } = await lab.store.index.list({ workflows: ["sleeper"], limit: 9 });
    expect(runs.map(({ status }) => status).toSorted()).toEqual(["cancelled", "succeeded", "succeeded"]);
    expect(undone).toEqual([]);
    expect(after).toEqual([]);
    expect((await lab.entries(runId)).map(({ type }) => type)).toContain("state.published");
  });

  it("is checked at its door, like a start", async () => {
    const input = v.object({
      n: v.pipe(
        v.number(),
        v.transform((n) => n + 1),
        v.maxValue(2),
      ),
    });
    const told: string[] = [];
    const w = workflow("w", { input }, async (ctx, { n }): Promise<unknown> => {
      const bad = await ctx.continueAsNew({ n: (() => 1) as never }).catch((error: Error) => error.message);
      await ctx.step("told", () => told.push(String(bad)));
      return await ctx.continueAsNew({ n });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, { n: 0 });
    await expect(lab.result(runId)).rejects.toThrow("E_INVALID_INPUT");
    expect(told).toHaveLength(2);
    expect(told[0]).toContain("E_NOT_SERIALIZABLE");
  });

  it("goes on with the newest code, whatever the one before did", async () => {
    const w = (name: string) =>
      workflow("w", async (ctx, n) => {
        await ctx.sleep(`sleep ${name}`, "1 day");
        const version = ctx.version("change", { from: 0, to: name.length });
        if ((n as number) < 3) await ctx.continueAsNew((n as number) + 1);
        return [name, version];
      });
    const lab = new Lab([w("a")]);
    const runId = await lab.start("w", 1);
    await lab.pass(0.5 * DAY_MS);
    await lab.pass(DAY_MS);
    // Its second generation has begun: that one still is the old code's.
    lab.deploy(
      workflow("w", async (ctx, n) => {
        if (n === 2) {
          await ctx.sleep("sleep a", "1 day");
          return await ctx.continueAsNew(3);
        }
        return ["b", n, ctx.version("change", { from: 0, to: 7 })];
      }),
    );
    expect(await lab.result(runId)).toEqual(["b", 3, 7]);
  });

  it("does so from inside a scope or a turn, too", async () => {
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      if (n === 3) return n;
      return await ctx.loop("l", 0, async (c, turn) => {
        await c.sleep("s", "1 day");
        if (turn === 2) await c.scope("deep", async (d) => d.continueAsNew((n as number) + 1));
        return { next: turn + 1 };
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    expect(await lab.result(runId)).toBe(3);
    await checkInvariants(lab, runId);
  });

  it("does not when it was cancelled", async () => {
    const w = workflow("w", async (ctx): Promise<unknown> => {
      await ctx.sleep("s", "1 day").catch(() => {});
      return await ctx.continueAsNew(null);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(1.5 * DAY_MS);
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("does not begin anew");
    expect((await lab.run(runId)).status).toBe("cancelled");
    const waiting = workflow("w", async (ctx) => {
      await ctx.startChild("c", sleeper, 30, { onParentClose: "wait" });
      await ctx.continueAsNew(null);
    });
    const other = new Lab([waiting, sleeper]);
    const second = await other.start(waiting);
    await other.pass(DAY_MS);
    await cancelRun(other.engine, { runId: second });
    await expect(other.result(second)).rejects.toThrow("before it began anew");
  });

  it.each([
    ["returns", (): unknown => "too early"],
    [
      "throws",
      () => {
        throw new TerminalError("too early");
      },
    ],
    [
      "calls for more",
      async (ctx: Context) => {
        for (let i = 0; i < 20; i += 1) await Promise.resolve();
        await ctx.sleep("never", "1 day");
      },
    ],
  ] as const)("does so also when its code %s instead of waiting for it", async (_, meanwhile) => {
    const undone: string[] = [];
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      if (n === 2) return "the second";
      await ctx.step("book", () => null, { compensate: () => undone.push("book") });
      await ctx.startChild("awaited", sleeper, 2, { onParentClose: "wait" });
      void ctx.continueAsNew(2);
      return await meanwhile(ctx);
    });
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w, 1);
    expect(await lab.result(runId)).toBe("the second");
    const types = (await lab.entries(runId)).map(({ type }) => type);
    const ends = ["child.succeeded", "run.continued", "run.succeeded"];
    expect(types).toEqual(["step.succeeded", "child.started", ...ends]);
    expect(undone).toEqual([]);
  });

  it("does not when it was about to and was cancelled in that moment: it cleans up, and ends", async () => {
    const tidied: string[] = [];
    const w = workflow("w", async (ctx): Promise<unknown> => {
      await ctx.step("begin", () => null);
      await ctx.waitForSignal("go");
      try {
        return await ctx.continueAsNew(null);
      } catch (error) {
        await ctx.step("tidy", () => tidied.push("tidy"));
        throw error;
      }
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await lab.signal(runId, "go");
    await cancelRun(lab.engine, { runId });
    await lab.pass(DAY_MS);
    expect((await lab.run(runId)).status).toBe("cancelled");
    expect(tidied).toEqual(["tidy"]);
  });

  it("has the time its first generation had, and not a moment more", async () => {
    const w = workflow("w", { timeout: "10 days" }, async (ctx): Promise<unknown> => {
      await ctx.sleep("s", "3 days");
      return await ctx.continueAsNew(null);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow();
    const { status, closedAt = 0, createdAt } = await lab.run(runId);
    expect(status).toBe("timed_out");
    expect(closedAt - createdAt).toBeLessThan(10.1 * DAY_MS);
  });

  it("tells who completes a callback of a generation that has ended that it is over", async () => {
    const tokens: string[] = [];
    const w = workflow("w", async (ctx, n) => {
      const given = ctx.waitForCallback("c", (token) => {
        tokens.push(token);
      });
      await Promise.race([given, ctx.sleep("s", "1 day")]);
      if (n === 1) await ctx.continueAsNew(2);
      return await given;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await lab.pass(2.5 * DAY_MS);
    const [old = "", young = ""] = tokens;
    await expect(completeCallback(lab.engine, old, { ok: true, value: 1 })).rejects.toThrow(
      "E_CALLBACK_CLOSED",
    );
    await completeCallback(lab.engine, young, { ok: true, value: 2 });
    expect(await lab.result(runId)).toBe(2);
  });

  it("is retried from the generation it failed in, and forked after any entry", async () => {
    const mood = { fails: true };
    const keys: string[] = [];
    const w = workflow("w", async (ctx, n) => {
      await ctx.step("do", ({ idempotencyKey }) => keys.push(idempotencyKey));
      await ctx.sleep("s", "1 day");
      if ((n as number) < 3) await ctx.continueAsNew((n as number) + 1);
      if (mood.fails)
        await ctx.step("risk", () => {
          throw new TerminalError("no luck");
        });
      return n;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await expect(lab.result(runId)).rejects.toThrow("no luck");
    mood.fails = false;
    const again = await retryRun(lab.engine, { runId });
    expect(await lab.result(again.runId)).toBe(3);
    expect(keys).toEqual(["", "##2", "##3"].map((generation) => `${runId}/do${generation}`));
    const named = await retryRun(lab.engine, { runId, from: "do" });
    expect(await lab.result(named.runId)).toBe(3);
    expect(keys.slice(3)).toEqual([`${runId}/do##3`]);
    const { length } = await lab.entries(again.runId);
    for (let after = 0; after < length; after += 1) {
      const fork = await forkRun(lab.engine, { runId: again.runId, after });
      expect(await lab.result(fork.runId), `after ${after}`).toBe(3);
      await checkInvariants(lab, fork.runId);
    }
    const other = forkRun(lab.engine, { runId, after: length - 1, input: { value: 5 } });
    await expect(other).rejects.toThrow("E_BAD_OPTION");
  });

  it("begins anew once, whatever comes between its new beginning and its leaving", async () => {
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      try {
        await ctx.step("do", () => n);
        if (n === 1) await ctx.continueAsNew(2);
        return await ctx.waitForSignal("item");
      } finally {
        await ctx.step("clean up", () => n);
      }
    });
    const comes = async (act: (lab: Lab, runId: string) => Promise<unknown>) => {
      const lab = new Lab([w]);
      let hasBegun = false;
      lab.watch = async ({ method, args: [first, second] }): Promise<Fate> => {
        hasBegun ||= method === "append" && JSON.stringify(second).includes("run.continued");
        if (!hasBegun || method !== "suspend") return "go on";
        lab.watch = undefined;
        await act(lab, (first as { runId: string }).runId);
        return "go on";
      };
      const runId = await lab.start(w, 1);
      const result = await lab.result(runId).catch((error: Error) => error.message);
      const types = (await lab.entries(runId)).map(
        (entry) => `${entry.type} ${"id" in entry ? entry.id : ""}`,
      );
      await checkInvariants(lab, runId);
      return { result, types };
    };
    const signalled = await comes(async (lab, runId) => await lab.signal(runId, "item", "now", "key"));
    expect(signalled.result).toBe("now");
    expect(signalled.types.filter((type) => type.startsWith("run.continued"))).toHaveLength(1);
    const cancelled = await comes(async (lab, runId) => await cancelRun(lab.engine, { runId }));
    expect(cancelled.result).toContain("was cancelled");
    expect(cancelled.types.filter((type) => type === "step.succeeded clean up")).toHaveLength(1);
  });

  it("and failed gives the step that is done again its whole time when it is retried, however late", async () => {
    const state = { isBroken: true };
    const w = workflow("w", async (ctx, input): Promise<unknown> => {
      if (input === 1) return await ctx.continueAsNew(2);
      const pay = () => {
        if (state.isBroken) throw new TerminalError("no");
        return "paid";
      };
      return await ctx.step("pay", pay, { totalTimeout: "1 hour" });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await expect(lab.result(runId)).rejects.toThrow("no");
    await lab.pass(3 * 3_600_000);
    state.isBroken = false;
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe("paid");
    await checkInvariants(lab, retried.runId);
  });

  it("loses and doubles nothing, wherever a process dies", async () => {
    await everyCrash(async (watch, where) => {
      const w = workflow("w", async (ctx, given): Promise<unknown> => {
        const seen = given as readonly unknown[];
        const item = await ctx.waitForSignal("item");
        const child = await ctx.runChild("double", double, seen.length);
        await ctx.step("ship", () => null, { on: "shipping" });
        await ctx.sleep("s", "1 hour");
        const more = [...seen, item, child];
        return seen.length === 4 ? more : await ctx.continueAsNew(more);
      });
      const lab = new Lab([w, double]);
      lab.watch = watch;
      const runId = await lab.start(w, []);
      // All but the last twice.
      for (const key of ["k0", "k1", "k2"]) await lab.signal(runId, "item", key, key);
      await lab.pass(90 * 60_000);
      for (const key of ["k0", "k1"]) await lab.signal(runId, "item", key, key).catch(() => {});
      expect(await lab.result(runId), where).toEqual(["k0", 0, "k1", 4, "k2", 8]);
      await lab.pass(2 * 3_600_000);
      await checkInvariants(lab, runId);
    });
  });
});
