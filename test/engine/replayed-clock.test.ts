// What `ctx.now()` says when the owners of a run had clocks that disagree: entries lie in the journal with the time of
// whoever appended them.
import { expect, it } from "vitest";
import { replay } from "../../lib/engine/replay.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

it("the code's clock never runs backwards, whatever the clocks of its owners", async () => {
  const w = workflow("w", async (ctx) => {
    const times: number[] = [ctx.now().getTime()];
    for (const name of ["a", "b", "c"]) {
      await ctx.sleep(name, "1s");
      times.push(ctx.now().getTime());
    }
    return times;
  });
  const lab = new Lab([w]);
  const run = await lab.run(await lab.start(w));
  const from = run.createdAt;
  const slept = (id: string, at: number): Entry[] => [
    { type: "sleep.started", id, wakeAt: at, at },
    { type: "sleep.finished", id, at },
  ];
  // The second owner's clock is four seconds behind.
  const entries = [...slept("a", from + 5_000), ...slept("b", from + 1_000), ...slept("c", from + 6_000)];
  const checkpoints = [{ first: 1, entries, fence: 1, mark: "m", at: from }];
  const { execution } = await replay(lab.engine, run, { checkpoints, facts: [] });
  expect(execution.end.outcome).toEqual({
    ok: true,
    value: [from, from + 5_000, from + 5_000, from + 6_000],
  });
});
