// Undoing while a loop is under way: replay leaves turns out that have ended, so a turn ends only when nothing of it is being
// undone, and who undoes by hand beside a loop leaves its present turn alone.
import { describe, expect, it } from "vitest";
import type { Context } from "../../lib/sdk/context.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

const HOUR_MS = 3_600_000;

/** Something that takes an hour to undo. */
async function book(ctx: Context, log: string[]): Promise<void> {
  await ctx.step("book", () => "seat", {
    compensate: {
      undo: (_, step) => {
        log.push(step.idempotencyKey.split("/").slice(1).join("/"));
        if (step.attempt === 1) throw new Error("closed for an hour");
      },
      retry: { initial: HOUR_MS, max: HOUR_MS, jitter: 0 },
    },
  });
}

/** Books in each turn. A turn may last until somebody lets it go. */
async function bookings(ctx: Context, log: string[]): Promise<unknown> {
  return await ctx.loop("l", 0, async (c, n, turn) => {
    await book(c, log);
    if (turn === 0) await c.waitForSignal("go");
    else await c.sleep("rest", "10 minutes");
    return n === 3 ? { done: n } : { next: n + 1 };
  });
}

function refuse(): never {
  throw new TerminalError("sold out");
}

describe("undoing beside a loop", () => {
  it("is what happens to a turn that is under way when the run fails: it goes on, and does not end", async () => {
    await everyCrash(async (watch, where) => {
      const log: string[] = [];
      const w = workflow("w", async (ctx) => {
        const fails = ctx.waitForSignal("go").then(async () => ctx.step("other", refuse));
        await Promise.all([bookings(ctx, log), fails]);
      });
      const lab = new Lab([w]);
      lab.watch = watch;
      const runId = await lab.start(w);
      await lab.settle();
      await lab.signal(runId, "go", 1, "1");
      await lab.signal(runId, "go", 2, "2");
      await expect(lab.result(runId), where).rejects.toThrow("sold out");
      const entries = await lab.entries(runId);
      const failed = entries.findIndex(({ type }) => type === "step.failed");
      const turned = entries.flatMap(({ type }, at) => (type === "loop.turned" ? [at] : []));
      expect(Math.max(-1, ...turned), where).toBeLessThan(failed);
      const last = entries.at(-1);
      expect(last && "undone" in last && last.undone, where).toEqual([
        { id: `l/${turned.length}/book`, ok: true },
      ]);
      await checkInvariants(lab, runId);
    });
  });

  it("by hand leaves the turn alone", async () => {
    await everyCrash(async (watch, where) => {
      const log: string[] = [];
      const w = workflow("w", async (ctx) => {
        await book(ctx, log);
        const loop = bookings(ctx, log);
        await ctx.waitForSignal("back");
        const undone = await ctx.compensations.run();
        return [undone, await loop];
      });
      const lab = new Lab([w]);
      lab.watch = watch;
      const runId = await lab.start(w);
      await lab.settle();
      await lab.signal(runId, "back");
      await lab.settle();
      await lab.signal(runId, "go");
      expect(await lab.result(runId), where).toEqual([[{ id: "book", ok: true }], 3]);
      expect(new Set(log), where).toEqual(new Set(["book#undo"]));
    });
  });

  it("by hand takes what a loop that has failed had under way", async () => {
    const log: string[] = [];
    const w = workflow("w", async (ctx) => {
      const loop = ctx.loop("l", 0, async (c) => {
        await book(c, log);
        return await c.step("refused", refuse);
      });
      await loop.catch(() => {});
      return await ctx.compensations.run();
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toEqual([{ id: "l/0/book", ok: true }]);
  });

  it("in a turn has ended when the turn has, also where nobody waits for it", async () => {
    await everyCrash(async (watch, where) => {
      const log: string[] = [];
      const w = workflow("w", async (ctx) =>
        ctx.loop("l", 0, async (c, n) => {
          await book(c, log);
          void c.compensations.run();
          if (n === 1) return { done: n };
          return { next: n + 1 };
        }),
      );
      const lab = new Lab([w]);
      lab.watch = watch;
      const runId = await lab.start(w);
      expect(await lab.result(runId), where).toBe(1);
      const types = (await lab.entries(runId)).map(
        (entry) => `${entry.type} ${"id" in entry ? entry.id : ""}`,
      );
      const undone = types.indexOf("step.succeeded l/0/book#undo");
      expect(undone, where).toBeGreaterThan(0);
      expect(types.indexOf("loop.turned l"), where).toBeGreaterThan(undone);
    });
  });
});
