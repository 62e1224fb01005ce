// Runs started by runs: started once, heard of once, and not left behind.
import { describe, expect, it } from "vitest";
import { cancelRun, terminateRun } from "../../lib/engine/index.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { ChildRunError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { crashPoints } from "./crash-points.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { isPlain } from "./modes.ts";

const double = workflow("double", async (ctx, input) => ctx.step("work", () => (input as number) * 2));
const fails = workflow("fails", async () => {
  throw new TerminalError("the child is ill");
});
const sleeps = workflow("sleeps", async (ctx) => {
  await ctx.sleep("long", "30 days");
  return "rested";
});

async function all(lab: Lab): Promise<{ workflow: string; status: string; runId: string }[]> {
  const { runs } = await lab.store.index.list({
    workflows: ["parent", "double", "fails", "sleeps"],
    limit: 100,
  });
  return runs.map(({ workflow: name, status, runId }) => ({ workflow: name, status, runId }));
}

async function childOf(lab: Lab, name: string) {
  const found = (await all(lab)).find((run) => run.workflow === name);
  if (found === undefined) throw new Error(`no run of ${name}`);
  return found;
}

describe("a child run", () => {
  it("gives its result to its parent", async () => {
    const parent = workflow("parent", async (ctx) => [
      await ctx.runChild("one", double, 4),
      await ctx.runChild("one", double, 5),
    ]);
    const lab = new Lab([parent, double]);
    const runId = await lab.start(parent);
    expect(await lab.result(runId)).toEqual([8, 10]);
    expect(await all(lab)).toHaveLength(3);
    await checkInvariants(lab, runId);
  });

  it("is started once and heard of once, wherever a process dies", async () => {
    const parent = workflow("parent", async (ctx) => {
      const [a, b] = await Promise.all([ctx.runChild("a", double, 1), ctx.runChild("b", double, 2)]);
      return a + b;
    });
    for (const crash of crashPoints(89)) {
      for (const fate of ["die before", "die after"] as const) {
        const lab = new Lab([parent, double]);
        lab.watch = ({ count }) => (count === crash ? fate : "go on");
        const runId = await lab.start(parent);
        expect(await lab.result(runId)).toBe(6);
        await lab.until(async () => (await all(lab)).every(({ status }) => status === "succeeded"));
        expect(await all(lab)).toHaveLength(3);
        await checkInvariants(lab, runId);
      }
    }
  });

  it("has its end in its own journal before its parent hears of it (J4)", async () => {
    const parent = workflow("parent", async (ctx) => ctx.runChild("d", double, 3));
    const lab = new Lab([parent, double]);
    const runId = await lab.start(parent);
    const order: string[] = [];
    lab.watch = ({ method, args }) => {
      const text = JSON.stringify(args);
      if (method === "append" && text.includes("run.succeeded")) order.push("end");
      if (method === "putFact" && text.includes('"kind":"child"')) order.push("fact");
      if (method === "close") order.push("close");
      return "go on";
    };
    await lab.result(runId);
    expect(order).toEqual(["end", "fact", "close", "end", "close"]);
  });

  it("that was cancelled is told apart from one that failed", async () => {
    const parent = workflow("parent", async (ctx) =>
      ctx.runChild("c", sleeps, null).catch((error: unknown) => (error as ChildRunError).status),
    );
    const lab = new Lab([parent, sleeps]);
    const runId = await lab.start(parent);
    await lab.settle();
    await cancelRun(lab.engine, { runId: (await childOf(lab, "sleeps")).runId });
    expect(await lab.result(runId)).toBe("cancelled");
  });

  it("that fails is a typed error with its cause", async () => {
    const parent = workflow("parent", async (ctx) =>
      ctx.runChild("ill", fails, null).catch((error: unknown) => {
        if (!(error instanceof ChildRunError)) throw error;
        return [error.status, error.child, (error.cause as Error).message];
      }),
    );
    const lab = new Lab([parent, fails]);
    expect(await lab.result(await lab.start(parent))).toEqual(["failed", "ill", "the child is ill"]);
  });

  it("whose input is refused fails its call, and starts nothing", async () => {
    const picky = workflow(
      "double",
      { input: await import("valibot").then((v) => v.number()) },
      async (_, n) => n,
    );
    const parent = workflow("parent", async (ctx) =>
      ctx.runChild("p", picky, "text" as never).catch((error: Error) => error.message),
    );
    const lab = new Lab([parent, picky]);
    expect(await lab.result(await lab.start(parent))).toContain("E_INVALID_INPUT");
    expect(await all(lab)).toHaveLength(1);
  });

  it("whose workflow is not deployed stalls its parent, which goes on after the deployment", async () => {
    const parent = workflow("parent", async (ctx) => ctx.runChild("d", double, 3));
    const lab = new Lab([parent]);
    const runId = await lab.start(parent);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    expect((await lab.run(runId)).stalled?.code).toBe("E_UNKNOWN_WORKFLOW");
    lab.deploy(double);
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe(6);
  });

  it("with a result too large for the table gives it whole, with a blob of the parent's own", async () => {
    const large = workflow("double", async (ctx) =>
      ctx.step("s", () => Array.from({ length: 30_000 }, Math.random)),
    );
    const parent = workflow("parent", async (ctx) => (await ctx.runChild("l", large, null)).length);
    const lab = new Lab([parent, large]);
    const runId = await lab.start(parent);
    expect(await lab.result(runId)).toBe(30_000);
    const ended = (await lab.entries(runId)).find((entry) => entry.type === "child.succeeded");
    expect(ended?.value).toMatchObject({ blob: expect.stringContaining(runId) });
  });

  it("may be one of thousands", async () => {
    // A mode makes many more calls for each.
    const children = isPlain ? 3_000 : 300;
    const parent = workflow("parent", async (ctx) => {
      const results = await ctx.map(
        "m",
        Array.from({ length: children }, (_, i) => i),
        (c, i) => c.runChild("child", double, i),
      );
      return results.reduce((sum, value) => sum + value, 0);
    });
    const lab = new Lab([parent, double]);
    expect(await lab.result(await lab.start(parent))).toBe(children * (children - 1));
  });
});

describe("when the parent closes first, the child", () => {
  const parentWith = (onParentClose: "cancel" | "abandon" | "wait" | undefined, how: "run" | "start") =>
    workflow("parent", async (ctx) => {
      const options = onParentClose === undefined ? {} : { onParentClose };
      if (how === "start") {
        await ctx.startChild("c", sleeps, null, options);
      } else {
        const child = ctx.runChild("c", sleeps, null, options);
        await Promise.race([child, ctx.sleep("a second", "1s")]);
      }
      return "done";
    });

  it.each([
    ["cancel", "run", "cancelled"],
    ["abandon", "run", "suspended"],
    [undefined, "run", "cancelled"],
    [undefined, "start", "suspended"],
    ["cancel", "start", "cancelled"],
  ] as const)("with policy %s of %sChild is %s", async (policy, how, status) => {
    const parent = parentWith(policy, how);
    const lab = new Lab([parent, sleeps]);
    expect(await lab.result(await lab.start(parent))).toBe("done");
    await lab.pass(10_000);
    expect((await childOf(lab, "sleeps")).status).toBe(status);
  });

  it.each(["run", "start"] as const)("with policy wait of %sChild is waited for", async (how) => {
    const parent = parentWith("wait", how);
    const lab = new Lab([parent, sleeps]);
    const runId = await lab.start(parent);
    await lab.pass(3_600_000);
    expect((await lab.run(runId)).status).toBe("suspended");
    expect(await lab.result(runId)).toBe("done");
    expect((await childOf(lab, "sleeps")).status).toBe("succeeded");
  });

  it("follows its policy also when the parent is cancelled, terminated or runs out of time", async () => {
    for (const end of ["cancel", "terminate", "timeout"] as const) {
      const parent = workflow("parent", end === "timeout" ? { timeout: "1 hour" } : {}, async (ctx) =>
        ctx.runChild("c", sleeps, null),
      );
      const lab = new Lab([parent, sleeps]);
      const runId = await lab.start(parent);
      await lab.settle();
      if (end === "cancel") await cancelRun(lab.engine, { runId });
      if (end === "terminate") await terminateRun(lab.engine, { runId });
      await lab.until(async () => isClosed((await lab.run(runId)).status));
      await lab.pass(10_000);
      expect((await childOf(lab, "sleeps")).status).toBe("cancelled");
    }
  });

  it("with policy wait is waited for although the parent is cancelled", async () => {
    const parent = workflow("parent", async (ctx) =>
      ctx.runChild("c", sleeps, null, { onParentClose: "wait" }),
    );
    const lab = new Lab([parent, sleeps]);
    const runId = await lab.start(parent);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await lab.pass(3_600_000);
    expect(isClosed((await lab.run(runId)).status)).toBe(false);
    expect(await lab.result(runId)).toBe("rested");
    expect((await childOf(lab, "sleeps")).status).toBe("succeeded");
  });

  it("tells nobody of its end", async () => {
    const parent = parentWith("abandon", "run");
    const lab = new Lab([parent, sleeps]);
    const runId = await lab.start(parent);
    await lab.result(runId);
    await lab.until(async () => (await childOf(lab, "sleeps")).status === "succeeded");
    expect(await lab.store.journal.facts(runId)).toEqual([]);
  });

  it("that is to outlive its parent does so also when its parent gives it up", async () => {
    const parent = workflow("parent", async (ctx) => {
      const child = ctx.runChild("c", sleeps, null, { onParentClose: "abandon" });
      await ctx.sleep("a second", "1s");
      child.cancel();
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([parent, sleeps]);
    await lab.start(parent);
    await lab.pass(10_000);
    expect((await childOf(lab, "sleeps")).status).toBe("suspended");
  });

  it("is told at once when its parent gives it up", async () => {
    const parent = workflow("parent", async (ctx) => {
      const child = ctx.runChild("c", sleeps, null);
      await ctx.sleep("a second", "1s");
      child.cancel();
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([parent, sleeps]);
    await lab.start(parent);
    await lab.pass(10_000);
    expect((await childOf(lab, "sleeps")).status).toBe("cancelled");
  });
});
