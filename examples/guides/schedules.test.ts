// The code of docs/guides/schedules.md.
import { workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import { expect, it } from "vitest";

const done: string[] = [];
const report = workflow("report", async (ctx) => {
  await ctx.sleep("add up", "90 minutes");
  done.push(ctx.scheduled === undefined ? "by hand" : ctx.scheduled.for.toISOString().slice(11, 16));
});

it("keeps times as its options say", async () => {
  const environment = createTestEnvironment({ workflows: [report] });
  const nightly = await environment.schedule({
    id: "nightly",
    workflow: "report",
    cron: "0 3 * * *",
    timeZone: "Europe/Berlin",
  });
  const hourly = await environment.schedule({
    id: "hourly",
    workflow: "report",
    every: "1 hour",
    overlap: "buffer-one",
    catchUp: "20 minutes",
    limit: 3,
  });
  const once = await environment
    .schedule({
      id: "new year",
      workflow: "report",
      at: "2027-01-01T00:00:00Z",
    })
    .catch((error: Error) => error.message);
  expect(once).toContain('id of the schedule is "new year"');
  await environment.advance("8 hours");
  expect(done.toSorted()).toEqual(["01:00", "02:00", "02:00", "03:00"]);
  expect((await nightly.standing()).counts.started).toBe(1);
  await expect(hourly.standing()).rejects.toThrow("E_SCHEDULE_NOT_FOUND");
});
