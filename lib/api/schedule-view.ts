// A schedule as callers see it: what it says, and how its run last said it stands. Times are ISO 8601, durations ms.
import * as v from "valibot";
import type { ScheduleView as Seen } from "../engine/index.ts";
import { CLOSED_STATUSES, RUN_STATUSES } from "../ports/run.ts";
import { toJsonView } from "./json-view.ts";
import { isoTime } from "./run-view.ts";

const time = v.pipe(v.string(), v.isoTimestamp());
const durationMs = v.pipe(v.number(), v.integer(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const kind = v.pipe(
  v.picklist(["scheduled", "trigger", "backfill"]),
  v.description(
    "Its time had come, or somebody asked for it: for one now, or for those of a time that is past.",
  ),
);

export const ScheduleView = v.strictObject({
  id: v.string(),
  workflow: v.string(),
  input: v.exactOptional(v.unknown()),
  attributes: v.exactOptional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
  cron: v.exactOptional(v.string()),
  timeZone: v.exactOptional(v.string()),
  everyMs: v.exactOptional(durationMs),
  at: v.exactOptional(time),
  overlap: v.picklist(["skip", "buffer-one", "allow", "cancel-other"]),
  catchUpMs: durationMs,
  jitterMs: durationMs,
  from: v.exactOptional(time),
  until: v.exactOptional(time),
  limit: v.exactOptional(count),
  runId: v.pipe(
    v.string(),
    v.description("Of the run that carries it: its journal is the schedule's history."),
  ),
  status: v.pipe(v.picklist(RUN_STATUSES), v.description("Of that run.")),
  createdAt: time,
  paused: v.exactOptional(v.strictObject({ at: time, reason: v.exactOptional(v.string()) })),
  next: v.pipe(
    v.array(time),
    v.description("The first few times to come; when it is paused, those it would have."),
  ),
  open: v.pipe(v.array(v.string()), v.description("Ids of the runs that it has started and that go on.")),
  waiting: v.exactOptional(
    v.pipe(v.strictObject({ kind, scheduledFor: time }), v.description("Starts when no run is open.")),
  ),
  backfills: v.pipe(
    v.array(v.strictObject({ next: time, to: time, overlap: v.picklist(["wait", "allow"]) })),
    v.description("What is still to be filled in."),
  ),
  counts: v.strictObject({
    started: count,
    skipped: v.pipe(count, v.description("Times not kept because a run was open, or the schedule paused.")),
    missed: v.pipe(count, v.description("Times that could not be kept within `catchUp`.")),
    failed: v.pipe(count, v.description("Starts that were refused.")),
  }),
  recent: v.pipe(
    v.array(
      v.strictObject({
        runId: v.string(),
        kind,
        scheduledFor: time,
        startedAt: time,
        status: v.picklist(["open", ...CLOSED_STATUSES]),
        closedAt: v.exactOptional(time),
      }),
    ),
    v.description("The last few runs, newest first."),
  ),
  lastError: v.exactOptional(
    v.pipe(v.strictObject({ at: time, message: v.string() }), v.description("Why a start was refused last.")),
  ),
});

export const ScheduleList = v.strictObject({
  schedules: v.pipe(v.array(ScheduleView), v.description("Newest first.")),
  cursor: v.exactOptional(v.pipe(v.string(), v.description("Absent on the last page."))),
});

export const BackfillAccepted = v.strictObject({
  schedule: ScheduleView,
  times: v.pipe(count, v.description("How many are filled in; those that have had a run are left out.")),
});

export function viewSchedule({ run, shown }: Seen): v.InferOutput<typeof ScheduleView> {
  const { plan, paused, waiting, lastError, counts, open } = shown;
  const { every, at, catchUp, jitter, from, until, input, ...rest } = plan;
  return {
    ...rest,
    ...("input" in plan ? { input: toJsonView(input) } : {}),
    ...(every === undefined ? {} : { everyMs: every }),
    ...iso({ at, from, until }),
    catchUpMs: catchUp,
    jitterMs: jitter,
    runId: run.runId,
    status: run.status,
    createdAt: isoTime(run.createdAt),
    ...(paused === undefined ? {} : { paused: { ...paused, at: isoTime(paused.at) } }),
    next: shown.times.map(isoTime),
    open: [...open],
    ...(waiting === undefined
      ? {}
      : { waiting: { kind: waiting.kind, scheduledFor: isoTime(waiting.time) } }),
    backfills: shown.backfills.map(({ next, to, overlap }) => ({
      next: isoTime(next),
      to: isoTime(to),
      overlap,
    })),
    counts,
    recent: shown.recent.map(({ runId, kind, time, startedAt, status, closedAt }) => ({
      runId,
      kind,
      scheduledFor: isoTime(time),
      startedAt: isoTime(startedAt),
      status,
      ...iso({ closedAt }),
    })),
    ...(lastError === undefined ? {} : { lastError: { ...lastError, at: isoTime(lastError.at) } }),
  };
}

/** Those that are there. */
function iso<Name extends string>(
  times: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, string>> {
  const given = Object.entries<number | undefined>(times).filter(
    (pair): pair is [string, number] => pair[1] !== undefined,
  );
  return Object.fromEntries(given.map(([name, epochMs]) => [name, isoTime(epochMs)])) as Partial<
    Record<Name, string>
  >;
}
