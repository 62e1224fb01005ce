// Routes about schedules. What changes one is kept for its run, which takes it in order: answers show the schedule as it
// stood before.
import {
  backfillSchedule,
  createSchedule,
  deleteSchedule,
  listSchedules,
  pauseSchedule,
  readSchedule,
  resumeSchedule,
  triggerSchedule,
  updateSchedule,
} from "../engine/index.ts";
import { LIST_PAGE } from "../limits.ts";
import type { ScheduleSpec } from "../sdk/schedule.ts";
import { placeFaults } from "./place-faults.ts";
import { NoBody } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";
import {
  BackfillBody,
  PauseScheduleBody,
  ScheduleBody,
  ScheduleListQuery,
  SchedulePath,
  ScheduleUpdateBody,
  TriggerBody,
} from "./schedule-requests.ts";
import { BackfillAccepted, ScheduleList, ScheduleView, viewSchedule } from "./schedule-view.ts";

const SPEC_FAULTS = [
  "E_BAD_OPTION",
  "E_BAD_NAME",
  "E_UNKNOWN_WORKFLOW",
  "E_NOT_SERIALIZABLE",
  "E_TOO_LARGE",
] as const;
const TOLD_FAULTS = [
  "E_SCHEDULE_NOT_FOUND",
  "E_RUN_CLOSED",
  "E_IDEMPOTENCY_CONFLICT",
  "E_BAD_OPTION",
] as const;
const accepted = json(ScheduleView, "It is stored; the schedule as it stood before.");
const keyOf = (key: string | undefined) => (key === undefined ? {} : { idempotencyKey: key });

const create = defineRoute({
  method: "POST",
  path: "/schedules",
  id: "createSchedule",
  summary: "Makes a schedule. Can be repeated: the id is its key.",
  body: ScheduleBody,
  answers: {
    201: json(ScheduleView, "The schedule was made.", { Location: "Address of the schedule." }),
    200: json(ScheduleView, "It was there already, and says the same.", {
      Location: "Address of the schedule.",
    }),
  },
  faults: [...SPEC_FAULTS, "E_SCHEDULE_EXISTS"],
  async handle({ body, c, api }) {
    const made = await placeFaults("/input", () => createSchedule(api.engine, body as ScheduleSpec));
    return c.json(viewSchedule(made), made.created ? 201 : 200, { location: `/schedules/${body.id}` });
  },
});

const list = defineRoute({
  method: "GET",
  path: "/schedules",
  id: "listSchedules",
  summary: "The schedules there are, newest first.",
  query: ScheduleListQuery,
  answers: { 200: json(ScheduleList, "One page.") },
  faults: ["E_INVALID_INPUT"],
  async handle({ query: { limit = LIST_PAGE.default, ...page }, c, api }) {
    const { schedules, ...more } = await listSchedules(api.engine, { limit, ...page });
    return c.json({ schedules: schedules.map(viewSchedule), ...more });
  },
});

const read = defineRoute({
  method: "GET",
  path: "/schedules/{scheduleId}",
  id: "readSchedule",
  summary: "One schedule: what it says, its next times, its last runs and what it has counted.",
  params: SchedulePath,
  answers: { 200: json(ScheduleView, "As its run last said it stands.") },
  faults: ["E_SCHEDULE_NOT_FOUND"],
  async handle({ params, c, api }) {
    return c.json(viewSchedule(await readSchedule(api.engine, params.scheduleId)));
  },
});

const update = defineRoute({
  method: "PUT",
  path: "/schedules/{scheduleId}",
  id: "updateSchedule",
  summary:
    "Says something else of a schedule. Its times count from now; what is open and what was counted stays.",
  params: SchedulePath,
  headers: ["Idempotency-Key"],
  body: ScheduleUpdateBody,
  answers: { 202: accepted },
  faults: [...SPEC_FAULTS, ...TOLD_FAULTS],
  async handle({ params, body, c, api }) {
    const spec = { ...body, id: params.scheduleId } as ScheduleSpec;
    const repeatable = keyOf(c.req.header("idempotency-key"));
    return c.json(
      viewSchedule(await placeFaults("/input", () => updateSchedule(api.engine, spec, repeatable))),
      202,
    );
  },
});

const remove = defineRoute({
  method: "DELETE",
  path: "/schedules/{scheduleId}",
  id: "deleteSchedule",
  summary: "Ends a schedule. Runs that it has started go on; its id is free again.",
  params: SchedulePath,
  answers: { 200: json(ScheduleView, "The schedule as it stood.") },
  faults: ["E_SCHEDULE_NOT_FOUND"],
  async handle({ params, c, api }) {
    return c.json(viewSchedule(await deleteSchedule(api.engine, params.scheduleId)));
  },
});

const pause = defineRoute({
  method: "POST",
  path: "/schedules/{scheduleId}/pause",
  id: "pauseSchedule",
  summary: "Starts no runs for its times until it is resumed. Pausing again changes the reason.",
  params: SchedulePath,
  headers: ["Idempotency-Key"],
  body: PauseScheduleBody,
  isBodyOptional: true,
  answers: { 202: accepted },
  faults: TOLD_FAULTS,
  async handle({ params, body, c, api }) {
    const request = { ...body, ...keyOf(c.req.header("idempotency-key")) };
    return c.json(viewSchedule(await pauseSchedule(api.engine, params.scheduleId, request)), 202);
  },
});

const resume = defineRoute({
  method: "POST",
  path: "/schedules/{scheduleId}/resume",
  id: "resumeSchedule",
  summary: "Goes on with the next time; those that have passed are counted as skipped.",
  params: SchedulePath,
  headers: ["Idempotency-Key"],
  body: NoBody,
  isBodyOptional: true,
  answers: { 202: accepted },
  faults: TOLD_FAULTS,
  async handle({ params, c, api }) {
    const request = keyOf(c.req.header("idempotency-key"));
    return c.json(viewSchedule(await resumeSchedule(api.engine, params.scheduleId, request)), 202);
  },
});

const trigger = defineRoute({
  method: "POST",
  path: "/schedules/{scheduleId}/trigger",
  id: "triggerSchedule",
  summary: "Starts a run now, also of a schedule that is paused. Its times stay as they are.",
  params: SchedulePath,
  headers: ["Idempotency-Key"],
  body: TriggerBody,
  isBodyOptional: true,
  answers: { 202: accepted },
  faults: TOLD_FAULTS,
  async handle({ params, body, c, api }) {
    const request = { ...body, ...keyOf(c.req.header("idempotency-key")) };
    return c.json(viewSchedule(await triggerSchedule(api.engine, params.scheduleId, request)), 202);
  },
});

const backfill = defineRoute({
  method: "POST",
  path: "/schedules/{scheduleId}/backfill",
  id: "backfillSchedule",
  summary: "Starts runs for the times of the past from `from` to `to`, both included, that have had none.",
  params: SchedulePath,
  headers: ["Idempotency-Key"],
  body: BackfillBody,
  answers: { 202: json(BackfillAccepted, "It is stored; the schedule as it stood before.") },
  faults: TOLD_FAULTS,
  async handle({ params, body, c, api }) {
    const request = { ...body, ...keyOf(c.req.header("idempotency-key")) };
    const { times, ...view } = await backfillSchedule(api.engine, params.scheduleId, request);
    return c.json({ schedule: viewSchedule(view), times }, 202);
  },
});

export const scheduleRoutes: readonly Route[] = [
  create,
  list,
  read,
  update,
  remove,
  pause,
  resume,
  trigger,
  backfill,
];
