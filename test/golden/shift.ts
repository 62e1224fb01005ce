// What the golden schedules start: work of more than an hour, that tidies up when it is asked to end.
import { workflow } from "perdure";
import { planOf } from "../../lib/engine/schedules/plan.ts";
import type { OverlapPolicy } from "../../lib/sdk/schedule.ts";

export { scheduleWorkflow } from "../../lib/engine/schedules/workflow.ts";

export const shift = workflow("shift", async (ctx) => {
  await ctx.step("begin", () => "begun", { compensate: () => "tidy" });
  await ctx.sleep("work", "100 minutes");
  return ctx.scheduled?.for;
});

/** At the first hours of the day that a lab begins with. */
export function hourly(overlap: OverlapPolicy, hours: string) {
  return planOf({
    id: "hourly",
    workflow: shift.name,
    cron: `0 ${hours} * * *`,
    timeZone: "UTC",
    overlap,
    until: "2026-01-01T12:00:00Z",
  });
}
