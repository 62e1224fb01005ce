// Compensations: what has succeeded is undone when the run fails, is cancelled or runs out of time.
import { describe, expect, it } from "vitest";
import { cancelRun } from "../../lib/engine/index.ts";
import type { TerminalEntry } from "../../lib/ports/journal.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { crashPoints } from "./crash-points.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { unlessQuick } from "./modes.ts";

async function undoneOf(lab: Lab, runId: string) {
  const last = (await lab.entries(runId)).at(-1) as TerminalEntry;
  return "undone" in last ? last.undone : undefined;
}

/** Books two things, then does `then`. */
function trip(log: string[], then: (ctx: Context) => Promise<unknown>) {
  return workflow("trip", async (ctx) => {
    for (const what of ["flight", "hotel"]) {
      await ctx.step(what, () => `${what} 7`, {
        compensate: (booked, s) => {
          log.push(`undo ${booked} with ${s.idempotencyKey.split("/").at(-1)}`);
        },
      });
    }
    return await then(ctx);
  });
}

describe("compensations", () => {
  it("run in reverse when the run fails, as steps of their own, and are reported", async () => {
    const log: string[] = [];
    const w = trip(log, async (ctx) =>
      ctx.step(
        "car",
        () => {
          throw new TerminalError("no cars");
        },
        { compensate: () => log.push("undo car") },
      ),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("no cars");
    expect(log).toEqual(["undo hotel 7 with hotel#undo", "undo flight 7 with flight#undo"]);
    expect(await undoneOf(lab, runId)).toEqual([
      { id: "hotel", ok: true },
      { id: "flight", ok: true },
    ]);
    await checkInvariants(lab, runId);
  });

  it("run when the run is cancelled", async () => {
    const log: string[] = [];
    const w = trip(log, async (ctx) => ctx.sleep("wait", "30 days"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("cancelled");
    expect(log).toHaveLength(2);
    expect((await lab.run(runId)).status).toBe("cancelled");
  });

  it("run when the run's time is up, whatever its code would do", async () => {
    const log: string[] = [];
    const w = workflow("slow", { timeout: "1 hour" }, async (ctx) => {
      await ctx.step("book", () => 1, { compensate: () => log.push("undone") });
      await ctx.sleep("wait", "30 days").catch(() => {});
      log.push("the code goes on");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("deadline");
    expect(log).toEqual(["undone"]);
    expect(await undoneOf(lab, runId)).toEqual([{ id: "book", ok: true }]);
    expect((await lab.run(runId)).status).toBe("timed_out");
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "run to their end when the run's time is up meanwhile",
    async () => {
      const log: string[] = [];
      const w = workflow("slow", { timeout: "1 hour" }, async (ctx) => {
        for (const id of ["a", "b"]) {
          await ctx.step(id, () => 1, {
            compensate: async () => {
              log.push(`undo ${id}`);
              await lab.clock.sleep(45 * 60_000);
            },
          });
        }
        throw new Error("the end");
      });
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("the end");
      expect(log).toEqual(["undo b", "undo a"]);
      expect(await undoneOf(lab, runId)).toEqual([
        { id: "b", ok: true },
        { id: "a", ok: true },
      ]);
    },
  );

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "run to the end of the last one when the run's time is up meanwhile, and the code goes no further",
    async () => {
      const log: string[] = [];
      const w = workflow("slow", { timeout: "1 hour" }, async (ctx) => {
        await ctx.step("a", () => 1, { compensate: async () => lab.clock.sleep(2 * 3_600_000) });
        await ctx.compensations.run();
        await ctx.step("next", () => log.push("next"));
      });
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("deadline");
      expect(await undoneOf(lab, runId)).toEqual([{ id: "a", ok: true }]);
      expect(log).toEqual([]);
      expect((await lab.run(runId)).status).toBe("timed_out");
    },
  );

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "are the last that a run does whose time is up, however long it waits for its children",
    async () => {
      const log: string[] = [];
      const child = workflow("child", async (ctx) => ctx.sleep("long", "1 day"));
      const w = workflow("slow", { timeout: "1 hour" }, async (ctx) => {
        await ctx.startChild("c", child, null, { onParentClose: "wait" });
        await ctx.step("a", () => 1, { compensate: async () => lab.clock.sleep(2 * 3_600_000) });
        await ctx.compensations.run();
        await ctx.step("next", () => log.push("next"));
      });
      const lab = new Lab([w, child]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("deadline");
      expect(await undoneOf(lab, runId)).toEqual([{ id: "a", ok: true }]);
      expect(log).toEqual([]);
    },
  );

  it("leave no success to a run that has returned and whose time is up while it waits for a child", async () => {
    const log: string[] = [];
    const long = workflow("long", async (ctx) => await ctx.sleep("s", "3 hours"));
    const w = workflow("slow", { timeout: "1 hour" }, async (ctx) => {
      await ctx.step("a", () => 1, { compensate: () => log.push("undo a") });
      await ctx.startChild("c", long, undefined, { onParentClose: "wait" });
      return "done";
    });
    const lab = new Lab([w, long]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow();
    expect((await lab.run(runId)).status).toBe("timed_out");
    expect(log).toEqual(["undo a"]);
    expect(await undoneOf(lab, runId)).toEqual([{ id: "a", ok: true }]);
    await checkInvariants(lab, runId);
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "run also for what succeeded while a run that has failed waited for its children",
    async () => {
      const log: string[] = [];
      const child = workflow("child", async (ctx) => ctx.sleep("long", "1 day"));
      const w = workflow("w", async (ctx) => {
        await ctx.startChild("c", child, null, { onParentClose: "wait" });
        void ctx.step("late", async () => lab.clock.sleep(3_600_000), {
          compensate: () => log.push("undo late"),
        });
        await ctx.step("soon", async () => lab.clock.sleep(1_000));
        throw new Error("the end");
      });
      const lab: Lab = new Lab([w, child]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("the end");
      expect(log).toEqual(["undo late"]);
      expect(await undoneOf(lab, runId)).toEqual([{ id: "late", ok: true }]);
    },
  );

  it("go on when the run is cancelled meanwhile", async () => {
    const log: string[] = [];
    const w = workflow("w", async (ctx) => {
      for (const id of ["a", "b"]) {
        await ctx.step(id, () => 1, {
          compensate: async () => {
            await lab.clock.sleep(60_000);
            log.push(`undo ${id}`);
          },
        });
      }
      throw new Error("the end");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(10_000);
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow("the end");
    expect(log).toEqual(["undo b", "undo a"]);
    expect(await undoneOf(lab, runId)).toEqual([
      { id: "b", ok: true },
      { id: "a", ok: true },
    ]);
  });

  it.each([true, false])(
    "run also for what was given up and succeeded nevertheless (something follows: %s)",
    async (follows) => {
      const log: string[] = [];
      const w = workflow("w", async (ctx) => {
        const body = async () => lab.clock.sleep(10_000);
        const quick = ctx.step("quick", body);
        const slow = ctx.step("slow", body, { compensate: () => log.push("undo slow") });
        await quick;
        slow.cancel();
        if (follows) await ctx.step("follows", () => 1);
        throw new Error("the end");
      });
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("the end");
      // Both results came in one moment: the second was recorded, although the code had looked away by then.
      expect((await lab.entries(runId)).map((entry) => "id" in entry && entry.id)).toContain("slow");
      expect(log).toEqual(["undo slow"]);
      expect(await undoneOf(lab, runId)).toEqual([{ id: "slow", ok: true }]);
    },
  );

  it("run also for a step whose success is recorded together with what ends the run", async () => {
    const log: string[] = [];
    const w = workflow("w", async (ctx) =>
      Promise.all([
        ctx.step("fails", () => {
          throw new TerminalError("the end");
        }),
        ctx.step(
          "book",
          async () => {
            // The end of the other is at hand, and not yet recorded.
            for (let i = 0; i < 50; i += 1) await Promise.resolve();
          },
          { compensate: () => log.push("undone") },
        ),
      ]),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("the end");
    const ids = (await lab.entries(runId)).map((entry) => "id" in entry && entry.id);
    expect(ids).toEqual(["fails", "book", "book#undo", false]);
    expect(log).toEqual(["undone"]);
    expect(await undoneOf(lab, runId)).toEqual([{ id: "book", ok: true }]);
    await checkInvariants(lab, runId);
  });

  it("do not run when the run succeeds", async () => {
    const log: string[] = [];
    const w = trip(log, async () => "there");
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("there");
    expect(log).toEqual([]);
  });

  it("are retried, and one that cannot be undone does not keep the others from it", async () => {
    const log: string[] = [];
    let tries = 0;
    const w = workflow("w", async (ctx) => {
      await ctx.step("a", () => 1, {
        compensate: () => {
          tries += 1;
          if (tries < 3) throw new Error("not yet");
          log.push("a");
        },
      });
      await ctx.step("b", () => 1, {
        compensate: {
          undo: () => {
            throw new Error("never");
          },
          retry: { maxAttempts: 2 },
        },
      });
      throw new Error("the end");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("the end");
    expect(log).toEqual(["a"]);
    const undone = await undoneOf(lab, runId);
    expect(undone?.[0]).toMatchObject({ id: "b", ok: false });
    expect(undone?.[0]?.error).toContain("at attempt 2: Error: never");
    expect(undone?.[1]).toEqual({ id: "a", ok: true });
  });

  it("are not repeated by a crash once they are recorded", async () => {
    for (const crash of crashPoints(59)) {
      const counts = new Map<string, number>();
      const recorded = new Map<string, number>();
      const w = workflow("w", async (ctx) => {
        for (const id of ["a", "b"]) {
          await ctx.step(id, () => 1, {
            compensate: () => counts.set(id, (counts.get(id) ?? 0) + 1),
          });
        }
        throw new Error("the end");
      });
      const lab = new Lab([w]);
      lab.watch = ({ count, method, args }) => {
        if (method === "append") recorded.set(JSON.stringify(args), count);
        return count === crash ? (crash % 2 === 0 ? "die before" : "die after") : "go on";
      };
      const runId = await lab.start(w);
      await expect(lab.result(runId)).rejects.toThrow("the end");
      expect(await undoneOf(lab, runId)).toEqual([
        { id: "b", ok: true },
        { id: "a", ok: true },
      ]);
      expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
      expect([...counts.values()].reduce((a, b) => a + b)).toBeLessThanOrEqual(3);
    }
  });

  it("are reported once each when other code runs them by hand while the failed run does", async () => {
    const w = workflow("trip", async (ctx) => {
      ctx.compensations.add("hotel", ({ attempt }) => {
        if (attempt === 1) throw new Error("nobody answers");
      });
      void (async () => {
        await ctx.sleep("beside", "1ms");
        await ctx.compensations.run();
      })();
      throw new TerminalError("no cars");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("no cars");
    expect(await undoneOf(lab, runId)).toEqual([{ id: "hotel", ok: true }]);
    await checkInvariants(lab, runId);
  });

  it("can be run, added to and forgotten by hand", async () => {
    const log: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.step("a", () => 1, { compensate: () => log.push("undo a") });
      ctx.compensations.add("b", () => log.push("undo b"));
      const undone = await ctx.compensations.run();
      await ctx.step("c", () => 1, { compensate: () => log.push("undo c") });
      ctx.compensations.forget();
      await ctx.step("fails", () => {
        throw new TerminalError(JSON.stringify(undone));
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow('[{"id":"b","ok":true},{"id":"a","ok":true}]');
    expect(log).toEqual(["undo b", "undo a"]);
  });
});
