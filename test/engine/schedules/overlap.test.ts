// What becomes of a time that comes while a run is open, of times that come too late, and of starts that are refused.
import { workflow } from "perdure";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { triggerSchedule } from "../../../lib/engine/index.ts";
import type { Laboratory } from "../../../lib/testing/laboratory.ts";
import { Lab } from "../lab.ts";
import {
  at,
  HOUR,
  iso,
  MINUTE,
  report,
  schedule,
  scheduleRun,
  shown,
  startedRuns,
  starts,
  times,
} from "./schedule-lab.ts";

const hours = (texts: readonly string[]) => texts.map((text) => text.slice(11, 16));
const statuses = async (lab: Laboratory) => (await startedRuns(lab)).map(({ status }) => status);

describe("while a run is open", () => {
  it("the time is skipped and counted", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 * * * *", input: { takes: "150 minutes" } });
    await lab.pass(8 * HOUR + MINUTE);
    expect(hours(await times(lab))).toEqual(["01:00", "04:00", "07:00"]);
    expect((await shown(lab)).counts).toEqual({ started: 3, skipped: 5, missed: 0, failed: 0 });
  });

  it("one time is kept until the run has ended, and no more", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 * * * *", overlap: "buffer-one", input: { takes: "140 minutes" } });
    await lab.pass(7 * HOUR + MINUTE);
    expect(hours(await times(lab))).toEqual(["01:00", "02:00", "04:00"]);
    expect(hours(await starts(lab))).toEqual(["01:00", "03:20", "05:40"]);
    // 03:00 came while 02:00 waited, 05:00 while 04:00 did, and 07:00 while 06:00 does.
    const { counts, waiting, open } = await shown(lab);
    expect(counts).toMatchObject({ started: 3, skipped: 3 });
    expect(waiting?.time).toBe(at("2026-01-01T06:00:00Z"));
    expect(open).toHaveLength(1);
  });

  it("runs go on beside each other", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 * * * *", overlap: "allow", input: { takes: "150 minutes" } });
    await lab.pass(5 * HOUR + MINUTE);
    expect(hours(await starts(lab))).toEqual(["01:00", "02:00", "03:00", "04:00", "05:00"]);
    expect((await shown(lab)).open).toHaveLength(3);
  });

  it("a hundred may be open beside each other, and no more", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { every: "1 minute", overlap: "allow", input: { takes: "300 days" } });
    await lab.pass(103 * MINUTE + 1_000);
    const { open, counts } = await shown(lab);
    expect(open).toHaveLength(100);
    expect(counts).toMatchObject({ started: 100, skipped: 3 });
  });

  it("the other is asked to end, and the new one starts when it has", async () => {
    const left: string[] = [];
    const tidy = workflow("report", async (ctx) => {
      try {
        await ctx.sleep("work", "150 minutes");
      } catch (error) {
        await ctx.sleep("tidy up", "5 minutes");
        left.push(iso(ctx.now().getTime()));
        throw error;
      }
    });
    const lab = new Lab([tidy]);
    await schedule(lab, { cron: "0 * * * *", overlap: "cancel-other" });
    await lab.pass(3 * HOUR + 10 * MINUTE);
    expect(hours(await times(lab))).toEqual(["01:00", "02:00", "03:00"]);
    expect(hours(await starts(lab))).toEqual(["01:00", "02:05", "03:05"]);
    expect(hours(left)).toEqual(["02:05", "03:05"]);
    expect(await statuses(lab)).toEqual(["cancelled", "cancelled", "suspended"]);
    expect((await shown(lab)).recent.map(({ status }) => status)).toEqual(["open", "cancelled", "cancelled"]);
  });

  it("of two that wait for a run to end the newer one starts, and the older is skipped", async () => {
    const slow = workflow("report", async (ctx) => {
      try {
        await ctx.sleep("work", "10 days");
      } finally {
        await ctx.sleep("tidy up", "90 minutes");
      }
    });
    const lab = new Lab([slow]);
    await schedule(lab, { cron: "0 * * * *", overlap: "cancel-other" });
    await lab.pass(3 * HOUR + 40 * MINUTE);
    expect(hours(await times(lab))).toEqual(["01:00", "03:00"]);
    expect((await shown(lab)).counts).toMatchObject({ started: 2, skipped: 1 });
  });

  it("a run by hand follows the policy, or one of its own", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 0 1 6 *", input: { takes: "150 minutes" } });
    for (const overlap of ["skip", "skip", "allow", "buffer-one"] as const) {
      await triggerSchedule(lab.engine, "s", { overlap });
      await lab.pass(MINUTE);
    }
    const { counts, waiting, open } = await shown(lab);
    expect(counts).toMatchObject({ started: 2, skipped: 1 });
    expect(open).toHaveLength(2);
    expect(waiting?.kind).toBe("trigger");
    await lab.pass(3 * HOUR);
    expect((await shown(lab)).counts.started).toBe(3);
  });
});

describe("after an outage", () => {
  it("times within catchUp are kept in their order, older ones are missed and counted", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { every: "10 minutes", catchUp: "25 minutes", overlap: "allow" });
    await lab.pass(5 * MINUTE);
    // Nobody takes a message for two hours.
    await lab.clock.advance(2 * HOUR);
    await lab.pass(MINUTE);
    expect(hours(await times(lab))).toEqual(["01:40", "01:50", "02:00"]);
    expect((await shown(lab)).counts).toEqual({ started: 3, skipped: 0, missed: 9, failed: 0 });
    await lab.pass(10 * MINUTE);
    expect(hours(await starts(lab)).at(-1)).toBe("02:10");
  });

  it("of many that may be kept the policy keeps one", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { every: "10 minutes", input: { takes: "2 minutes" } });
    await lab.clock.advance(HOUR + 5 * MINUTE);
    await lab.pass(1_000);
    expect(hours(await times(lab))).toEqual(["00:10"]);
    expect((await shown(lab)).counts).toEqual({ started: 1, skipped: 5, missed: 0, failed: 0 });
  });

  it("a single time that is too late is missed, and the schedule ends", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { at: "2026-01-01T01:00:00Z" });
    await lab.clock.advance(3 * HOUR);
    await lab.pass(MINUTE);
    expect(await times(lab)).toEqual([]);
    const [run] = await scheduleRun(lab);
    expect(await lab.result(run?.runId ?? "")).toEqual({ started: 0, skipped: 0, missed: 1, failed: 0 });
  });
});

describe("a start that is refused", () => {
  it("for a workflow that is not deployed any more is tried again for a minute, then counted; the schedule goes on", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 * * * *" });
    const registry = lab.engine.registry as Map<string, typeof report>;
    registry.delete("report");
    await lab.pass(2 * HOUR + 5 * MINUTE);
    expect((await shown(lab)).counts).toEqual({ started: 0, skipped: 0, missed: 0, failed: 2 });
    expect((await shown(lab)).lastError?.message).toContain('There is no workflow "report"');
    lab.deploy(report);
    await lab.pass(HOUR);
    expect(hours(await times(lab))).toEqual(["03:00"]);
  });

  it("for a workflow that comes back within a minute is kept", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 * * * *" });
    (lab.engine.registry as Map<string, typeof report>).delete("report");
    await lab.pass(HOUR + 5_000);
    lab.deploy(report);
    await lab.pass(MINUTE);
    expect(hours(await starts(lab))).toEqual(["01:00"]);
    expect((await shown(lab)).counts).toMatchObject({ started: 1, failed: 0 });
  });

  it("for input that the workflow takes no more is counted with its reason", async () => {
    const lab = new Lab([report]);
    await schedule(lab, { cron: "0 * * * *", input: { takes: "1 minute" } });
    lab.deploy(workflow("report", { input: v.object({ who: v.string() }) }, async (_, { who }) => who));
    await lab.pass(HOUR + MINUTE);
    const { counts, lastError } = await shown(lab);
    expect(counts).toMatchObject({ started: 0, failed: 1 });
    expect(lastError?.message).toContain("E_INVALID_INPUT");
  });
});

it("a run that fails is one that has ended", async () => {
  const failing = workflow("report", async () => {
    throw new Error("no paper");
  });
  const lab = new Lab([failing]);
  await schedule(lab, { cron: "0 * * * *" });
  await lab.pass(2 * HOUR + MINUTE);
  expect((await shown(lab)).counts).toMatchObject({ started: 2, skipped: 0 });
  expect((await shown(lab)).recent.map(({ status }) => status)).toEqual(["failed", "failed"]);
});
