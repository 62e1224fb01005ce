import { describe, expect, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

/** These modes leave after each checkpoint, also of a sleep's start. */
const LEAVING = ["suspend-at-every-await", "hand-off-after-every-step"] as const;

const sleeper = (duration: string) =>
  workflow("sleeper", async (ctx) => {
    await ctx.sleep("nap", duration);
    return ctx.now().getTime();
  });

describe("a sleep", () => {
  it.each(["0s", "1500ms", "10s", "14m", "16m", "3 days", "104 weeks"])(
    "of %s never ends early and ends within a second",
    async (duration) => {
      const w = sleeper(duration);
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await lab.result(runId);
      const [started, finished] = await lab.entries(runId);
      if (started?.type !== "sleep.started" || finished?.type !== "sleep.finished")
        throw new Error("not the entries of a sleep");
      expect(finished.at).toBeGreaterThanOrEqual(started.wakeAt);
      expect(finished.at - started.wakeAt).toBeLessThanOrEqual(1_000);
    },
  );

  it.skipIf(under(LEAVING, "it counts messages"))("of up to two seconds stays in the process", async () => {
    const w = sleeper("1900ms");
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    expect((await lab.run(runId)).fence).toBe(1);
    expect(lab.counts.get("wakeUps.send")).toBeUndefined();
  });

  it.skipIf(under(LEAVING, "it counts messages"))(
    "of up to fifteen minutes is one delayed message",
    async () => {
      const w = sleeper("10m");
      const lab = new Lab([w]);
      await lab.result(await lab.start(w));
      expect(lab.counts.get("wakeUps.send")).toBe(1);
      expect(lab.counts.get("timers.arm")).toBeUndefined();
    },
  );

  it.skipIf(under(LEAVING, "it counts messages"))(
    "beyond fifteen minutes is one timer, about 90 seconds early, and then one delayed message",
    async () => {
      const w = sleeper("1 day");
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await lab.settle();
      const { timer, nextWakeAt, waits } = await lab.run(runId);
      expect(timer?.fireAt).toBe(nextWakeAt);
      expect(waits).toEqual([{ kind: "sleep", id: "nap", until: nextWakeAt }]);
      expect(lab.timers.nextFireAt()).toBe((nextWakeAt ?? 0) - 90_000);
      await lab.result(runId);
      expect(lab.counts.get("timers.arm")).toBe(1);
      expect((await lab.run(runId)).fence).toBe(2);
    },
  );

  it("whose timer fires early by a skewed clock still waits for its time (T1)", async () => {
    const w = sleeper("1 day");
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const { nextWakeAt = 0 } = await lab.run(runId);
    await lab.wakeUps.send(JSON.stringify({ kind: "timer", runId, fireAt: nextWakeAt - 5 * 3_600_000 }));
    await lab.pass(3_600_000);
    expect((await lab.run(runId)).status).toBe("suspended");
    expect(await lab.result(runId)).toBeGreaterThanOrEqual(nextWakeAt);
  });

  it("that loses a race leaves no timer behind when the run has ended", async () => {
    const w = workflow("w", async (ctx) =>
      Promise.race([ctx.sleep("long", "30 days"), ctx.waitForSignal("go")]),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect(lab.timers.nextFireAt()).toBeDefined();
    await lab.signal(runId, "go", "now");
    expect(await lab.result(runId)).toBe("now");
    expect(lab.timers.nextFireAt()).toBeUndefined();
  });

  it("whose timer is lost is woken by the sweeper (W4)", async () => {
    const w = sleeper("1 day");
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const { timer, nextWakeAt = 0 } = await lab.run(runId);
    await lab.timers.disarm(timer?.name ?? "");
    expect(await lab.result(runId)).toBeGreaterThanOrEqual(nextWakeAt);
    expect((await lab.run(runId)).closedAt).toBeLessThan(nextWakeAt + 120_000);
  });
});

describe("a run with a timeout", () => {
  it("ends timed_out at its deadline, whatever it waits for", async () => {
    const w = workflow("w", { timeout: "2 days" }, async (ctx) => ctx.waitForSignal("never"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow(/did not end before its deadline/);
    const run = await lab.run(runId);
    expect(run.status).toBe("timed_out");
    expect((run.closedAt ?? 0) - run.createdAt).toBeGreaterThanOrEqual(2 * 86_400_000);
  });
});

describe("now, random and uuid", () => {
  it("are the same on every replay", async () => {
    const seen: unknown[][] = [];
    const w = workflow("w", async (ctx) => {
      const drawn = [ctx.now().getTime(), ctx.random(), ctx.uuid(), ctx.random()];
      await ctx.sleep("pause", "1 hour");
      drawn.push(ctx.now().getTime(), ctx.uuid());
      await ctx.sleep("pause", "1 hour");
      seen.push(drawn);
      return drawn;
    });
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(seen.length).toBe(1);
    const drawnFirst = seen[0] ?? [];
    expect(new Set(drawnFirst).size).toBe(drawnFirst.length);
    expect(drawnFirst[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("seen by a step before and after a replay agree", async () => {
    const inner: string[] = [];
    const w = workflow("w", async (ctx) => {
      const id = ctx.uuid();
      const at = ctx.now().toISOString();
      inner.push(`${id} ${at}`);
      await ctx.sleep("pause", "1 hour");
      await ctx.sleep("again", "1 hour");
      return 1;
    });
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(inner.length).toBeGreaterThanOrEqual(3);
    expect(new Set(inner).size).toBe(1);
  });
});
