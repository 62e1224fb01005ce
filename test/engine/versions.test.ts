// Code that changes under live runs: each run stays on the branch it took.
import { describe, expect, it } from "vitest";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { crashPoints } from "./crash-points.ts";
import { Lab } from "./lab.ts";

const old = workflow("w", async (ctx) => {
  const seen = [await ctx.step("a", () => "a")];
  await ctx.sleep("a day", "1 day");
  seen.push(await ctx.step("b", () => "b"));
  return seen;
});
const changed = (range: { from: number; to: number }) =>
  workflow("w", async (ctx) => {
    const seen: unknown[] = [];
    const version = ctx.version("check first", range);
    if (version === 1) seen.push(await ctx.step("check", () => "check"));
    seen.push(await ctx.step("a", () => "a"));
    await ctx.sleep("a day", "1 day");
    if (ctx.version("check first", range) !== version) throw new Error("another version");
    seen.push(await ctx.step("b", () => "b"));
    return seen;
  });
const both = { from: 0, to: 1 };

describe("ctx.version", () => {
  it("leaves a run in flight on the old branch, and puts a new one on the new", async () => {
    const lab = new Lab([old]);
    const before = await lab.start("w");
    await lab.settle();
    lab.deploy(changed(both));
    const after = await lab.start("w");
    expect(await lab.result(before)).toEqual(["a", "b"]);
    expect(await lab.result(after)).toEqual(["check", "a", "b"]);
    expect((await lab.entries(after))[0]).toMatchObject({ type: "run.version_marked", version: 1 });
  });

  it("is the same after every crash", async () => {
    for (const crash of crashPoints(59)) {
      for (const fate of ["die before", "die after"] as const) {
        const lab = new Lab([changed(both)]);
        lab.watch = ({ count }) => (count === crash ? fate : "go on");
        expect(await lab.result(await lab.start("w"))).toEqual(["check", "a", "b"]);
      }
    }
  });

  it("takes the newest also at the end of a journal, where nothing says otherwise", async () => {
    const later = workflow("w", async (ctx) => {
      const seen = [await ctx.step("a", () => "a")];
      await ctx.sleep("a day", "1 day");
      if (ctx.version("new", both) === 1) seen.push(await ctx.step("new", () => "new"));
      seen.push(await ctx.step("b", () => "b"));
      return seen;
    });
    const lab = new Lab([old]);
    const runId = await lab.start("w");
    await lab.settle();
    lab.deploy(later);
    expect(await lab.result(runId)).toEqual(["a", "new", "b"]);
  });

  it("takes the newest where the last that is recorded leads to it", async () => {
    const steps = (c: Context, ...ids: string[]) =>
      ids.reduce(
        async (before, id) => [...(await before), await c.step(id, () => id)],
        Promise.resolve<string[]>([]),
      );
    const short = workflow("w", async (ctx) => steps(ctx, "a", "b"));
    const later = workflow("w", async (ctx) => {
      const first = await steps(ctx, "a");
      return [
        ...first,
        ...(await (ctx.version("new", both) === 1 ? steps(ctx, "new", "b") : steps(ctx, "b"))),
      ];
    });
    const lab = new Lab([short]);
    lab.watch = ({ method }) => {
      if (method !== "append") return "go on";
      lab.watch = undefined;
      lab.deploy(later);
      return "die after";
    };
    expect(await lab.result(await lab.start("w"))).toEqual(["a", "new", "b"]);
  });

  it("is in the journal before anything that depends on it", async () => {
    const w = workflow("w", async (ctx) => {
      if (ctx.version("nap first", both) === 1) await ctx.sleep("nap", "1 day");
      return "rested";
    });
    for (const dieAt of [1, 2, 3]) {
      const lab = new Lab([w], { settings: { maxEntriesPerCheckpoint: 1 } });
      let appends = 0;
      lab.watch = ({ method }) => {
        if (method === "append") appends += 1;
        return method === "append" && appends === dieAt ? "die after" : "go on";
      };
      const runId = await lab.start("w");
      expect(await lab.result(runId)).toBe("rested");
      const types = (await lab.entries(runId)).map(({ type }) => type);
      expect(types).toEqual(["run.version_marked", "sleep.started", "sleep.finished", "run.succeeded"]);
    }
  });

  it("is in the journal also when nothing follows", async () => {
    const last = workflow("w", async (ctx) => {
      await ctx.step("a", () => "a");
      return ctx.version("the end", both);
    });
    const lab = new Lab([last]);
    const runId = await lab.start("w");
    expect(await lab.result(runId)).toBe(1);
    const types = (await lab.entries(runId)).map(({ type }) => type);
    expect(types).toEqual(["step.succeeded", "run.version_marked", "run.succeeded"]);
  });

  it("stalls a run whose branch the code no longer has, and lets it go on when it has it again", async () => {
    const lab = new Lab([old]);
    const runId = await lab.start("w");
    await lab.settle();
    lab.deploy(changed({ from: 1, to: 2 }));
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    // Code that knows only version 1 asks before "a" where the run never asked: it is on the oldest there is, and diverges.
    expect((await lab.run(runId)).stalled?.code).toBe("E_NONDETERMINISM");
    lab.deploy(changed(both));
    await lab.retry(runId);
    expect(await lab.result(runId)).toEqual(["a", "b"]);

    const marked = new Lab([changed({ from: 0, to: 1 })]);
    const other = await marked.start("w");
    await marked.settle();
    marked.deploy(changed({ from: 2, to: 3 }));
    await marked.until(async () => (await marked.run(other)).status === "stalled");
    expect((await marked.run(other)).stalled?.code).toBe("E_VERSION_UNSUPPORTED");
  });

  it.each([[{ from: 2, to: 1 }], [{ from: 0.5, to: 1 }], [undefined]])(
    "refuses the range %o",
    async (range) => {
      const bad = workflow("w", async (ctx) => ctx.version("x", range as never));
      const lab = new Lab([bad]);
      await expect(lab.result(await lab.start("w"))).rejects.toThrow("E_BAD_OPTION");
    },
  );
});
