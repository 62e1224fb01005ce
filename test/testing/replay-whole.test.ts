// Saved journals of runs that have begun anew, or gone through turns of a loop: what they leave out themselves when they go on
// is replayed, too.
import { type Context, workflow } from "perdure";
import { createTestEnvironment, replayAll, type SavedJournal } from "perdure/testing";
import { describe, expect, it } from "vitest";

const both = { from: 0, to: 1 };

interface Names {
  readonly first?: string;
  readonly later?: string;
  readonly after?: string;
  readonly ask?: (c: Context) => void;
}

/** Two generations of four turns each. */
const meter = ({ first = "bill", later = "read", after = "sum", ask }: Names = {}) =>
  workflow("meter", async (ctx, generation: unknown) => {
    await ctx.loop("hour", 0, async (c, turn) => {
      ask?.(c);
      if (turn === 1) await c.step(first, () => turn);
      await c.step(later, () => turn);
      await c.sleep("rest", "1 hour");
      return turn === 3 ? { done: turn } : { next: turn + 1 };
    });
    if (generation === 2) return "done";
    await ctx.step(after, () => null);
    return await ctx.continueAsNew(2);
  });

/** Saved after so many hours; later code takes over after others. */
async function saved(hours: number, later?: { readonly after: number; readonly code: Names }) {
  const environment = createTestEnvironment({ workflows: [meter()] });
  const run = await environment.start(meter(), 1);
  if (later !== undefined) {
    await environment.advance({ hours: later.after });
    environment.deploy(meter(later.code));
  }
  await environment.advance({ hours: hours - (later?.after ?? 0) });
  return await environment.exportJournal(run.runId);
}

const countIn = ({ checkpoints }: SavedJournal) => checkpoints.flatMap(({ entries }) => entries).length;

describe("a whole history", () => {
  it("is replayed, earlier turns and earlier beginnings included", async () => {
    const journal = await saved(6.5);
    expect(await replayAll([journal], [meter()])).toMatchObject({ entries: countIn(journal) });
  });

  it.each([
    ["in a turn before", 2.5, { first: "RENAMED" }, 'was step "hour/1/bill" \\(step.succeeded\\)'],
    ["in the first turn", 2.5, { later: "RENAMED" }, 'was step "hour/0/read"'],
    ["before the code began anew", 6.5, { after: "RENAMED" }, 'was step "sum"'],
    ["in a turn before the code began anew", 4.5, { first: "RENAMED" }, 'was step "hour/1/bill"'],
  ])("fails at a difference %s", async (_, hours, names, what) => {
    const journal = await saved(hours);
    await expect(replayAll([journal], [meter(names)])).rejects.toThrow(
      new RegExp(`E_NONDETERMINISM.*${what}`, "s"),
    );
  });

  it("fails at code that does not begin anew where it did", async () => {
    const code = (isEndless: boolean) =>
      workflow("w", async (ctx) => {
        await ctx.step("a", () => null);
        if (isEndless) await ctx.continueAsNew(null);
        await ctx.sleep("for long", "100 days");
      });
    const once = workflow("w", async (ctx, isSecond: unknown) => {
      await ctx.step("a", () => null);
      if (isSecond !== true) await ctx.continueAsNew(true);
      await ctx.sleep("for long", "100 days");
    });
    const environment = createTestEnvironment({ workflows: [once] });
    const run = await environment.start(once, false);
    await environment.settle();
    const journal = await environment.exportJournal(run.runId);
    expect(await replayAll([journal], [once])).toMatchObject({ journals: 1 });
    await expect(replayAll([journal], [code(false)])).rejects.toThrow(
      'was a new beginning (run.continued), the code now waits for sleep "for long"',
    );
  });

  it("is left out where only what runs still need is asked for, and then not counted", async () => {
    const journal = await saved(6.5);
    const needed = { history: "needed" } as const;
    const { entries } = await replayAll([journal], [meter({ first: "RENAMED", after: "RENAMED" })], needed);
    // The beginning of the turn, the step and the sleep.
    expect(entries).toBe(3);
    await expect(replayAll([journal], [meter({ later: "RENAMED" })], needed)).rejects.toThrow(
      "E_NONDETERMINISM",
    );
  });
});

describe("the branches of a loop", () => {
  const asks = (range = both) => ({ ask: (c: Context) => void c.version("change", range) });

  it("are told by the turn that is under way, and those that it has bound", async () => {
    // Deployed while turn 0 sleeps: all turns are on the oldest. Deployed between two turns: on the newest.
    const bound = await saved(2.5, { after: 0.5, code: asks() });
    expect((await replayAll([bound], [meter(asks({ from: 0, to: 2 }))])).changes).toMatchObject([
      { branches: [{ version: 0, live: 1 }], oldestNeeded: 0 },
    ]);
    const begunAnew = await saved(4.5, { after: 0.5, code: asks() });
    for (const history of ["whole", "needed"] as const)
      expect(
        (await replayAll([begunAnew], [meter(asks({ from: 0, to: 2 }))], { history })).changes,
      ).toMatchObject([{ branches: [{ version: 1, live: 1 }], oldestNeeded: 1 }]);
  });

  it("are those of each turn in a journal that does not say which one its turns were on", async () => {
    const marked = await saved(3.5, { after: 1.5, code: asks() });
    const types = marked.checkpoints.map(({ entries }) => entries[0]?.type);
    expect(types.filter((type) => type === "run.version_marked")).toHaveLength(1);
    let next = 1;
    // As it was recorded before such choices were.
    const checkpoints = marked.checkpoints
      .filter(({ entries }) => entries[0]?.type !== "run.version_marked")
      .map((checkpoint) => {
        const first = next;
        next += checkpoint.entries.length;
        return { ...checkpoint, first };
      });
    const seen: number[] = [];
    const code = { ask: (c: Context) => void seen.push(c.version("change", both)) };
    await replayAll([{ ...marked, checkpoints }, marked], [meter(code)]);
    expect(seen).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
