// What a schedule does next, asked of the pure functions: where clocks disagree, time zone data has changed, or two things
// are due at once, which no clock of a laboratory brings about by itself.
import { describe, expect, it } from "vitest";
import { planOf } from "../../../lib/engine/schedules/plan.ts";
import {
  apply,
  due,
  dueAt,
  firstState,
  type ScheduleState,
  started,
} from "../../../lib/engine/schedules/state.ts";
import { MAX_BACKFILLS } from "../../../lib/limits.ts";
import type { ScheduleSpec } from "../../../lib/sdk/schedule.ts";
import { at, HOUR, iso, MINUTE } from "./schedule-lab.ts";

const MIDNIGHT = at("2026-01-01T00:00:00Z");
const HOURLY = { id: "s", workflow: "report", cron: "0 * * * *" } as const;
const planned = (spec: Partial<ScheduleSpec> = {}) => planOf({ ...HOURLY, ...spec });
const first = (spec?: Partial<ScheduleSpec>) => firstState(planned(spec), MIDNIGHT);
const clock = (time = 0) => iso(time).slice(11, 16);
const told = (state: ScheduleState, type: "pause" | "resume", now: number) =>
  apply(state, { type }, now, "1").state;
const filling = (state: ScheduleState, from: number, to: number) =>
  apply(state, { type: "backfill", from, to }, MIDNIGHT, "1").state;

describe("a time that is recorded", () => {
  it("is waited for and kept, also when the time zone data of today has another", () => {
    const state = { ...first(), nextAt: MIDNIGHT + 70 * MINUTE };
    expect(clock(dueAt(state, "run", MIDNIGHT))).toBe("01:10");
    const { start, state: taken } = due(state, MIDNIGHT + 70 * MINUTE);
    expect([clock(start?.time), clock(taken.cursor)]).toEqual(["01:10", "01:10"]);
  });

  it("does not come again when the clock of who resumes is behind", () => {
    const taken = due(first(), MIDNIGHT + HOUR).state;
    const resumed = told(told(taken, "pause", MIDNIGHT + HOUR), "resume", MIDNIGHT + HOUR - 1);
    expect(clock(resumed.nextAt)).toBe("02:00");
  });
});

it("a run by hand that waits for another is not held by a pause", () => {
  const fire = { kind: "trigger", time: MIDNIGHT, key: "trigger-1" } as const;
  const open = started(first(), fire, "run.trigger-1", MIDNIGHT);
  const asked = apply(open, { type: "trigger", overlap: "buffer-one" }, MIDNIGHT, "2").state;
  const paused = told(asked, "pause", MIDNIGHT);
  const closed = { type: "closed", runId: "run.trigger-1", status: "succeeded" } as const;
  const free = apply(paused, closed, MIDNIGHT + MINUTE, "3").state;
  expect(dueAt(free, "run", MIDNIGHT + MINUTE)).toBe(MIDNIGHT + MINUTE);
  expect(due(free, MIDNIGHT + MINUTE).start?.key).toBe("trigger-2");
});

describe("a change", () => {
  it("leaves out the times of before it", () => {
    const plan = planned({ cron: "30 * * * *" });
    const { state } = apply(first(), { type: "update", plan }, MIDNIGHT + 45 * MINUTE, "1");
    expect(clock(state.nextAt)).toBe("01:30");
  });

  it("begins the limit anew", () => {
    const one = { ...first({ limit: 1 }), kept: 1 };
    const { state } = apply(one, { type: "update", plan: planned({ limit: 1 }) }, MIDNIGHT, "1");
    expect(clock(state.nextAt)).toBe("01:00");
  });
});

describe("backfills", () => {
  const [two, four] = [MIDNIGHT - 22 * HOUR, MIDNIGHT - 20 * HOUR];

  it("are done one after the other, in the order in which they were asked for", () => {
    const both = filling(filling(first(), two, two + HOUR), four, four + HOUR);
    const begun = due(both, MIDNIGHT);
    expect([clock(begun.start?.time), clock(begun.state.backfills[0]?.next)]).toEqual(["02:00", "03:00"]);
  });

  it("let the time that has come go first", () => {
    const { start } = due(filling(first(), two, four), MIDNIGHT + HOUR);
    expect([start?.kind, clock(start?.time)]).toEqual(["scheduled", "01:00"]);
  });

  it("are bounded in number; one more is counted as failed", () => {
    let state = first();
    for (let asked = 0; asked <= MAX_BACKFILLS; asked += 1) state = filling(state, two, four);
    expect(state.backfills).toHaveLength(MAX_BACKFILLS);
    expect([state.counts.failed, state.lastError?.message]).toEqual([
      1,
      `more than ${MAX_BACKFILLS} backfills at once`,
    ]);
  });
});
