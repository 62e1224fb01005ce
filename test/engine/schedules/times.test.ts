// Which times a schedule keeps: the zone it is read in, days on which clocks are changed, months of different lengths, rates
// and single times, and the bounds of all of them.
import { describe, expect, it } from "vitest";
import { createSchedule, triggerSchedule } from "../../../lib/engine/index.ts";
import { Laboratory } from "../../../lib/testing/laboratory.ts";
import {
  at,
  DAY,
  HOUR,
  MINUTE,
  passTo,
  report,
  schedule,
  scheduleRun,
  shown,
  starts,
  times,
} from "./schedule-lab.ts";

const from = (text: string) => new Laboratory([report], { startAt: at(text) });

describe("when clocks are changed", () => {
  it.each([
    ["Europe/Berlin", "30 2 * * *", "2026-03-27T12:00:00Z", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]],
    ["America/New_York", "30 2 * * *", "2026-03-06T12:00:00Z", ["03-07T07:30", "03-08T07:00", "03-09T06:30"]],
    [
      "Australia/Lord_Howe",
      "15 2 * * *",
      "2026-10-02T12:00:00Z",
      ["10-02T15:45", "10-03T15:30", "10-04T15:15"],
    ],
    ["America/Sao_Paulo", "0 0 * * *", "2018-11-02T12:00:00Z", ["11-03T03:00", "11-04T03:00", "11-05T02:00"]],
  ])(
    "a fixed time that does not exist in %s is kept once, at the first instant that does: %s",
    async (timeZone, cron, now, expected) => {
      const lab = from(now);
      await schedule(lab, { cron, timeZone });
      await lab.pass(3 * DAY);
      expect((await times(lab)).map((time) => time.slice(5, 16))).toEqual(expected);
      expect((await starts(lab)).map((time) => time.slice(5, 16))).toEqual(expected);
    },
  );

  it.each([
    ["Europe/Berlin", "30 2 * * *", "2026-10-23T12:00:00Z", ["10-24T00:30", "10-25T00:30", "10-26T01:30"]],
    ["America/New_York", "30 1 * * *", "2026-10-30T12:00:00Z", ["10-31T05:30", "11-01T05:30", "11-02T06:30"]],
    [
      "Europe/Berlin",
      "30 2,14 * * *",
      "2026-10-24T14:00:00Z",
      ["10-25T00:30", "10-25T13:30", "10-26T01:30", "10-26T13:30"],
    ],
  ])(
    "a fixed time that comes twice in %s is kept once, at its first: %s",
    async (timeZone, cron, now, expected) => {
      const lab = from(now);
      await schedule(lab, { cron, timeZone });
      await lab.pass(expected.length === 4 ? 2 * DAY : 3 * DAY);
      expect((await times(lab)).map((time) => time.slice(5, 16))).toEqual(expected);
    },
  );

  it("what goes on through the day goes on, each instant once", async () => {
    const lab = from("2026-10-24T22:30:00Z");
    await schedule(lab, { cron: "0 * * * *", timeZone: "Europe/Berlin" });
    await lab.pass(5 * HOUR);
    expect((await times(lab)).map((time) => time.slice(11, 16))).toEqual([
      "23:00",
      "00:00",
      "01:00",
      "02:00",
      "03:00",
    ]);
    const spring = from("2026-03-28T23:30:00Z");
    await schedule(spring, { cron: "*/30 2 * * *", timeZone: "Europe/Berlin" });
    await spring.pass(2 * DAY);
    expect((await times(spring)).map((time) => time.slice(5, 16))).toEqual(["03-30T00:00", "03-30T00:30"]);
  });
});

describe("cron", () => {
  it("is UTC unless a zone is given", async () => {
    const lab = from("2026-07-01T00:00:00Z");
    await schedule(lab, { cron: "0 9 * * *" });
    await schedule(lab, { id: "tokyo", cron: "0 9 * * *", timeZone: "Asia/Tokyo" });
    expect((await shown(lab)).times[0]).toBe(at("2026-07-01T09:00:00Z"));
    expect((await shown(lab, "tokyo")).times[0]).toBe(at("2026-07-02T00:00:00Z"));
  });

  it.each([
    ["0 0 * * MON", ["01-05", "01-12"]],
    ["0 0 13 * FRI", ["01-02", "01-09", "01-13", "01-16"]],
    ["0 0 * * 5#2", ["01-09"]],
    ["0 0 L JAN *", ["01-31"]],
    ["0 0 1-3,20 * *", ["01-02", "01-03", "01-20"]],
  ])("reads %s", async (cron, days) => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { cron });
    await lab.pass(30 * DAY + HOUR);
    expect((await times(lab)).map((time) => time.slice(5, 10)).slice(0, days.length)).toEqual(days);
  });

  it("knows leap days", async () => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { cron: "0 12 29 2 *" });
    await passTo(lab, "2032-03-01T00:00:00Z");
    expect(await times(lab)).toEqual(["2028-02-29T12:00:00.000Z", "2032-02-29T12:00:00.000Z"]);
  });

  it("counts seconds when it has six fields", async () => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { cron: "*/20 * * * * *", overlap: "allow" });
    await lab.pass(MINUTE + 1_000);
    expect((await times(lab)).map((time) => time.slice(14, 19))).toEqual(["00:20", "00:40", "01:00"]);
  });
});

describe("a rate", () => {
  it("is counted from when the schedule was created", async () => {
    const lab = from("2026-01-01T00:00:07.250Z");
    await schedule(lab, { every: "10 minutes" });
    await lab.pass(25 * MINUTE);
    expect(await times(lab)).toEqual(["2026-01-01T00:10:07.250Z", "2026-01-01T00:20:07.250Z"]);
  });

  it("is counted from `from`, which is its first time, whether that is past or to come", async () => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { every: "1 hour", from: "2026-01-01T02:30:00Z" });
    await schedule(lab, { id: "past", every: "1 hour", from: "2025-06-01T00:10:00Z" });
    expect((await shown(lab)).times.slice(0, 2)).toEqual([
      at("2026-01-01T02:30:00Z"),
      at("2026-01-01T03:30:00Z"),
    ]);
    expect((await shown(lab, "past")).times[0]).toBe(at("2026-01-01T00:10:00Z"));
  });
});

describe("a schedule ends", () => {
  it("when its one time has been kept and the run has ended", async () => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { at: "2027-01-01T00:00:00Z", input: { takes: "1 day" } });
    await passTo(lab, "2027-01-01T12:00:00Z");
    expect((await shown(lab)).open).toHaveLength(1);
    await lab.pass(DAY);
    await expect(shown(lab)).rejects.toThrow("E_SCHEDULE_NOT_FOUND");
    expect(await times(lab)).toEqual(["2027-01-01T00:00:00.000Z"]);
    expect((await scheduleRun(lab))[0]?.status).toBe("succeeded");
  });

  it("when no time is left before `until`, which is one of them", async () => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { cron: "0 0 * * *", until: "2026-01-04T00:00:00Z" });
    await lab.pass(30 * DAY);
    expect((await times(lab)).map((time) => time.slice(8, 10))).toEqual(["02", "03", "04"]);
    await expect(shown(lab)).rejects.toThrow("E_SCHEDULE_NOT_FOUND");
  });

  it("when it has started as many runs as its limit says, those by hand not counted", async () => {
    const lab = from("2026-01-01T00:00:00Z");
    await schedule(lab, { cron: "0 0 * * *", limit: 2, from: "2026-01-10T00:00:00Z" });
    expect((await shown(lab)).times).toEqual([at("2026-01-10T00:00:00Z"), at("2026-01-11T00:00:00Z")]);
    await triggerSchedule(lab.engine, "s");
    await lab.pass(30 * DAY);
    expect((await times(lab)).map((time) => time.slice(8, 10))).toEqual(["01", "10", "11"]);
  });
});

it("puts each start off by its own part of the jitter, and keeps the time it is for", async () => {
  const lab = from("2026-01-01T00:00:00Z");
  await schedule(lab, { cron: "0 0 * * *", jitter: "1 hour" });
  await lab.pass(8 * DAY);
  const late = (await starts(lab)).map((start, i) => at(start) - at("2026-01-02T00:00:00Z") - i * DAY);
  expect(await times(lab)).toHaveLength(7);
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...late)).toBeLessThan(HOUR);
  expect(new Set(late).size).toBeGreaterThan(4);
});

it("keeps two schedules apart", async () => {
  const lab = from("2026-01-01T00:00:00Z");
  await schedule(lab, { cron: "0 * * * *" });
  await createSchedule(lab.engine, { id: "other", workflow: "report", cron: "30 * * * *" });
  await lab.pass(2 * HOUR + MINUTE);
  expect((await times(lab)).map((time) => time.slice(11, 16))).toEqual(["00:30", "01:00", "01:30", "02:00"]);
  expect((await shown(lab)).counts.started).toBe(2);
  expect((await shown(lab, "other")).counts.started).toBe(2);
});
