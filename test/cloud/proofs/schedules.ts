// Runs that begin at their time: by a schedule, and by `startAt`.

import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { RunList } from "../../../lib/api/answers.ts";
import { ScheduleView } from "../../../lib/api/schedule-view.ts";
import type { Deployment } from "../deployment.ts";
import { findSchedule } from "../schedules.ts";
import { TIMES } from "../times.ts";
import { until } from "../until.ts";

const EVERY_MS = 2_000;
const STARTED_WITHIN_MS = 120_000;
const HOUR_MS = 3_600_000;

export function describeSchedules(cloud: () => Deployment): void {
  describe.concurrent("a schedule", () => {
    const everyTwoSeconds = { workflow: "nap", input: { sleepMs: 0 }, every: EVERY_MS };
    const make = async (spec: object) => {
      const { status, body } = await cloud().api.post("/schedules", spec);
      expect(status).toBe(201);
      return v.parse(ScheduleView, body);
    };
    const runsOf = async (id: string) => {
      const { body } = await cloud().api.get(`/runs?workflow=nap&attr.schedule=${id}`);
      return v.parse(RunList, body).runs;
    };

    test("starts its runs, each for its time, and ends after the last that it is allowed", async () => {
      const { api } = cloud();
      const id = "twice";
      // Runs may overlap: how quick they are says nothing here.
      const { runId } = await make({ ...everyTwoSeconds, id, limit: 2, overlap: "allow" });
      expect(await api.ended(runId)).toMatchObject({
        status: "succeeded",
        result: { started: 2, skipped: 0, missed: 0, failed: 0 },
      });
      const runs = await runsOf(id);
      expect(runs).toHaveLength(2);
      const [earlier = 0, later = 0] = runs.map(timeOf).toSorted((a, b) => a - b);
      expect(later - earlier).toBe(EVERY_MS);
      for (const run of runs) {
        const { status, result } = await api.ended(run.runId);
        expect(status).toBe("succeeded");
        // T1: never early.
        expect((result as { sleptAt: number }).sleptAt).toBeGreaterThanOrEqual(timeOf(run));
      }
      expect(await api.get(`/schedules/${id}`)).toMatchObject({ status: 404 });
    });

    test("shows what it has started, and starts nothing once it is deleted", async () => {
      const { api } = cloud();
      const id = "deleted";
      const { runId } = await make({ ...everyTwoSeconds, id });
      const what = { what: `schedule ${id} to start a run`, withinMs: STARTED_WITHIN_MS };
      const shown = await until(what, async () => {
        const view = v.parse(ScheduleView, (await api.get(`/schedules/${id}`)).body);
        return view.counts.started > 0 && view;
      });
      expect(shown).toMatchObject({ id, everyMs: EVERY_MS, status: expect.any(String) });
      expect(shown.recent.length).toBeGreaterThan(0);
      expect(shown.next.length).toBeGreaterThan(0);

      expect(await api.delete(`/schedules/${id}`)).toMatchObject({ status: 200 });
      const deletedAt = Date.now();
      expect(await api.get(`/schedules/${id}`)).toMatchObject({ status: 404 });
      expect(await api.run(runId)).toMatchObject({ status: "cancelled", terminated: true });
      // Long enough for times that are left out now.
      await api.ended(await api.start("nap", { sleepMs: 3 * EVERY_MS }));
      const runs = await runsOf(id);
      expect(runs.length).toBeGreaterThan(0);
      expect(Math.max(...runs.map(timeOf))).toBeLessThanOrEqual(deletedAt);
    });
  });

  describe.concurrent("a run that is to begin later", () => {
    const laterBy = (ms: number) => new Date(Date.now() + ms).toISOString();

    test.each([5_000, TIMES.longTimerMs + 10_000])("begins at its time, in %i ms", async (afterMs) => {
      const { api } = cloud();
      const startAt = laterBy(afterMs);
      const run = await api.ended(await api.start("nap", { sleepMs: 0 }, { startAt }));
      expect(run.status).toBe("succeeded");
      expect((run.result as { sleptAt: number }).sleptAt).toBeGreaterThanOrEqual(Date.parse(startAt));
    });

    test("waits for a distant time as a schedule of Scheduler's", async () => {
      const { api } = cloud();
      const startAt = laterBy(HOUR_MS);
      const runId = await api.start("nap", { sleepMs: 0 }, { startAt });
      const { waits } = await api.suspended(runId, "start");
      expect(waits).toMatchObject([{ kind: "start", until: startAt }]);
      expect(await findSchedule(cloud(), runId)).toEqual(expect.any(String));
      expect((await api.post(`/runs/${runId}/cancel`, {})).status).toBe(202);
      expect(await api.ended(runId)).toMatchObject({ status: "cancelled" });
    });
  });
}

/** The time that a run was for, epoch ms. */
function timeOf({ scheduled }: { readonly scheduled?: { readonly for: string } | undefined }): number {
  return Date.parse(scheduled?.for ?? "");
}
