// Branches of changes where replay leaves the past out: in turns of loops, in later beginnings, and in runs that take up another
// one (V1, V2 of lib/engine/versions.ts).
import { describe, expect, it } from "vitest";
import { retryRun } from "../../lib/engine/index.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

const DAY_MS = 86_400_000;
const both = { from: 0, to: 1 };

type TurnOf = (c: Context, turn: number) => Promise<void>;

/** A loop of some turns. */
const looping = (turns: number, body: TurnOf) =>
  workflow("w", async (ctx) =>
    ctx.loop("l", 0, async (c, turn) => {
      await body(c, turn);
      return turn === turns - 1 ? { done: "done" } : { next: turn + 1 };
    }),
  );

/** What the journal says of changes, and where turns end. */
async function marksOf(lab: Lab, runId: string): Promise<readonly string[]> {
  return (await lab.entries(runId)).flatMap((entry) => {
    if (entry.type === "run.version_marked") return [`${entry.change} ${entry.version}`];
    return entry.type === "loop.turned" ? [`turn ${entry.turn}`] : [];
  });
}

const stepsOf = async (lab: Lab, runId: string) =>
  (await lab.entries(runId)).flatMap((entry) => (entry.type === "step.succeeded" ? [entry.id] : []));

/** Without the names of the runs that large values were moved to. */
const apartFromBlobs = (entries: readonly unknown[]): unknown =>
  JSON.parse(JSON.stringify(entries).replaceAll(/"run_\w+\//g, '"'));

describe("ctx.version in a loop", () => {
  const sleeping = (change?: (c: Context, turn: number) => void) =>
    looping(4, async (c, turn) => {
      change?.(c, turn);
      await c.sleep("s", "1 day");
      await c.step("a", () => turn);
    });

  it("leaves the run on the old branch in all turns to come, wherever a process dies", async () => {
    const calls = await everyCrash(async (watch, where) => {
      const taken = new Map<number, Set<number>>();
      const changed = sleeping((c, turn) => {
        const version = c.version("change", both);
        taken.set(turn, (taken.get(turn) ?? new Set()).add(version));
      });
      const lab = new Lab([sleeping()]);
      lab.watch = watch;
      const runId = await lab.start("w");
      await lab.pass(1.5 * DAY_MS);
      lab.deploy(changed);
      expect(await lab.result(runId), where).toBe("done");
      expect([...taken].map(([turn, versions]) => [turn, ...versions])).toEqual([
        [1, 0],
        [2, 0],
        [3, 0],
      ]);
      expect(await marksOf(lab, runId), where).toEqual(["turn 1", "change 0", "turn 2", "turn 3"]);
      await checkInvariants(lab, runId);
    });
    expect(calls).toBeGreaterThan(30);
  });

  const fed = (body?: TurnOf, turns = 4) =>
    looping(turns, async (c, turn) => {
      await c.waitForSignal("go");
      await body?.(c, turn);
      await c.step("a", () => turn);
    });

  it("takes the new branch in the first turn that comes to it with nothing behind, and in all that follow", async () => {
    await everyCrash(async (watch, where) => {
      const lab = new Lab([fed()]);
      lab.watch = watch;
      const runId = await lab.start("w");
      for (let turn = 0; turn < 4; turn += 1) {
        if (turn === 2)
          lab.deploy(
            fed(async (c) => {
              if (c.version("change", both) === 1) await c.step("check", () => null);
            }),
          );
        await lab.signal(runId, "go", turn, `key ${turn}`);
        // Longer than a lease: who died has been replaced.
        await lab.pass(120_000);
      }
      expect(await lab.result(runId), where).toBe("done");
      expect(await stepsOf(lab, runId), where).toEqual([
        "l/0/a",
        "l/1/a",
        "l/2/check",
        "l/2/a",
        "l/3/check",
        "l/3/a",
      ]);
      expect(await marksOf(lab, runId), where).toEqual(["turn 1", "turn 2", "change 1", "turn 3"]);
    });
  });

  it("is recorded in turns of inner loops too, and not when it was asked outside of them", async () => {
    const nested = (c: Context, name: string, body: TurnOf) =>
      c.loop(name, 0, async (inner, turn) => {
        await body(inner, turn);
        return turn === 1 ? { done: null } : { next: turn + 1 };
      });
    const code = (ask: (c: Context, change: string) => void) =>
      workflow("w", async (ctx) => {
        ask(ctx, "outside");
        await nested(ctx, "l", async (c) => {
          await nested(c, "in", async (inner) => {
            ask(inner, "inside");
            await inner.sleep("s", "1 day");
          });
        });
        ask(ctx, "at the end");
      });
    const lab = new Lab([code(() => {})]);
    const runId = await lab.start("w");
    await lab.pass(0.5 * DAY_MS);
    lab.deploy(code((c, change) => expect(c.version(change, both)).toBe(change === "at the end" ? 1 : 0)));
    await lab.result(runId);
    const marks = await marksOf(lab, runId);
    expect(marks).toEqual(["inside 0", "turn 1", "turn 1", "turn 1", "at the end 1"]);
  });

  it("chooses anew when the code begins anew", async () => {
    const code = (ask: (c: Context) => unknown) =>
      workflow("w", async (ctx, input) => {
        const version = ask(ctx);
        await ctx.loop("l", 0, async (c, turn) => {
          ask(c);
          await c.sleep("s", "1 day");
          return turn === 1 ? { done: null } : { next: turn + 1 };
        });
        if (input === "again") return version;
        return await ctx.continueAsNew("again");
      });
    const lab = new Lab([code(() => undefined)]);
    const runId = await lab.start("w");
    await lab.pass(0.5 * DAY_MS);
    lab.deploy(code((c) => c.version("change", both)));
    expect(await lab.result(runId)).toBe(1);
    expect(await marksOf(lab, runId)).toEqual(["change 0", "turn 1", "change 1", "turn 1"]);
  });

  it("does not make a retry do again what went before the change", async () => {
    let broken = true;
    const risky = fed(async (c, turn) => {
      if (c.version("change", both) === 1) await c.step("check", () => null);
      if (turn !== 3) return;
      await c.step("risk", () => {
        if (broken) throw new TerminalError("broken");
      });
    });
    const lab = new Lab([fed()]);
    const runId = await lab.start("w");
    for (let turn = 0; turn < 4; turn += 1) {
      if (turn === 2) lab.deploy(risky);
      await lab.signal(runId, "go", turn, `key ${turn}`);
      await lab.pass(1_000);
    }
    await expect(lab.result(runId)).rejects.toThrow("broken");
    broken = false;
    const before = await lab.entries(runId);
    // Also when the old branch is gone: no run that goes on asks for it.
    for (const range of [both, { from: 1, to: 1 }]) {
      lab.deploy(
        fed(async (c, turn) => {
          if (c.version("change", range) === 1) await c.step("check", () => null);
          if (turn === 3) await c.step("risk", () => null);
        }),
      );
      const retried = await retryRun(lab.engine, { runId });
      expect(await lab.result(retried.runId)).toBe("done");
      // All but the failure, and the end that came of it.
      const kept = (await lab.entries(retried.runId)).slice(0, before.length - 2);
      expect(apartFromBlobs(kept)).toEqual(apartFromBlobs(before.slice(0, -2)));
    }
  });

  it("goes by its place in the journal when a retry goes back behind it", async () => {
    let broken = true;
    const code = (change?: (c: Context) => number) =>
      workflow("w", async (ctx) =>
        ctx.loop("l", undefined as unknown, async (c, state, turn) => {
          await c.waitForSignal("go");
          if (change?.(c) === 1) await c.step("check", () => null);
          const risk = c.step("risk", () => {
            if (broken && turn === 2) throw new TerminalError("broken");
          });
          const next = await risk.then(
            () => undefined,
            (error: unknown) => error,
          );
          if (state instanceof Error) throw state;
          return turn === 3 ? { done: "done" } : { next };
        }),
      );
    const lab = new Lab([code()]);
    const runId = await lab.start("w");
    for (let turn = 0; turn < 4; turn += 1) {
      if (turn === 2) lab.deploy(code((c) => c.version("change", both)));
      await lab.signal(runId, "go", turn, `key ${turn}`);
      await lab.pass(1_000);
    }
    await expect(lab.result(runId)).rejects.toThrow("broken");
    broken = false;
    const before = await lab.entries(runId);
    const at = before.findIndex(({ type }) => type === "step.failed");
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe("done");
    const after = await lab.entries(retried.runId);
    expect(apartFromBlobs(after.slice(0, at))).toEqual(apartFromBlobs(before.slice(0, at)));
    expect(after[at]).toMatchObject({ type: "step.succeeded", id: "l/2/risk" });
  });
});

describe("a loop in a run that is taken up", () => {
  it("begins with its first turn when something before it is done again", async () => {
    let broken = true;
    const w = workflow("w", async (ctx) => {
      const ground = await ctx.step("ground", () => (broken ? "sand" : "rock"), { compensate: () => {} });
      return await ctx.loop("l", [ground], async (c, built, turn) => {
        const floor = await c.step("floor", () => `${turn} on ${ground}`);
        if (turn === 0) return { next: [...built, floor] };
        if (broken) throw new TerminalError("broken");
        return { done: built };
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("broken");
    broken = false;
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["rock", "0 on rock"]);
  });
});

describe("ctx.version in a run that is taken up", () => {
  it("stays on the branch that its history has led to", async () => {
    let broken = true;
    const steps = (isChanged: boolean) =>
      workflow("w", async (ctx) => {
        if (isChanged && ctx.version("check first", both) === 1) await ctx.step("check", () => null);
        await ctx.step("a", () => "a");
        await ctx.sleep("a day", "1 day");
        await ctx.step("b", () => {
          if (broken) throw new TerminalError("broken");
        });
      });
    const lab = new Lab([steps(false)]);
    const runId = await lab.start("w");
    await lab.settle();
    lab.deploy(steps(true));
    await expect(lab.result(runId)).rejects.toThrow("broken");
    broken = false;
    const retried = await retryRun(lab.engine, { runId });
    await lab.result(retried.runId);
    expect(await stepsOf(lab, retried.runId)).toEqual(["a", "b"]);
    expect(await marksOf(lab, retried.runId)).toEqual([]);
  });
});
