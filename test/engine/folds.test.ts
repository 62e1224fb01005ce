// Loops in loops, beside loops, around steps and waits, as chance draws them: whatever is folded, the run comes to its end.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Folds } from "../../lib/engine/folds.ts";
import { retryRun } from "../../lib/engine/index.ts";
import { MAX_FOLDS } from "../../lib/limits.ts";
import type { LoopTurned } from "../../lib/ports/journal.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { type Context, workflow } from "../../lib/sdk/index.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

type Part =
  | { readonly kind: "step" }
  | { readonly kind: "sleep" }
  | { readonly kind: "loop"; readonly turns: number; readonly body: readonly Part[] }
  | { readonly kind: "parallel"; readonly branches: readonly (readonly Part[])[] };

const parts = fc.letrec<{ parts: readonly Part[] }>((tie) => ({
  parts: fc.array(
    fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.record({ kind: fc.constant("step" as const) }),
      fc.record({ kind: fc.constant("sleep" as const) }),
      fc.record({
        kind: fc.constant("loop" as const),
        turns: fc.integer({ min: 1, max: 4 }),
        body: tie("parts"),
      }),
      fc.record({
        kind: fc.constant("parallel" as const),
        branches: fc.array(tie("parts"), { minLength: 1, maxLength: 3 }),
      }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
})).parts;

/** Steps that are done. */
async function play(ctx: Context, body: readonly Part[]): Promise<number> {
  let done = 0;
  for (const part of body) {
    if (part.kind === "step") done += await ctx.step("s", () => 1);
    else if (part.kind === "sleep") await ctx.sleep("z", "1 hour");
    else if (part.kind === "loop") {
      done += await ctx.loop("l", 0, async (c, before, turn) => {
        const sum = before + (await play(c, part.body));
        return turn === part.turns - 1 ? { done: sum } : { next: sum };
      });
    } else {
      const of = await ctx.parallel(
        "p",
        part.branches.map((branch) => async (c: Context) => await play(c, branch)),
      );
      done += of.reduce((sum, each) => sum + each, 0);
    }
  }
  return done;
}

function stepsOf(body: readonly Part[]): number {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return sum(
    body.map((part) => {
      if (part.kind === "loop") return part.turns * stepsOf(part.body);
      if (part.kind === "parallel") return sum(part.branches.map(stepsOf));
      return part.kind === "step" ? 1 : 0;
    }),
  );
}

describe("whatever loops there are", () => {
  it("each step is done once, and every fold is apart from the others", async () => {
    await fc.assert(
      fc.asyncProperty(parts, async (body) => {
        fc.pre(stepsOf(body) < 300);
        const w = workflow("w", async (ctx) => await play(ctx, body));
        const lab = new Lab([w], { settings: { inProcessWaitMs: 0 } });
        const runId = await lab.start(w);
        expect(await lab.result(runId)).toBe(stepsOf(body));
        const done = (await lab.entries(runId)).flatMap((entry) =>
          entry.type === "step.succeeded" ? [entry.id] : [],
        );
        expect(new Set(done).size).toBe(stepsOf(body));
        const { folds = [] } = await lab.run(runId);
        for (const [i, { from }] of folds.entries()) expect((folds[i - 1]?.to ?? -1) + 1).toBeLessThan(from);
        await checkInvariants(lab, runId);
      }),
      { numRuns: 60, interruptAfterTimeLimit: 60_000 },
    );
  });
});

describe("folds", () => {
  const turned = (turn: number, from: number): LoopTurned => ({
    type: "loop.turned",
    id: "l",
    turn,
    from,
    at: 0,
    value: { encoding: "json", text: "0" },
  });

  it("end where a checkpoint begins: a turn that shares one with other entries begins none (F3)", () => {
    const folds = new Folds();
    folds.turned(turned(1, 2), { seq: 6, isFirst: false });
    expect(folds.all).toEqual([]);
    folds.turned(turned(2, 2), { seq: 9, isFirst: true });
    expect(folds.all).toEqual([{ from: 2, to: 8 }]);
  });

  it("are the longest that there are, and no more than a resume can read around", () => {
    const folds = new Folds();
    const lengths = [3, 9, 1, 7, 2, 8, 6];
    let from = 1;
    const added = lengths.map((length) => {
      const fold = { from, to: from + length - 1 };
      from += length + 2;
      folds.add(fold);
      return fold;
    });
    const shortestKept = lengths.toSorted((a, b) => b - a)[MAX_FOLDS - 1] ?? 0;
    expect(folds.all).toHaveLength(MAX_FOLDS);
    expect(folds.all).toEqual(added.filter((_, i) => (lengths[i] ?? 0) >= shortestKept));
  });

  it("reach as far back in a run that takes the place of another: what it leaves out no turn counts from", async () => {
    let isBroken = true;
    const w = workflow("w", async (ctx) => {
      const answer = ctx.waitForCallback("asked", () => {}, { timeout: "30 days" });
      const sum = await ctx.loop("l", 0, async (c, before, turn) => {
        const more = before + (await c.step("add", () => turn));
        await c.sleep("rest", "1 hour");
        return turn === 3 ? { done: more } : { next: more };
      });
      await ctx.step("sell", () => {
        if (isBroken) throw new TerminalError("nobody buys");
      });
      await ctx.sleep("night", "8 hours");
      void answer;
      return sum;
    });
    const lab = new Lab([w], { settings: { inProcessWaitMs: 0 } });
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("nobody buys");
    isBroken = false;
    const retried = await retryRun(lab.engine, { runId });
    await lab.settle();
    const entries = await lab.entries(retried.runId);
    const turns = entries.flatMap((entry, i) =>
      entry.type === "loop.turned" ? [{ ...entry, seq: i + 1 }] : [],
    );
    const asked = (await lab.entries(runId)).findIndex(({ type }) => type === "callback.awaited");
    expect(asked, "it is in the way of the first run").toBeGreaterThanOrEqual(0);
    expect(turns.map(({ from }) => from)).toEqual([1, 1, 1]);
    expect((await lab.run(retried.runId)).folds).toEqual([{ from: 1, to: (turns.at(-1)?.seq ?? 0) - 1 }]);
    expect(await lab.result(retried.runId)).toBe(6);
  });
});
