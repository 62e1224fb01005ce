// Schedules from outside: made, read, changed, ended. A schedule's run is found by the slot that it holds as the one open
// run of its id (flow control), so that an id is free again once its schedule has ended, and the runs of a later one never
// meet those of the one before: their ids begin with that of its run.
//
// What changes a schedule is a signal to its run: it is kept, taken in order, and repeated without harm under one
// idempotency key. So the answer says that it is stored; how the schedule stands shows it a moment later.
import { isDeepStrictEqual } from "node:util";
import { MAX_BACKFILL_TIMES } from "../../limits.ts";
import { isClosed, RUN_STATUSES, type Run } from "../../ports/run.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { SCHEDULE_WORKFLOW } from "../../sdk/names.ts";
import type { OverlapPolicy, ScheduleSpec, TimeGiven } from "../../sdk/schedule.ts";
import { timeMs } from "../../sdk/time.ts";
import type { Engine } from "../engine.ts";
import { limiterName } from "../flow/limiters.ts";
import { look } from "../flow/line.ts";
import { unpack } from "../payloads.ts";
import { readState } from "../read-state.ts";
import { inputOf } from "../replay.ts";
import { sendSignal } from "../send-signal.ts";
import { startRun, workflowNamed } from "../start-run.ts";
import { terminateRun } from "../terminate-run.ts";
import { checkInput } from "../validate.ts";
import { isBackfillOverlap, SCHEDULE_SIGNAL, type ScheduleEvent } from "./events.ts";
import { checkOverlap, checkScheduleId, isoOf, type Plan, planOf } from "./plan.ts";
import { firstState, type ScheduleState } from "./state.ts";
import { nextTime, nextWithin } from "./times.ts";
import { type PublishedSchedule, shownOf } from "./workflow.ts";

/** How a schedule stood when its run last said so. */
export interface ScheduleView {
  readonly run: Run;
  readonly shown: PublishedSchedule;
}

/** How what is asked for is told from what was asked for before. */
export interface Repeatable {
  readonly idempotencyKey?: string;
}

const OPEN = RUN_STATUSES.filter((status) => !isClosed(status));

/**
 * Makes a schedule, unless there is one that is the same.
 *
 * @throws E_BAD_OPTION, E_BAD_NAME, E_UNKNOWN_WORKFLOW, E_INVALID_INPUT, E_NOT_SERIALIZABLE, E_TOO_LARGE: nothing was written
 * @throws E_SCHEDULE_EXISTS when there is another one with its id
 */
export async function createSchedule(
  engine: Engine,
  spec: ScheduleSpec,
): Promise<ScheduleView & { readonly created: boolean }> {
  const plan = planOf(spec);
  await checkTarget(engine, plan);
  const standing = await findSchedule(engine, plan.id);
  if (standing !== undefined) return { ...sameAs(standing, plan), created: false };
  checkComes(engine, plan);
  const { run, created } = await startRun(engine, { workflow: SCHEDULE_WORKFLOW, input: plan });
  const view = await viewOf(engine, run);
  return { ...(created ? view : sameAs(view, plan)), created };
}

/** @throws E_SCHEDULE_NOT_FOUND, E_BAD_OPTION */
export async function readSchedule(engine: Engine, id: string): Promise<ScheduleView> {
  checkScheduleId(id);
  const found = await findSchedule(engine, id);
  if (found !== undefined) return found;
  throw new PerdureError("E_SCHEDULE_NOT_FOUND", `There is no schedule "${id}".`);
}

/** Newest first. */
export async function listSchedules(
  engine: Engine,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly schedules: readonly ScheduleView[]; readonly cursor?: string }> {
  const { index } = engine.ports.store;
  const { runs, cursor } = await index.list({ workflows: [SCHEDULE_WORKFLOW], statuses: OPEN, ...page });
  const schedules = await Promise.all(runs.map((run) => viewOf(engine, run)));
  return { schedules, ...(cursor === undefined ? {} : { cursor }) };
}

/**
 * Puts another plan in the place of the present one: its times count from now on. Runs that are open, and counts, stay.
 *
 * @throws as createSchedule; E_SCHEDULE_NOT_FOUND
 */
export async function updateSchedule(
  engine: Engine,
  spec: ScheduleSpec,
  repeatable: Repeatable = {},
): Promise<ScheduleView> {
  const plan = planOf(spec);
  await checkTarget(engine, plan);
  const view = await readSchedule(engine, plan.id);
  checkComes(engine, plan);
  return await tell(engine, view, { type: "update", plan }, repeatable);
}

/** Its times are left out until it is resumed. Pausing again changes the reason. @throws E_SCHEDULE_NOT_FOUND, E_BAD_OPTION */
export async function pauseSchedule(
  engine: Engine,
  id: string,
  { reason, ...repeatable }: Repeatable & { readonly reason?: string } = {},
): Promise<ScheduleView> {
  const event: ScheduleEvent = { type: "pause", ...(reason === undefined ? {} : { reason }) };
  return await tell(engine, await readSchedule(engine, id), event, repeatable);
}

/** Goes on with the next time. Nothing happens to one that is not paused. @throws E_SCHEDULE_NOT_FOUND, E_BAD_OPTION */
export async function resumeSchedule(
  engine: Engine,
  id: string,
  repeatable: Repeatable = {},
): Promise<ScheduleView> {
  return await tell(engine, await readSchedule(engine, id), { type: "resume" }, repeatable);
}

/**
 * Starts a run now, also of a schedule that is paused; its times stay as they are.
 *
 * @throws E_SCHEDULE_NOT_FOUND, E_BAD_OPTION
 */
export async function triggerSchedule(
  engine: Engine,
  id: string,
  { overlap, ...repeatable }: Repeatable & { readonly overlap?: OverlapPolicy } = {},
): Promise<ScheduleView> {
  if (overlap !== undefined) checkOverlap("overlap", overlap);
  const event: ScheduleEvent = { type: "trigger", ...(overlap === undefined ? {} : { overlap }) };
  return await tell(engine, await readSchedule(engine, id), event, repeatable);
}

export interface BackfillRequest extends Repeatable {
  /** Both included. */
  readonly from: TimeGiven;
  readonly to: TimeGiven;
  /** Each run waits until no other of the schedule is open, or they go on beside each other. @default "wait" */
  readonly overlap?: "wait" | "allow";
}

/**
 * Starts a run for each time of the past that lies in between, those that have had one left out.
 *
 * @throws E_SCHEDULE_NOT_FOUND, E_BAD_OPTION
 */
export async function backfillSchedule(
  engine: Engine,
  id: string,
  { from: first, to: last, overlap, ...repeatable }: BackfillRequest,
): Promise<ScheduleView & { readonly times: number }> {
  const [from, to] = [timeMs(first, "from"), timeMs(last, "to")];
  if (!isBackfillOverlap(overlap))
    throw bad(`overlap is ${JSON.stringify(overlap)}; of a backfill it must be "wait" or "allow"`);
  if (to < from) throw bad(`from is ${isoOf(from)} and to is ${isoOf(to)}; to must not be before from`);
  if (to > engine.ports.clock.now()) throw bad(`to is ${isoOf(to)}; only what is past can be filled in`);
  const view = await readSchedule(engine, id);
  const times = countTimes(view.shown, from, to);
  const event = { type: "backfill" as const, from, to, ...(overlap === undefined ? {} : { overlap }) };
  return { ...(await tell(engine, view, event, repeatable)), times };
}

/** Ends it. Runs that it has started go on. @throws E_SCHEDULE_NOT_FOUND, E_BAD_OPTION */
export async function deleteSchedule(engine: Engine, id: string): Promise<ScheduleView> {
  const view = await readSchedule(engine, id);
  await end(engine, view.run, "the schedule was deleted");
  return view;
}

function countTimes({ plan, anchor }: ScheduleState, from: number, to: number): number {
  let time: number | undefined = from - 1;
  for (let count = 0; count <= MAX_BACKFILL_TIMES; count += 1) {
    time = nextWithin(plan, time, to, anchor);
    if (time === undefined) return count;
  }
  throw bad(
    `There are more than ${MAX_BACKFILL_TIMES} times from ${isoOf(from)} to ${isoOf(to)}; ask for less`,
  );
}

async function tell(
  engine: Engine,
  view: ScheduleView,
  payload: ScheduleEvent,
  repeatable: Repeatable,
): Promise<ScheduleView> {
  const request = { runId: view.run.runId, name: SCHEDULE_SIGNAL, payload, ...repeatable };
  await sendSignal(engine, request, { mayTellOwn: true });
  return view;
}

/** The open run that holds the id. */
async function findSchedule(engine: Engine, id: string): Promise<ScheduleView | undefined> {
  const { runs, journal } = engine.ports.store;
  const { holders } = await look(engine, limiterName(SCHEDULE_WORKFLOW, `s/${id}`));
  for (const runId of holders) {
    const run = await runs.get(runId);
    if (run === undefined || isClosed(run.status)) continue;
    const isToEnd =
      (await journal.fact(runId, "cancel")) !== undefined ||
      (await journal.fact(runId, "terminate")) !== undefined;
    if (!isToEnd) return await viewOf(engine, run);
    // Somebody has asked for its end, and may have died over it.
    await end(engine, run, "the schedule was asked to end");
  }
  return undefined;
}

async function end(engine: Engine, { runId }: Run, reason: string): Promise<void> {
  try {
    await terminateRun(engine, { runId, reason });
  } catch (error) {
    if (!(error instanceof PerdureError && error.code === "E_RUN_CLOSED")) throw error;
  }
}

async function viewOf(engine: Engine, run: Run): Promise<ScheduleView> {
  const state = await readState(engine, run.runId);
  if (state !== undefined)
    return { run, shown: (await unpack(state.value, engine.ports.blobs)) as PublishedSchedule };
  const facts = "fact" in run.input ? [await engine.ports.store.journal.fact(run.runId, run.input.fact)] : [];
  const present = facts.filter((fact) => fact !== undefined);
  return { run, shown: shownOf(firstState((await inputOf(engine, run, present)) as Plan, run.createdAt)) };
}

function sameAs(view: ScheduleView, plan: Plan): ScheduleView {
  if (isDeepStrictEqual(view.shown.plan, plan)) return view;
  const what = `There is a schedule "${plan.id}" already, and it says something else.`;
  throw new PerdureError("E_SCHEDULE_EXISTS", what);
}

/** As a start of the run would. @throws E_UNKNOWN_WORKFLOW, E_INVALID_INPUT */
async function checkTarget(engine: Engine, { workflow, input }: Plan): Promise<void> {
  if (workflow === SCHEDULE_WORKFLOW) throw bad("A schedule cannot start schedules");
  await checkInput(workflowNamed(engine, workflow).inputSchema, input);
}

function checkComes(engine: Engine, plan: Plan): void {
  const now = engine.ports.clock.now();
  if (nextTime(plan, now, now) !== undefined) return;
  if (plan.at !== undefined && plan.at <= now)
    throw bad(`at of the schedule is ${isoOf(plan.at)}; it is past`);
  throw bad(`Schedule "${plan.id}" would never start a run: none of its times lies in the future`);
}

function bad(what: string): PerdureError {
  return new PerdureError("E_BAD_OPTION", `${what}.`);
}
