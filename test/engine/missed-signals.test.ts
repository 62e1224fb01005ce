// A signal that was recorded for a call which the code gave up in the same moment: nobody has taken it, and it waits for the
// next who asks, whatever turn or generation that is and however little of the journal is read by then.
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { type Fate, Lab } from "./lab.ts";

const HOUR_MS = 3_600_000;

/** Two wait for an item, one gets it: of two items that are there at once, the second is given to nobody. */
async function race(ctx: Context): Promise<unknown> {
  const rivals = ["one", "two"].map((name) => ctx.scope(name, async (s) => s.waitForSignal("item")));
  const item = await Promise.race(rivals);
  for (const rival of rivals) rival.cancel("too late");
  await Promise.allSettled(rivals);
  return item;
}

/** Dies just after each of these types of entries was appended for the first time. */
function diesAfter(lab: Lab, ...types: readonly string[]): void {
  const due = new Set(types);
  lab.watch = ({ method, args }): Fate => {
    if (method !== "append") return "go on";
    const { entries } = args[1] as Checkpoint;
    return entries.some(({ type }) => due.delete(type)) ? "die after" : "go on";
  };
}

async function started(lab: Lab, workflow: string, ...items: readonly string[]): Promise<string> {
  const runId = await lab.start(workflow);
  for (const item of items) await lab.signal(runId, "item", item, item);
  await lab.settle();
  return runId;
}

describe("a signal that nobody was given", () => {
  it("is taken once when somebody asks for it in the same turn, and not again in the next", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", [] as readonly unknown[], async (c, seen, turn) => {
        if (turn === 1) return { done: [...seen, await c.waitForSignal("item")] };
        await c.sleep("rest", "1 hour");
        return { next: [await race(c), await c.waitForSignal("item")] };
      }),
    );
    const lab = new Lab([w]);
    const runId = await started(lab, "w", "a", "b");
    await lab.pass(2 * HOUR_MS);
    await lab.signal(runId, "item", "c", "c");
    expect(await lab.result(runId)).toEqual(["a", "b", "c"]);
  });

  it("is not lost when the turn that names it is itself left out", async () => {
    const w = workflow("w", async (ctx) => {
      const beside = ctx.step("beside", async () => null, { on: "shipping" });
      const seen = await ctx.loop("l", [] as readonly unknown[], async (c, before, turn) => {
        if (turn === 0) {
          const item = await race(c);
          // Recorded after the signals, and of no turn: what is left out begins behind it.
          await beside;
          return { next: [item] };
        }
        await c.sleep("rest", "1 hour");
        return turn < 4 ? { next: before } : { done: [...before, await c.waitForSignal("item")] };
      });
      return seen;
    });
    const lab = new Lab([w]);
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    lab.watch = async ({ method }): Promise<Fate> => {
      if (method === "claimStep") await answered;
      return "go on";
    };
    const runId = await started(lab, "w", "a", "b");
    answer();
    await lab.pass(6 * HOUR_MS);
    expect(await lab.result(runId)).toEqual(["a", "b"]);
  });

  it("is not lost when another loop ends a turn before that of the call", async () => {
    const w = workflow("w", async (ctx) => {
      const ticks = ctx.loop("ticks", 0, async (c, n) => {
        await c.waitForSignal("tick");
        return n === 3 ? { done: n } : { next: n + 1 };
      });
      const items = ctx.loop("items", [] as readonly unknown[], async (c, seen, turn) => {
        if (turn === 1) return { done: [...seen, await c.waitForSignal("item")] };
        const item = await race(c);
        await c.waitForSignal("go");
        return { next: [item] };
      });
      return (await Promise.all([ticks, items]))[1];
    });
    const lab = new Lab([w]);
    const runId = await started(lab, "w", "a", "b");
    for (let tick = 0; tick < 4; tick += 1) {
      await lab.signal(runId, "tick");
      await lab.settle();
    }
    await lab.signal(runId, "go");
    expect(await lab.result(runId)).toEqual(["a", "b"]);
    const naming = (await lab.entries(runId)).filter((entry) => "untaken" in entry);
    expect(naming).toMatchObject([{ type: "loop.turned", id: "items", turn: 1 }]);
  });

  it("twice, by two loops, is not lost when the first of them ends its turn", async () => {
    const w = workflow("w", async (ctx) => {
      const miss = async (c: Context, loop: string) =>
        c.loop(loop, 0, async (inner, turn) => {
          if (turn === 1) return { done: null };
          const go = inner.waitForSignal(loop);
          const item = inner.waitForSignal("item");
          await go;
          item.cancel("too late");
          await item.catch(() => {});
          await inner.waitForSignal(`end ${loop}`);
          return { next: 1 };
        });
      const loops = [miss(ctx, "a"), ctx.sleep("later", "1 hour").then(() => miss(ctx, "b"))];
      await Promise.all(loops);
      return await ctx.waitForSignal("item");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (const name of ["a", "b", "item"]) await lab.signal(runId, name, name, name);
    await lab.pass(2 * HOUR_MS);
    const received = (await lab.entries(runId)).flatMap((entry) =>
      entry.type === "signal.received" ? [entry.id] : [],
    );
    expect(received).toEqual(["a/0/a", "a/0/item", "b/0/b", "b/0/item"]);
    for (const name of ["end a", "end b"]) {
      await lab.signal(runId, name);
      await lab.settle();
    }
    expect(await lab.result(runId)).toBe("item");
  });

  it.each([false, true])(
    "and that a turn has taken then is not given to the next generation (a crash: %s)",
    async (crash) => {
      const w = workflow("w", async (ctx, given): Promise<unknown> => {
        if (Array.isArray(given)) return [...given, await ctx.waitForSignal("item")];
        await ctx.sleep("rest", "1 hour");
        const first = await race(ctx);
        const second = await ctx.loop("l", [] as readonly unknown[], async (c, before, turn) =>
          turn === 0 ? { next: [await c.waitForSignal("item")] } : { done: before[0] },
        );
        return await ctx.continueAsNew([first, second]);
      });
      const lab = new Lab([w]);
      if (crash) diesAfter(lab, "loop.turned", "run.continued");
      const runId = await started(lab, "w", "a", "b");
      await lab.pass(2 * HOUR_MS);
      await lab.signal(runId, "item", "c", "c");
      expect(await lab.result(runId)).toEqual(["a", "b", "c"]);
    },
  );

  it("by a generation is there for the next", async () => {
    for (const crash of [false, true]) {
      const w = workflow("w", async (ctx, given): Promise<unknown> => {
        if (Array.isArray(given)) return [...given, await ctx.waitForSignal("item")];
        await ctx.sleep("rest", "1 hour");
        return await ctx.continueAsNew([await race(ctx)]);
      });
      const lab = new Lab([w]);
      if (crash) diesAfter(lab, "run.continued");
      const runId = await started(lab, "w", "a", "b");
      expect(await lab.result(runId), `crash: ${crash}`).toEqual(["a", "b"]);
    }
  });
});
