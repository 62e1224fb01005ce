// An upgrade, and a way back: runs of every behaviour that this engine has had go on, those of a later one wait for it.
import { describe, expect, it } from "vitest";
import { BEHAVIOUR } from "../../lib/engine/behaviour.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

describe("a run", () => {
  const w = workflow("w", async (ctx) => {
    await ctx.sleep("night", "8 hours");
    return await ctx.step("s", () => "done");
  });

  it("has the newest behaviour when it starts", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect((await lab.run(runId)).behaviour).toBe(BEHAVIOUR);
    expect(await lab.result(runId)).toBe("done");
  });

  it("that a newer version started is not touched by this one, and stalls with the reason", async () => {
    const lab = new Lab([w]);
    const { runs } = lab.store;
    const create = runs.create.bind(runs);
    runs.create = async (run) => await create({ ...run, behaviour: BEHAVIOUR + 1 });
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    expect((await lab.run(runId)).stalled).toMatchObject({ code: "E_NEWER_FORMAT" });
    expect(await lab.entries(runId)).toEqual([]);
  });
});
