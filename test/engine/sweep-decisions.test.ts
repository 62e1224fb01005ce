// What the sweeper does with a run as it stands, whatever the index says of it (W4). The runs are those it meets; how it
// brings them on is in sweeper.test.ts.
import { describe, expect, it } from "vitest";
import { LOCAL_SETTINGS } from "../../lib/engine/index.ts";
import { decideSweep } from "../../lib/engine/sweep.ts";
import type { Run } from "../../lib/ports/run.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { aRun } from "../conformance/samples.ts";
import { Lab } from "./lab.ts";

const NOW = 1_000_000;
const LATER = NOW + 3_600_000;

const WAITING = {
  status: "suspended",
  fence: 2,
  wake: 3,
  handled: 3,
  fails: 0,
  sweepAt: NOW - 1,
} as const satisfies Partial<Run>;

describe("the sweeper", () => {
  it.each<readonly [string, Partial<Run>, string]>([
    ["leaves a closed run alone", { status: "succeeded" }, "nothing"],
    [
      "leaves a run alone that has moved on since the index was written",
      { wake: 4, sweepAt: LATER },
      "nothing",
    ],
    ["looks at a run again that waits for the outside", {}, "postpone"],
    ["sends no message for a stalled run", { status: "stalled", wake: 4 }, "postpone"],
    ["sends no message for a paused run", { status: "paused", paused: true, wake: 4 }, "postpone"],
    ["sends no message while somebody works on the run", { wake: 4, leaseUntil: LATER }, "postpone"],
    ["sends the message of a counted cause again", { wake: 4 }, "resend"],
    ["waits for the message of a near timer", { wake: 4, nextWakeAt: LATER }, "postpone"],
    ["sends the message of a near timer again that is overdue", { wake: 4, nextWakeAt: NOW }, "resend"],
    [
      "counts a cause for a schedule that never fired",
      { nextWakeAt: NOW, timer: { name: "t", fireAt: NOW } },
      "wake",
    ],
    ["wakes a run that must look after its step handler", { checkAt: NOW }, "wake"],
  ])("%s", (_what, overrides, kind) => {
    const run = aRun({ ...WAITING, ...overrides });
    expect(decideSweep(run, NOW, LOCAL_SETTINGS).kind).toBe(kind);
  });

  it("that dies at any of its calls has not hidden a run from the next (J4)", async () => {
    const w = workflow("w", async () => "done");
    for (let last = 1; last <= 6; last += 1) {
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      for (const lost of await lab.wakeUps.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 }))
        await lab.wakeUps.remove(lost.receipt);
      let calls = 0;
      lab.watch = () => {
        calls += 1;
        return calls === last ? "die after" : "go on";
      };
      // Each of its places is rounded up: three of them is all that a lost message may cost.
      await lab.pass(3 * 60_000 + 3 * LOCAL_SETTINGS.sweepGrainMs);
      expect((await lab.run(runId)).status).toBe("succeeded");
    }
  });
});
