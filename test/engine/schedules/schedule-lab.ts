// A lab with a workflow that schedules start, and short ways to ask what a schedule has done.
import { workflow } from "perdure";
import { createSchedule, readSchedule, type ScheduleView, sendSignal } from "../../../lib/engine/index.ts";
import type { Run } from "../../../lib/ports/run.ts";
import { SCHEDULE_WORKFLOW } from "../../../lib/sdk/names.ts";
import type { ScheduleSpec } from "../../../lib/sdk/schedule.ts";
import type { AnyWorkflow } from "../../../lib/sdk/workflow.ts";
import type { Laboratory } from "../../../lib/testing/laboratory.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Takes as long as its input says, none when that is nothing. */
export const report = workflow("report", async (ctx, input) => {
  const { takes } = (input ?? {}) as { readonly takes?: string };
  if (takes !== undefined) await ctx.sleep("work", takes);
  return ctx.scheduled?.for.toISOString();
});

export const at = (text: string) => Date.parse(text);
export const iso = (time: number) => new Date(time).toISOString();

/** A schedule of `report`. */
export async function schedule(lab: Laboratory, spec: Partial<ScheduleSpec>): Promise<ScheduleView> {
  return await createSchedule(lab.engine, { id: "s", workflow: "report", ...spec });
}

export async function shown(lab: Laboratory, id = "s"): Promise<ScheduleView["shown"]> {
  return (await readSchedule(lab.engine, id)).shown;
}

/** Runs that schedules have started, in the order of their times. */
export async function startedRuns(lab: Laboratory, target: AnyWorkflow = report): Promise<readonly Run[]> {
  const runs: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await lab.store.index.list({
      workflows: [target.name],
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const read = await Promise.all(page.runs.map(({ runId }) => lab.run(runId)));
    runs.push(...read);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return runs.toSorted((a, b) => (a.scheduled?.for ?? 0) - (b.scheduled?.for ?? 0));
}

/** The times that have had a run. */
export async function times(lab: Laboratory): Promise<readonly string[]> {
  return (await startedRuns(lab)).map(({ scheduled }) => iso(scheduled?.for ?? 0));
}

/** When the runs really began, in the order of their times. */
export async function starts(lab: Laboratory): Promise<readonly string[]> {
  return (await startedRuns(lab)).map(({ createdAt }) => iso(Math.floor(createdAt / 1000) * 1000));
}

/** To a time; nothing happens that is not due by then. */
export async function passTo(lab: Laboratory, time: string): Promise<void> {
  await lab.pass(at(time) - lab.clock.now());
}

export async function scheduleRun(lab: Laboratory): Promise<readonly Run[]> {
  const { runs } = await lab.store.index.list({ workflows: [SCHEDULE_WORKFLOW], limit: 100 });
  return await Promise.all(runs.map(({ runId }) => lab.run(runId)));
}

export async function say(lab: Laboratory, runId: string, payload: unknown): Promise<void> {
  await sendSignal(lab.engine, { runId, name: "schedule", payload }, { mayTellOwn: true });
}
