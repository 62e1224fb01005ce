// What callers get. The views are typed by these schemas, the OpenAPI document is made of them, and the tests check
// real answers against them. Times are ISO 8601 in UTC.
import * as v from "valibot";
import { RUN_STATUSES } from "../ports/run.ts";

const time = v.pipe(v.string(), v.isoTimestamp());
const seq = v.pipe(v.number(), v.integer(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

export const ErrorView = v.strictObject({
  name: v.string(),
  message: v.string(),
  code: v.exactOptional(v.string()),
  where: v.exactOptional(v.pipe(v.string(), v.description("Function, file and line that threw it."))),
});

export const WaitView = v.strictObject({
  kind: v.picklist([
    "sleep",
    "signal",
    "retry",
    "condition",
    "step-handler",
    "callback",
    "child",
    "concurrency",
    "singleton",
    "rate",
    "start",
  ]),
  id: v.pipe(v.string(), v.description("Of the waiting call.")),
  until: v.exactOptional(v.pipe(time, v.description("Absent when only the outside can end the wait."))),
  attempt: v.exactOptional(v.pipe(count, v.description("The attempt that comes next."))),
  maxAttempts: v.exactOptional(count),
  lastError: v.exactOptional(v.string()),
});

/** What became of a compensation. */
const UndoneView = v.strictObject({
  id: v.pipe(v.string(), v.description("Of the step that was to be undone.")),
  ok: v.boolean(),
  error: v.exactOptional(v.pipe(v.string(), v.description("Why it could not be undone."))),
});
const undone = v.exactOptional(
  v.pipe(v.array(UndoneView), v.description("Compensations that ran when the run ended, in their order.")),
);
const terminated = v.exactOptional(
  v.pipe(v.literal(true), v.description("Ended from outside at once, without a word to its code.")),
);

const summary = {
  runId: v.string(),
  workflow: v.string(),
  version: v.string(),
  status: v.picklist(RUN_STATUSES),
  startedAt: time,
  startAt: v.exactOptional(v.pipe(time, v.description("Nothing of the run happens before this time."))),
  closedAt: v.exactOptional(time),
  deadline: v.exactOptional(v.pipe(time, v.description("The run ends `timed_out` at this time."))),
  stalled: v.exactOptional(
    v.pipe(
      v.strictObject({ code: v.string(), message: v.string(), at: time }),
      v.description("Why the run needs a person."),
    ),
  ),
  attributes: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
      v.description("As of the last time the run was left by an activation."),
    ),
  ),
  paused: v.exactOptional(
    v.pipe(
      v.literal(true),
      v.description("An operator holds the run. While it is `running` it goes on to where it can leave."),
    ),
  ),
  parent: v.exactOptional(
    v.pipe(
      v.strictObject({
        runId: v.string(),
        id: v.pipe(v.string(), v.description("Of the call that started this run.")),
      }),
      v.description("The run that started this one."),
    ),
  ),
  scheduled: v.exactOptional(
    v.pipe(
      v.strictObject({ schedule: v.string(), for: time }),
      v.description("The schedule that started this run, and the time it was for."),
    ),
  ),
  forkedFrom: v.exactOptional(
    v.pipe(
      v.strictObject({ runId: v.string(), seq: v.pipe(seq, v.description("Of its journal.")) }),
      v.description("The run whose journal this one began with."),
    ),
  ),
  waits: v.pipe(v.array(WaitView), v.description("What a suspended or paused run waits for; the first few.")),
  nextWakeAt: v.exactOptional(v.pipe(time, v.description("When a suspended run goes on by itself."))),
};

export const RunSummary = v.strictObject(summary);
export type RunSummary = v.InferOutput<typeof RunSummary>;

export const RunDetail = v.strictObject({
  ...summary,
  input: v.exactOptional(v.pipe(v.unknown(), v.description("Left out when large."))),
  result: v.exactOptional(v.pipe(v.unknown(), v.description("What the workflow returned."))),
  error: v.exactOptional(ErrorView),
  undone,
  terminated,
  state: v.exactOptional(
    v.pipe(
      v.strictObject({ value: v.unknown(), at: time }),
      v.description("What the workflow published last, and when."),
    ),
  ),
});
export type RunDetail = v.InferOutput<typeof RunDetail>;

export const RunList = v.strictObject({
  runs: v.pipe(v.array(RunSummary), v.description("Newest first.")),
  cursor: v.exactOptional(v.pipe(v.string(), v.description("Absent on the last page."))),
});

export const EntryView = v.strictObject({
  seq: v.pipe(count, v.description("Position in the journal.")),
  type: v.pipe(
    v.string(),
    v.description("For example step.succeeded, sleep.started, signal.received, run.failed."),
  ),
  id: v.exactOptional(v.pipe(v.string(), v.description("Of the call it belongs to."))),
  at: time,
  attempt: v.exactOptional(count),
  value: v.exactOptional(v.unknown()),
  error: v.exactOptional(ErrorView),
  retryAt: v.exactOptional(time),
  wakeAt: v.exactOptional(time),
  deadline: v.exactOptional(time),
  signal: v.exactOptional(v.string()),
  event: v.exactOptional(v.pipe(v.string(), v.description("Type of the event that was emitted."))),
  attributes: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
      v.description("Those that were set; `null` took one away."),
    ),
  ),
  handler: v.exactOptional(v.string()),
  nextAt: v.exactOptional(v.pipe(time, v.description("Of the next look at a condition."))),
  silent: v.exactOptional(
    v.pipe(v.literal(true), v.description("No heartbeat came; the wait itself had time left.")),
  ),
  child: v.exactOptional(v.pipe(v.string(), v.description("Run id of a child."))),
  onParentClose: v.exactOptional(v.string()),
  status: v.exactOptional(v.pipe(v.picklist(RUN_STATUSES), v.description("How a child ended."))),
  reason: v.exactOptional(v.pipe(v.string(), v.description("Why somebody asked for the end."))),
  change: v.exactOptional(v.string()),
  version: v.exactOptional(v.number()),
  turn: v.exactOptional(v.pipe(count, v.description("Of a loop: the one that begins."))),
  generation: v.exactOptional(v.pipe(count, v.description("How often the code has begun."))),
  undone,
  terminated,
});
export type EntryView = v.InferOutput<typeof EntryView>;

export const JournalPage = v.strictObject({
  runId: v.string(),
  entries: v.array(EntryView),
  after: v.pipe(
    seq,
    v.description("Position of the last entry in this answer: `after` of the next request."),
  ),
  more: v.pipe(v.boolean(), v.description("Whether more entries are there already.")),
});
export type JournalPage = v.InferOutput<typeof JournalPage>;

export const SavedJournalPage = v.strictObject({
  format: v.literal("perdure.journal"),
  formatVersion: v.literal(1),
  workflow: v.string(),
  workflowVersion: v.string(),
  behaviour: count,
  runId: v.string(),
  createdAt: v.pipe(seq, v.description("Epoch ms, as all times of this answer.")),
  startAt: v.exactOptional(seq),
  scheduled: v.exactOptional(v.strictObject({ schedule: v.string(), for: seq })),
  status: v.picklist(RUN_STATUSES),
  input: v.exactOptional(
    v.pipe(
      v.looseObject({ encoding: v.string() }),
      v.description("Only in the answer to a request without `after`."),
    ),
  ),
  checkpoints: v.array(
    v.strictObject({
      first: seq,
      fence: seq,
      at: seq,
      entries: v.array(v.looseObject({ type: v.string(), at: seq })),
    }),
  ),
  after: v.pipe(seq, v.description("`after` of the next request, if there is more.")),
  more: v.pipe(v.boolean(), v.description("Whether this is only a part of what is there.")),
});
export type SavedJournalPage = v.InferOutput<typeof SavedJournalPage>;

export const EventPage = v.strictObject({ ...JournalPage.entries, status: v.picklist(RUN_STATUSES) });

export const WorkflowList = v.strictObject({
  workflows: v.array(
    v.strictObject({
      name: v.string(),
      version: v.string(),
      signals: v.pipe(v.array(v.string()), v.description("Those with a declared schema.")),
      timeoutMs: v.exactOptional(v.number()),
    }),
  ),
});

export const SignalAccepted = v.strictObject({
  runId: v.string(),
  signal: v.string(),
  stored: v.pipe(
    v.boolean(),
    v.description("False when the same signal had come before under the same key."),
  ),
});

export const SignalledWithStart = v.strictObject({
  ...SignalAccepted.entries,
  started: v.pipe(v.boolean(), v.description("Whether the run was not there before.")),
});

export const CallbackCompleted = v.strictObject({
  runId: v.string(),
  callback: v.pipe(v.string(), v.description("Id of the call that waited.")),
  stored: v.pipe(v.boolean(), v.description("False when the same completion had come before.")),
});

export const HeartbeatAccepted = v.strictObject({ heard: v.literal(true) });

export const ApprovalDecided = v.strictObject({
  runId: v.string(),
  approval: v.pipe(v.string(), v.description("Id of the call that waited.")),
  approved: v.boolean(),
  stored: v.pipe(v.boolean(), v.description("False when the same decision had come before.")),
});

export const ErrorPage = v.strictObject({
  code: v.string(),
  title: v.string(),
  advice: v.pipe(v.string(), v.description("What to do.")),
  page: v.pipe(v.string(), v.description("The whole page, in the package and its repository.")),
});

export const Health = v.strictObject({ status: v.literal("ok") });
