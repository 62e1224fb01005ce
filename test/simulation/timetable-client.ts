// What people do to the schedule of a program: one after the other, each until he is answered (client.ts).
import {
  backfillSchedule,
  createSchedule,
  deleteSchedule,
  type Engine,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
  updateSchedule,
} from "../../lib/engine/index.ts";
import type { ErrorCode } from "../../lib/sdk/errors.ts";
import type { ScheduleSpec } from "../../lib/sdk/schedule.ts";
import { expectRefusal, untilAnswered } from "./client.ts";
import { inputOf, type Program, WORKFLOW } from "./program.ts";
import {
  BACKFILLED_TIMES,
  type Request,
  SCHEDULE_ID,
  SCHEDULED_LABEL,
  type Terms,
  type Timetable,
} from "./timetable.ts";
import type { World } from "./world.ts";

/** A process may have a clock that is behind, and only the past is filled in. */
const SURELY_PAST_MS = 12_000;

export async function followTimetable(world: World, program: Program, timetable: Timetable): Promise<void> {
  const { clock } = world.outside;
  const make = async () => {
    // What is asked again is the same, whenever that is.
    const spec = specOf(program, timetable, timetable, clock.now());
    // A try of before may have been applied late: then it is there, or was, and its times are over.
    await ask(
      world,
      async (engine) => await createSchedule(engine, spec),
      "E_SCHEDULE_EXISTS",
      "E_BAD_OPTION",
    );
  };
  await make();
  for (const [nth, { what, afterMs }] of timetable.requests.entries()) {
    await clock.sleep(afterMs);
    if (what === "make again") await make();
    else if (what === "update") {
      const spec = specOf(program, timetable, timetable.later, clock.now());
      const idempotencyKey = `request ${nth}`;
      const act = async (engine: Engine) => await updateSchedule(engine, spec, { idempotencyKey });
      // Asked again much later, its times may be over.
      await ask(world, act, "E_SCHEDULE_NOT_FOUND", "E_RUN_CLOSED", "E_BAD_OPTION");
    } else {
      const act = actOf(what, timetable, clock.now(), `request ${nth}`);
      // It may have ended by itself, also between the look and the word.
      await ask(world, act, "E_SCHEDULE_NOT_FOUND", "E_RUN_CLOSED");
    }
  }
  // What was told within the skew of two clocks may be taken in another order; then somebody finds it paused.
  if (!world.course.doClocksDisagree || !timetable.requests.some(({ what }) => what === "pause")) return;
  await clock.sleep(SURELY_PAST_MS);
  const resume = actOf("resume", timetable, clock.now(), "last word");
  await ask(world, resume, "E_SCHEDULE_NOT_FOUND", "E_RUN_CLOSED");
}

async function ask(
  world: World,
  act: (engine: Engine) => Promise<unknown>,
  ...expected: readonly ErrorCode[]
): Promise<void> {
  const answer = await untilAnswered(world, act);
  if ("refusal" in answer) expectRefusal(world, answer.refusal, ...expected);
}

function actOf(
  what: Exclude<Request["what"], "make again" | "update">,
  { everyMs }: Timetable,
  now: number,
  idempotencyKey: string,
): (engine: Engine) => Promise<unknown> {
  const id = SCHEDULE_ID;
  switch (what) {
    case "pause":
      return async (engine) => await pauseSchedule(engine, id, { idempotencyKey });
    case "resume":
      return async (engine) => await resumeSchedule(engine, id, { idempotencyKey });
    case "trigger":
      return async (engine) => await triggerSchedule(engine, id, { idempotencyKey });
    case "delete":
      return async (engine) => await deleteSchedule(engine, id);
    default: {
      const to = now - SURELY_PAST_MS;
      const request = { from: to - BACKFILLED_TIMES * everyMs + 1, to, idempotencyKey };
      const overlap = what === "backfill" ? "wait" : "allow";
      return async (engine) => await backfillSchedule(engine, id, { ...request, overlap });
    }
  }
}

function specOf(
  program: Program,
  { node, everyMs, isCron, lastsMs, jitterMs }: Timetable,
  { limit, overlap, catchUpMs }: Terms,
  now: number,
): ScheduleSpec {
  return {
    id: SCHEDULE_ID,
    workflow: WORKFLOW,
    input: inputOf(program, SCHEDULED_LABEL, node),
    ...(isCron ? { cron: `*/${everyMs / 60_000} * * * *` } : { every: everyMs }),
    until: now + Math.max(lastsMs, isCron ? everyMs : 0),
    ...(limit === undefined ? {} : { limit }),
    overlap,
    catchUp: catchUpMs,
    jitter: jitterMs,
  };
}
