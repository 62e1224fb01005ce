// What a schedule costs that goes on for years: counted, and the same for its thousandth time as for its tenth.
import { expect, it } from "vitest";
import { countLoads } from "../count-loads.ts";
import { Lab } from "../lab.ts";
import { unlessPlain } from "../modes.ts";
import { HOUR, report, schedule, scheduleRun, shown, startedRuns } from "./schedule-lab.ts";

it.skipIf(unlessPlain("it counts exact writes"))("its thousandth time costs what its tenth did", async () => {
  const lab = new Lab([report], { sweepEveryMs: "never" });
  await schedule(lab, { cron: "0 * * * *" });
  const loaded = countLoads(lab);
  const costOf = async (hours: number) => {
    const before = new Map(lab.counts);
    await lab.pass(hours * HOUR);
    return Object.fromEntries(
      ["journal.append", "journal.load", "runs.suspend", "runs.claim", "journal.putFact", "wakeUps.send"].map(
        (call) => [call, ((lab.counts.get(call) ?? 0) - (before.get(call) ?? 0)) / hours],
      ),
    );
  };
  await costOf(10);
  const early = await costOf(20);
  await costOf(960);
  const late = await costOf(20);
  expect(late).toEqual(early);
  // Of the schedule: woken, started, turned; told of the end, turned; and how it stands. Of the run: its end.
  expect(early["journal.append"]).toBe(8);
  expect(early["runs.suspend"]).toBe(2);
  expect((await shown(lab)).counts.started).toBe(1010);
  expect(await startedRuns(lab)).toHaveLength(1010);
  expect(Math.max(...loaded)).toBeLessThan(25);
  const [run] = await scheduleRun(lab);
  expect((await lab.entries(run?.runId ?? "")).length).toBeGreaterThan(5_000);
});
