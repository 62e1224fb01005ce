// What callers may send about schedules. Whether a cron expression, a zone, a duration or a time can be read is the engine's
// to say, in the same words as everywhere.
import * as v from "valibot";
import { LIST_PAGE, MAX_SCHEDULE_ID_CHARS } from "../limits.ts";
import { wholeNumber } from "./requests.ts";

const MAX_TEXT_CHARS = 200;

const id = v.pipe(
  v.string(),
  v.maxLength(MAX_SCHEDULE_ID_CHARS),
  v.regex(/^(?!\.{1,2}$)[\w.:-]+$/, "must be letters, digits, '_', '.', ':' or '-'"),
);
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
const duration = v.pipe(
  v.union([text, v.number()]),
  v.description('Like "3 days" or "1h 30m", or milliseconds.'),
);
const time = v.pipe(
  v.union([text, v.number()]),
  v.description("ISO 8601 with its zone, or epoch milliseconds."),
);
const overlap = v.pipe(
  v.picklist(["skip", "buffer-one", "allow", "cancel-other"]),
  v.description("What becomes of a time that comes while a run is open."),
);

const spec = {
  workflow: v.pipe(text, v.description("Whose runs are started.")),
  input: v.exactOptional(
    v.pipe(v.unknown(), v.description("Of each run; checked against the workflow's schema.")),
  ),
  attributes: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
      v.description("What each run is found by, besides `schedule` and `scheduledFor`."),
    ),
  ),
  cron: v.exactOptional(v.pipe(text, v.description("Five fields, or six with the second before them."))),
  timeZone: v.exactOptional(v.pipe(text, v.description("IANA name that `cron` is read in. @default UTC"))),
  every: v.exactOptional(duration),
  at: v.exactOptional(time),
  overlap: v.exactOptional(overlap),
  catchUp: v.exactOptional(
    v.pipe(
      v.union([text, v.number()]),
      v.description("Times that are later than this are missed. @default 1 hour"),
    ),
  ),
  jitter: v.exactOptional(duration),
  from: v.exactOptional(time),
  until: v.exactOptional(time),
  limit: v.exactOptional(v.pipe(v.number(), v.description("Of runs; then the schedule ends."))),
};

export const SchedulePath = v.strictObject({ scheduleId: id });
export const ScheduleBody = v.pipe(
  v.strictObject({ id, ...spec }),
  v.description("Exactly one of `cron`, `every` and `at`."),
);
export const ScheduleUpdateBody = v.pipe(
  v.strictObject(spec),
  v.description("All of it: what is not named is not kept. Exactly one of `cron`, `every` and `at`."),
);
export const ScheduleListQuery = v.strictObject({
  limit: v.exactOptional(wholeNumber(1, LIST_PAGE.most)),
  cursor: v.exactOptional(v.pipe(v.string(), v.maxLength(1_024), v.description("From the page before."))),
});
export const PauseScheduleBody = v.strictObject({
  reason: v.exactOptional(v.pipe(v.string(), v.maxLength(1_000), v.description("Kept, and shown."))),
});
export const TriggerBody = v.strictObject({ overlap: v.exactOptional(overlap) });
export const BackfillBody = v.strictObject({
  from: time,
  to: time,
  overlap: v.exactOptional(
    v.pipe(
      v.picklist(["wait", "allow"]),
      v.description("One after the other, or all beside each other. @default wait"),
    ),
  ),
});
