// J3 and J4 seen from inside: the code moves only when what it moves on is in the journal.
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

describe("the code of a workflow", () => {
  it.skipIf(under(["two-workers-race"], "it looks into one process"))(
    "does not see a result before it is in the journal (J3, J4)",
    async () => {
      const seen: string[] = [];
      const w = workflow("w", async (ctx) => {
        seen.push(await ctx.step("a", () => "a"));
        await ctx.sleep("nap", "1h");
        seen.push("woken");
        seen.push(String(await ctx.waitForSignal("go")));
      });
      const lab = new Lab([w]);
      const seenAtAppend = new Map<string, readonly string[]>();
      lab.watch = ({ port, method, args }) => {
        if (port !== "journal" || method !== "append") return "go on";
        const { entries } = args[1] as Checkpoint;
        for (const { type } of entries) seenAtAppend.set(type, [...seen]);
        return "go on";
      };
      const runId = await lab.start(w);
      await lab.until(async () => (await lab.run(runId)).waits.some(({ kind }) => kind === "signal"));
      await lab.signal(runId, "go", "heard");
      await lab.result(runId);
      expect(seenAtAppend.get("step.succeeded")).toEqual([]);
      expect(seenAtAppend.get("sleep.finished")).not.toContain("woken");
      expect(seenAtAppend.get("signal.received")).not.toContain("heard");
      expect(seen).toContain("heard");
    },
  );
});
