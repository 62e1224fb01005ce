// What people do to a schedule: make it once or twice, look at it, hold it, change it, fill in what it has not done, end it
// and make it again.
import { workflow } from "perdure";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  backfillSchedule,
  cancelRun,
  createSchedule,
  deleteSchedule,
  listSchedules,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
  updateSchedule,
} from "../../../lib/engine/index.ts";
import type { ScheduleSpec } from "../../../lib/sdk/schedule.ts";
import type { Laboratory } from "../../../lib/testing/laboratory.ts";
import { Lab } from "../lab.ts";
import {
  at,
  DAY,
  HOUR,
  iso,
  MINUTE,
  report,
  say,
  schedule,
  scheduleRun,
  shown,
  startedRuns,
  times,
} from "./schedule-lab.ts";

const HOURLY = { id: "s", workflow: "report", cron: "0 * * * *" } as const;
const hours = async (lab: Laboratory) => (await times(lab)).map((text) => text.slice(11, 16));

describe("making a schedule", () => {
  it("that is there already changes nothing, however its times are written", async () => {
    const lab = new Lab([report]);
    const first = await createSchedule(lab.engine, { ...HOURLY, catchUp: "2 hours" });
    const again = await createSchedule(lab.engine, { ...HOURLY, catchUp: 7_200_000, overlap: "skip" });
    expect([first.created, again.created]).toEqual([true, false]);
    await lab.pass(HOUR + MINUTE);
    const later = await createSchedule(lab.engine, { ...HOURLY, catchUp: { hours: 2 } });
    expect([later.created, later.run.runId]).toEqual([false, first.run.runId]);
    expect(later.shown.counts.started).toBe(1);
  });

  it("under an id that says something else is refused, and changes nothing", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await expect(createSchedule(lab.engine, { ...HOURLY, overlap: "allow" })).rejects.toThrow(
      "E_SCHEDULE_EXISTS",
    );
    await lab.pass(MINUTE);
    await expect(createSchedule(lab.engine, { ...HOURLY, input: 1 })).rejects.toThrow("E_SCHEDULE_EXISTS");
    expect(await scheduleRun(lab)).toHaveLength(1);
  });

  it("compares with what it has been changed to", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await updateSchedule(lab.engine, { ...HOURLY, overlap: "allow" });
    await lab.pass(MINUTE);
    expect((await createSchedule(lab.engine, { ...HOURLY, overlap: "allow" })).created).toBe(false);
    await expect(createSchedule(lab.engine, HOURLY)).rejects.toThrow("E_SCHEDULE_EXISTS");
  });

  it("twice at the same time makes one", async () => {
    const lab = new Lab([report]);
    const making = Promise.all([1, 2, 3].map(() => createSchedule(lab.engine, HOURLY)));
    // Who comes second looks again until the run of the first is there.
    await lab.pass(1_000);
    const made = await making;
    expect(made.filter(({ created }) => created)).toHaveLength(1);
    await lab.pass(HOUR + MINUTE);
    expect(await hours(lab)).toEqual(["01:00"]);
  });

  it("at the same time as another with other content is refused to one of the two", async () => {
    const lab = new Lab([report]);
    const making = Promise.allSettled([
      createSchedule(lab.engine, HOURLY),
      createSchedule(lab.engine, { ...HOURLY, overlap: "allow" }),
    ]);
    await lab.pass(1_000);
    const refused = (await making).flatMap((made) =>
      made.status === "rejected" ? [String(made.reason)] : [],
    );
    expect(refused).toEqual([expect.stringContaining("E_SCHEDULE_EXISTS")]);
  });

  it("hands its input, its attributes and its time to each run", async () => {
    const seen: unknown[] = [];
    const target = workflow("report", async (ctx, input) => seen.push([input, ctx.scheduled]));
    const lab = new Lab([target]);
    await createSchedule(lab.engine, { ...HOURLY, input: { who: "ada" }, attributes: { team: "paper" } });
    await lab.pass(HOUR + MINUTE);
    expect(seen.at(-1)).toEqual([{ who: "ada" }, { schedule: "s", for: new Date("2026-01-01T01:00:00Z") }]);
    const found = await lab.store.index.list({
      workflows: ["report"],
      attributes: { schedule: "s" },
      limit: 5,
    });
    expect(found.runs[0]?.attributes).toEqual({
      schedule: "s",
      scheduledFor: "2026-01-01T01:00:00.000Z",
      team: "paper",
    });
    const byHand = await lab.start(target);
    await lab.result(byHand);
    expect(seen.at(-1)).toEqual([{}, undefined]);
  });

  const target = workflow("strict", { input: v.object({ who: v.string() }) }, async (_, { who }) => who);
  const bad: readonly (readonly [string, object, string])[] = [
    ["no times", {}, "exactly one of cron, every and at; this one has none of them"],
    ["two kinds of times", { cron: "0 * * * *", every: "1h" }, "this one has cron and every"],
    ["an option that is none", { cron: "0 * * * *", tz: "UTC" }, 'has no option "tz"'],
    ["cron of four fields", { cron: "0 * * *" }, "must have five fields"],
    ["cron of seven fields", { cron: "0 0 * * * * 2027" }, "must have five fields"],
    ["a nickname", { cron: "@daily" }, "must have five fields"],
    ["cron that is out of range", { cron: "61 * * * *" }, "Invalid value for minute: 61"],
    ["cron with a letter", { cron: "0 x * * *" }, "cannot be read"],
    ["cron with a step of nothing", { cron: "*/0 * * * *" }, "illegal stepping"],
    ["cron that is a number", { cron: 5 }, "cron of the schedule is 5"],
    ["cron that never comes", { cron: "0 0 30 2 *" }, "would never start a run"],
    [
      "a zone nobody knows",
      { cron: "0 * * * *", timeZone: "Mars/Base" },
      'timeZone of the schedule is "Mars/Base"',
    ],
    ["a zone that is an offset", { cron: "0 * * * *", timeZone: "+02:00" }, "must be an IANA name"],
    ["a zone without cron", { every: "1h", timeZone: "UTC" }, "belongs to cron"],
    ["a rate of nothing", { every: 0 }, "every of the schedule is 0; it must be at least a second"],
    ["a rate that is no duration", { every: "soon" }, 'every of the schedule is "soon"'],
    ["a time that is past", { at: "2025-01-01T00:00:00Z" }, "it is past"],
    ["a time without a zone", { at: "2027-01-01T00:00:00" }, "must be a Date, an ISO time with its zone"],
    ["a time that is none", { at: "2027-02-31T25:00:00Z" }, "at of the schedule is"],
    ["a time beyond all dates", { every: "1h", from: 8.64e15 }, "before the year 2200"],
    [
      "an end before the beginning",
      { every: "1h", from: "2027-01-02", until: "2027-01-01" },
      "until must not be before from",
    ],
    ["an end that is past", { every: "1h", until: "2025-01-01" }, "would never start a run"],
    [
      "a policy that is none",
      { every: "1h", overlap: "queue" },
      'overlap of the schedule is "queue"; it must be "skip"',
    ],
    ["no time to catch up", { every: "1h", catchUp: "1s" }, "catchUp of the schedule is"],
    ["a jitter that is no duration", { every: "1h", jitter: -5 }, "jitter of the schedule is -5"],
    ["a limit of none", { every: "1h", limit: 0 }, "limit of the schedule is 0"],
    ["a limit of a half", { every: "1h", limit: 0.5 }, "limit of the schedule is 0.5"],
    [
      "an attribute that is its own",
      { every: "1h", attributes: { schedule: "x" } },
      '"schedule" is set by the schedule itself',
    ],
    [
      "attributes that are none",
      { every: "1h", attributes: [1] },
      "attributes of the schedule must be an object",
    ],
    ["an id with a slash", { every: "1h", id: "a/b" }, 'id of the schedule is "a/b"'],
    ["an id that is too long", { every: "1h", id: "x".repeat(65) }, "must be 1 to 64"],
    ["input that is too large", { every: "1h", input: { who: "x".repeat(40_000) } }, "E_TOO_LARGE"],
    ["input that does not fit", { every: "1h", input: { who: 5 } }, "E_INVALID_INPUT"],
    ["a workflow nobody knows", { every: "1h", workflow: "nobody" }, "E_UNKNOWN_WORKFLOW"],
    ["a schedule of schedules", { every: "1h", workflow: "perdure.schedule" }, "cannot start schedules"],
  ];
  it.each(bad)("with %s is refused in words, and nothing is written", async (_, option, sentence) => {
    const lab = new Lab([target]);
    const spec = { id: "s", workflow: "strict", input: { who: "ada" }, ...option } as ScheduleSpec;
    await expect(createSchedule(lab.engine, spec)).rejects.toThrow(sentence);
    expect(await scheduleRun(lab)).toEqual([]);
  });

  it("of what is no object is refused", async () => {
    const lab = new Lab([target]);
    for (const spec of [null, 5, []]) {
      await expect(createSchedule(lab.engine, spec as unknown as ScheduleSpec)).rejects.toThrow(
        `E_BAD_OPTION  A schedule was given ${JSON.stringify(spec)}; its options are an object with: id, workflow,`,
      );
    }
  });
});

describe("a schedule that is paused", () => {
  it("starts nothing, and goes on with the next time; what it left out is counted", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await lab.pass(HOUR + MINUTE);
    await pauseSchedule(lab.engine, "s", { reason: "stocktaking" });
    await lab.pass(3 * HOUR);
    expect((await shown(lab)).paused).toEqual({ at: expect.any(Number), reason: "stocktaking" });
    expect((await shown(lab)).times[0]).toBe(at("2026-01-01T02:00:00Z"));
    await resumeSchedule(lab.engine, "s");
    await lab.pass(HOUR);
    const { paused, counts } = await shown(lab);
    expect(await hours(lab)).toEqual(["01:00", "05:00"]);
    expect([paused, counts]).toEqual([undefined, { started: 2, skipped: 3, missed: 0, failed: 0 }]);
  });

  it("keeps what waits for a run to end, until it is resumed", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, { ...HOURLY, overlap: "buffer-one", input: { takes: "90 minutes" } });
    await lab.pass(2 * HOUR + MINUTE);
    await pauseSchedule(lab.engine, "s");
    await lab.pass(8 * HOUR);
    expect(await hours(lab)).toEqual(["01:00"]);
    await resumeSchedule(lab.engine, "s");
    await lab.pass(MINUTE);
    expect(await hours(lab)).toEqual(["01:00", "02:00"]);
  });

  it("may be told to start a run by hand", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await pauseSchedule(lab.engine, "s");
    await triggerSchedule(lab.engine, "s");
    await lab.pass(2 * HOUR);
    expect(await startedRuns(lab)).toHaveLength(1);
    expect((await shown(lab)).recent[0]).toMatchObject({ kind: "trigger", status: "succeeded" });
  });

  it("is resumed once: to resume one that is not paused changes nothing", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await lab.pass(MINUTE);
    const before = await shown(lab);
    await resumeSchedule(lab.engine, "s");
    await lab.pass(MINUTE);
    expect(await shown(lab)).toEqual(before);
  });
});

it("what is asked for twice under one key happens once", async () => {
  const lab = new Lab([report]);
  await createSchedule(lab.engine, HOURLY);
  for (let i = 0; i < 3; i += 1) {
    await triggerSchedule(lab.engine, "s", { idempotencyKey: "k", overlap: "allow" });
    await lab.pass(HOUR / 2);
  }
  expect((await startedRuns(lab)).filter(({ runId }) => runId.includes("trigger"))).toHaveLength(1);
  await expect(pauseSchedule(lab.engine, "s", { idempotencyKey: "k" })).rejects.toThrow(
    "E_IDEMPOTENCY_CONFLICT",
  );
});

it("an update counts from when it came; what is open and what was counted stays", async () => {
  const lab = new Lab([report]);
  await createSchedule(lab.engine, { ...HOURLY, input: { takes: "3 hours" } });
  await lab.pass(HOUR + 20 * MINUTE);
  await updateSchedule(lab.engine, { ...HOURLY, cron: "30 * * * *", overlap: "allow", input: {} });
  await lab.pass(HOUR + 20 * MINUTE);
  expect(await hours(lab)).toEqual(["01:00", "01:30", "02:30"]);
  expect((await shown(lab)).counts.started).toBe(3);
  expect((await shown(lab)).open).toHaveLength(1);
  await expect(updateSchedule(lab.engine, { ...HOURLY, id: "t" })).rejects.toThrow("E_SCHEDULE_NOT_FOUND");
  await expect(updateSchedule(lab.engine, { ...HOURLY, cron: "0 0 31 2 *" })).rejects.toThrow("never");
});

describe("a schedule that is deleted", () => {
  it("starts nothing any more, and its open run goes on", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, { ...HOURLY, input: { takes: "5 hours" } });
    await lab.pass(HOUR + MINUTE);
    await deleteSchedule(lab.engine, "s");
    await expect(deleteSchedule(lab.engine, "s")).rejects.toThrow("E_SCHEDULE_NOT_FOUND");
    await expect(triggerSchedule(lab.engine, "s")).rejects.toThrow("E_SCHEDULE_NOT_FOUND");
    await lab.pass(DAY);
    expect((await startedRuns(lab)).map(({ status }) => status)).toEqual(["succeeded"]);
  });

  it("may be made again at once: runs of the two never meet", async () => {
    const lab = new Lab([report]);
    for (const input of [{ takes: "10 minutes" }, {}, { takes: "10 minutes" }]) {
      const { created } = await createSchedule(lab.engine, { ...HOURLY, input });
      expect(created).toBe(true);
      await lab.pass(HOUR - (lab.clock.now() % HOUR) + 1_000);
      await deleteSchedule(lab.engine, "s");
    }
    await createSchedule(lab.engine, HOURLY);
    // Times that the first one has had, too.
    await backfillSchedule(lab.engine, "s", {
      from: at("2026-01-01T01:00:00Z"),
      to: at("2026-01-01T03:00:00Z"),
    });
    await lab.pass(30 * MINUTE);
    expect(await hours(lab)).toEqual(["01:00", "01:00", "02:00", "02:00", "03:00", "03:00"]);
    expect((await listSchedules(lab.engine, { limit: 10 })).schedules).toHaveLength(1);
  });

  it("is gone at once also when its run was asked to end in another way", async () => {
    const lab = new Lab([report]);
    const { run } = await createSchedule(lab.engine, HOURLY);
    await lab.pass(MINUTE);
    await cancelRun(lab.engine, { runId: run.runId });
    const { created } = await createSchedule(lab.engine, HOURLY);
    expect(created).toBe(true);
    await lab.pass(HOUR + MINUTE);
    expect(await hours(lab)).toEqual(["01:00"]);
  });
});

describe("a backfill", () => {
  const past = { from: "2025-12-31T20:00:00Z", to: "2025-12-31T22:30:00Z" };

  it("starts a run for each time, one after the other", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, { ...HOURLY, cron: "0,30 * * * *", input: { takes: "7 minutes" } });
    const { times: count } = await backfillSchedule(lab.engine, "s", past);
    expect(count).toBe(6);
    await lab.pass(20 * MINUTE);
    expect((await startedRuns(lab)).map(({ status }) => status)).toEqual([
      "succeeded",
      "succeeded",
      "suspended",
    ]);
    expect((await shown(lab)).backfills).toEqual([
      { next: at("2025-12-31T21:30:00Z"), to: at("2025-12-31T22:30:00Z"), overlap: "wait" },
    ]);
    await lab.pass(3 * HOUR);
    expect((await hours(lab)).slice(0, 6)).toEqual(["20:00", "20:30", "21:00", "21:30", "22:00", "22:30"]);
  });

  it("starts all at once when told so", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, { ...HOURLY, input: { takes: "7 minutes" } });
    await backfillSchedule(lab.engine, "s", { ...past, overlap: "allow" });
    await lab.pass(1_000);
    expect((await shown(lab)).open).toHaveLength(3);
  });

  it("leaves out what has had its run", async () => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await lab.pass(2 * HOUR + MINUTE);
    await pauseSchedule(lab.engine, "s");
    await lab.pass(2 * HOUR);
    await resumeSchedule(lab.engine, "s");
    await backfillSchedule(lab.engine, "s", { from: at("2026-01-01T00:30:00Z"), to: lab.clock.now() });
    await lab.pass(MINUTE);
    expect(await hours(lab)).toEqual(["01:00", "02:00", "03:00", "04:00"]);
    expect((await shown(lab)).counts).toEqual({ started: 4, skipped: 4, missed: 0, failed: 0 });
  });

  it.each([
    ["to before from", { from: past.to, to: past.from }, "to must not be before from"],
    ["what is to come", { from: past.from, to: "2026-02-01T00:00:00Z" }, "only what is past"],
    ["more times than it may have", { from: "2025-01-01T00:00:00Z", to: past.to }, "more than 1000 times"],
    ["a policy that is none", { ...past, overlap: "skip" as "wait" }, 'must be "wait" or "allow"'],
    ["a time that is none", { ...past, from: "yesterday" }, 'from is "yesterday"'],
  ])("with %s is refused", async (_, request, sentence) => {
    const lab = new Lab([report]);
    await createSchedule(lab.engine, HOURLY);
    await expect(backfillSchedule(lab.engine, "s", request)).rejects.toThrow(sentence);
  });
});

it("what is no event is refused at its run's door", async () => {
  const lab = new Lab([report]);
  const { run } = await createSchedule(lab.engine, HOURLY);
  for (const payload of [
    null,
    {},
    { type: "closed" },
    { type: "update", plan: { id: "s" } },
    { type: "trigger", overlap: 1 },
    { type: "backfill", from: "x", to: 1 },
    { type: "pause", reason: 5 },
  ])
    await expect(say(lab, run.runId, payload)).rejects.toThrow("E_INVALID_INPUT");
});

it("a plan that is told is taken as it was meant", async () => {
  const lab = new Lab([report]);
  const { run } = await createSchedule(lab.engine, HOURLY);
  const plan = { id: "s", workflow: "report", every: "2 hours" };
  await say(lab, run.runId, { type: "update", plan });
  await lab.settle();
  expect((await shown(lab)).plan).toMatchObject({ every: 2 * HOUR, catchUp: HOUR });
});

it("lists those there are, page by page", async () => {
  const lab = new Lab([report]);
  for (let i = 0; i < 5; i += 1) {
    await schedule(lab, { id: `s${i}`, every: "1h" });
    await lab.clock.advance(10);
  }
  await deleteSchedule(lab.engine, "s3");
  const first = await listSchedules(lab.engine, { limit: 3 });
  const { cursor } = first;
  const rest = cursor === undefined ? [] : (await listSchedules(lab.engine, { limit: 3, cursor })).schedules;
  const ids = [...first.schedules, ...rest].map(({ shown: { plan } }) => plan.id);
  expect(ids).toEqual(["s4", "s2", "s1", "s0"]);
});

it("no workflow may be named as ours are", () => {
  expect(() => workflow("perdure.schedule", async () => iso(0))).toThrow("E_BAD_NAME");
});
