// What becomes of children when their parent's run is taken up by a new one.
import { describe, expect, it } from "vitest";
import { completeCallback, forkRun, retryRun, terminateRun } from "../../lib/engine/index.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

const DAY_MS = 86_400_000;

describe("a child that was to outlive its run", () => {
  it.each<[string, (lab: Lab, runId: string) => Promise<{ readonly runId: string }>, readonly string[]]>([
    ["a retry", async (lab, runId) => retryRun(lab.engine, { runId }), ["ship"]],
    ["a retry from a step", async (lab, runId) => retryRun(lab.engine, { runId, from: "ship" }), ["ship"]],
    ["a fork", async (lab, runId) => forkRun(lab.engine, { runId, after: 1 }), ["note", "ship"]],
  ])("is one of %s, too, and not started again", async (_, takeUp, again) => {
    const [ran, started] = [[] as string[], [] as string[]];
    let isBroken = true;
    const child = workflow("child", async (ctx) => ctx.sleep("long", "3 days"));
    const w = workflow("w", async (ctx) => {
      const { runId } = await ctx.startChild("c", child, null);
      started.push(runId);
      await ctx.step("note", () => ran.push("note"));
      await ctx.step("ship", () => {
        ran.push("ship");
        if (isBroken) throw new TerminalError("broken");
      });
    });
    const lab = new Lab([w, child]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("broken");
    isBroken = false;
    ran.length = 0;
    const taken = await takeUp(lab, runId);
    await lab.result(taken.runId);
    expect(ran).toEqual(again);
    expect(new Set(started).size).toBe(1);
    await lab.result(started[0] ?? "");
    await checkInvariants(lab, taken.runId);
  });
});

describe("a child that its run waits for", () => {
  it.each<[string, (lab: Lab, runId: string) => Promise<{ readonly runId: string }>]>([
    [
      "a retry",
      async (lab, runId) => {
        await terminateRun(lab.engine, { runId });
        return await retryRun(lab.engine, { runId });
      },
    ],
    ["a fork", async (lab, runId) => forkRun(lab.engine, { runId, after: 1 })],
  ])("and that is under way is another one for %s", async (_, takeUp) => {
    const grown: string[] = [];
    const child = workflow("child", async (ctx) => {
      await ctx.sleep("long", "3 days");
      await ctx.step("grow", (s) => grown.push(s.idempotencyKey));
      return "grown";
    });
    const w = workflow("w", async (ctx) => ctx.runChild("c", child, null, { onParentClose: "abandon" }));
    const lab = new Lab([w, child]);
    const runId = await lab.start(w);
    await lab.settle();
    const taken = await takeUp(lab, runId);
    expect(await lab.result(taken.runId)).toBe("grown");
    await lab.pass(4 * DAY_MS);
    expect(new Set(grown).size).toBe(2);
  });

  it("and that was given up because of another failure is another one for a retry, as is a callback", async () => {
    const tokens: string[] = [];
    let isBroken = true;
    const child = workflow("child", async (ctx) => {
      await ctx.sleep("long", "1 day");
      return "grown";
    });
    const frail = () => {
      if (isBroken) throw new TerminalError("broken");
      return "well";
    };
    const w = workflow("w", async (ctx) => {
      try {
        return await ctx.parallel("p", [
          async (c) => c.step("a", frail),
          async (c) => c.runChild("b", child, null),
          async (c) => c.waitForCallback("c", (token) => void tokens.push(token), { timeout: "1 hour" }),
        ]);
      } catch (error) {
        await ctx.sleep("a while", "2 days");
        throw error;
      }
    });
    const lab = new Lab([w, child]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("broken");
    isBroken = false;
    const retried = await retryRun(lab.engine, { runId });
    await lab.settle();
    await completeCallback(lab.engine, tokens.at(-1) ?? "", { ok: true, value: "given" });
    expect(await lab.result(retried.runId)).toEqual(["well", "grown", "given"]);
    await checkInvariants(lab, retried.runId);
  });
});
