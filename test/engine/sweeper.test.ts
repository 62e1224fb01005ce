import { describe, expect, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

describe("the sweeper", () => {
  it("finds a counted cause whose message was lost, although a long timer is far from firing (W4)", async () => {
    const w = workflow("w", { timeout: "30 days" }, async (ctx) => ctx.waitForSignal("go"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await lab.signal(runId, "go", "heard");
    for (const lost of await lab.wakeUps.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })) {
      await lab.wakeUps.remove(lost.receipt);
    }
    await lab.pass(10 * 60_000);
    expect((await lab.run(runId)).status).toBe("succeeded");
    expect(await lab.result(runId)).toBe("heard");
  });

  it("does not wake a run whose near timer is still to come", async () => {
    const w = workflow("w", async (ctx) => ctx.sleep("nap", "14m"));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const { fence } = await lab.run(runId);
    await lab.pass(13 * 60_000);
    expect(await lab.run(runId)).toMatchObject({ fence, status: "suspended" });
  });

  it("is not kept from the others by one run that cannot be read", async () => {
    const w = workflow("w", async () => "done");
    const lab = new Lab([w]);
    const ill = await lab.start(w, { n: 1 });
    await lab.clock.advance(1);
    const well = await lab.start(w, { n: 2 });
    for (const lost of await lab.wakeUps.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })) {
      await lab.wakeUps.remove(lost.receipt);
    }
    lab.watch = ({ port, method, args }) => {
      if (port === "runs" && method === "get" && args[0] === ill) throw new Error("unreadable");
      return "go on";
    };
    expect(await lab.result(well)).toBe("done");
  });

  it.skipIf(under(["two-workers-race"], "two sweepers look twice"))(
    "looks at an idle run once a day, and writes nothing but its place",
    async () => {
      const w = workflow("w", async (ctx) => ctx.waitForSignal("go"));
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      await lab.pass(10 * 86_400_000);
      expect(lab.counts.get("runs.postpone")).toBeLessThanOrEqual(11);
      expect((await lab.run(runId)).fence).toBe(1);
    },
  );
});
