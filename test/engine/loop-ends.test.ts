// What ends with a loop, or with one of its turns, and when; and the time that the next one begins with.
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";

const DAY_MS = 86_400_000;
const sleeper = workflow("sleeper", async (ctx, days) => {
  await ctx.sleep("long", { days: days as number });
});

/** The clock of a former owner, which records the end of a sleep late, is ahead by five seconds. */
function aheadAtEndOf(lab: Lab, id: string): void {
  lab.watch = async ({ port, method, args }): Promise<Fate> => {
    const [runId, checkpoint] = args as [string, Checkpoint];
    if (port !== "journal" || method !== "append") return "go on";
    const entry = checkpoint.entries.find((each) => each.type === "sleep.finished" && each.id === id);
    if (entry === undefined) return "go on";
    lab.watch = undefined;
    const entries = [{ ...entry, at: entry.at + 5_000 }];
    await lab.store.journal.append(runId, { ...checkpoint, entries, fence: 0, mark: "former" });
    return "go on";
  };
}

describe("a loop", () => {
  it("that is cancelled in the moment in which its turn ends begins no other", async () => {
    const begun = new Set<number>();
    const w = workflow("w", async (ctx) => {
      const loop = ctx.loop("l", 0, async (c, n) => {
        begun.add(n);
        await c.sleep("s", "1 hour");
        return { next: n + 1 };
      });
      await ctx.sleep("nap", "1 hour");
      loop.cancel("enough");
      return await loop.catch((error: Error) => error.message);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toContain("enough");
    expect([...begun]).toEqual([0]);
    await checkInvariants(lab, runId);
  });

  it("that cleans up goes on when the scope around it is cancelled once more, also after a resume", async () => {
    const begun = new Set<number>();
    const w = workflow("w", async (ctx) => {
      const piece = ctx.scope("piece", async (scope) => {
        try {
          await scope.sleep("long", "1 day");
        } finally {
          await scope.loop("tidy", 0, async (c, n) => {
            begun.add(n);
            await c.sleep("s", "1 hour").catch(() => {});
            return n === 5 ? { done: n } : { next: n + 1 };
          });
        }
      });
      await ctx.sleep("a while", "30 minutes");
      piece.cancel();
      await ctx.sleep("more", "90 minutes");
      piece.cancel();
      return await piece.catch((error: Error) => error.name);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("CancelledError");
    expect([...begun]).toEqual([0, 1, 2, 3, 4, 5]);
    await checkInvariants(lab, runId);
  });
});

describe("the end of a turn", () => {
  it("ends what went on while its children were waited for", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        if (n > 0) {
          await c.sleep("s", "30 days");
          return { done: n };
        }
        void (async () => {
          await c.runChild("child", sleeper, 2, { onParentClose: "wait" });
          await c.sleep("late", "10 days");
        })();
        return { next: 1 };
      }),
    );
    const lab = new Lab([w, sleeper]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(1);
    const ids = (await lab.entries(runId)).flatMap((entry) => ("id" in entry ? [entry.id] : []));
    expect(ids).not.toContain("l/0/late");
    await checkInvariants(lab, runId);
  });

  it("leaves the children of others alone", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.startChild("beside", sleeper, 9, { onParentClose: "cancel" });
      await ctx.loop("l", 0, async (c, n) => {
        await c.sleep("s", "1 day");
        return n === 3 ? { done: n } : { next: n + 1 };
      });
      await ctx.sleep("after", "20 days");
    });
    const lab = new Lab([w, sleeper]);
    await lab.result(await lab.start(w));
    const { runs } = await lab.store.index.list({ workflows: ["sleeper"], limit: 9 });
    expect(runs.map(({ status }) => status)).toEqual(["succeeded"]);
  });

  it("lets time go on, whatever clock the entries before it were written by, and for every replay alike", async () => {
    const seen = new Set<number>();
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        if (n === 1) seen.add(c.now().getTime());
        await c.sleep("s", n === 0 ? "1 minute" : "1 day");
        return n === 1 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    aheadAtEndOf(lab, "l/0/s");
    const runId = await lab.start(w);
    await lab.pass(DAY_MS / 2);
    await lab.signal(runId, "wake up");
    expect(await lab.result(runId)).toBe(1);
    expect([...seen]).toEqual([(await lab.run(runId)).createdAt + 65_000]);
  });
});

describe("a new beginning", () => {
  it("lets time go on, whatever clock the entries before it were written by", async () => {
    const w = workflow("w", async (ctx, given): Promise<unknown> => {
      if (given !== null) return [given, ctx.now().getTime()];
      await ctx.sleep("s", "1 minute");
      return await ctx.continueAsNew(ctx.now().getTime());
    });
    const lab = new Lab([w]);
    aheadAtEndOf(lab, "s");
    const runId = await lab.start(w, null);
    const late = (await lab.run(runId)).createdAt + 65_000;
    expect(await lab.result(runId)).toEqual([late, late]);
  });
});
