// What callers may send: path parameters, queries, bodies. The routes check against these schemas and the OpenAPI
// document is made of them, so the two cannot disagree.
import * as v from "valibot";
import {
  JOURNAL_PAGE,
  LIST_PAGE,
  MAX_APPROVAL_NOTE_CHARS,
  MAX_APPROVER_CHARS,
  MAX_CALLER_KEY_CHARS,
  MAX_ERROR_TEXT_CHARS,
  MAX_NAME_CHARS,
  MAX_WAIT_MS,
} from "../limits.ts";
import { RUN_STATUSES } from "../ports/run.ts";
import { durationMs } from "../sdk/duration.ts";

// Not "." or "..": a URL parser takes those for folders.
const RUN_ID = /^(?!\.{1,2}$)[\w.:-]+$/;
const DURATION = /^\d{1,9}\s?(?:ms|s|m)$/;

const runId = v.pipe(
  v.string(),
  v.maxLength(MAX_CALLER_KEY_CHARS),
  v.regex(RUN_ID, "must be letters, digits, '_', '.', ':' or '-'"),
);
/** Of a token: a run id in base64url, a secret and some signs. */
const MAX_TOKEN_CHARS = 300;
/** Of a call inside scopes. */
const MAX_ID_CHARS = 2_048;
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_CHARS));

export const RunPath = v.strictObject({ runId });
export const WorkflowPath = v.strictObject({ workflow: name });
export const SignalPath = v.strictObject({ runId, name });
export const StartingSignalPath = v.strictObject({ workflow: name, name });
/** Whether there is such a token is the engine's to say. Nothing here may quote it. */
export const TokenPath = v.strictObject({ token: v.pipe(v.string(), v.maxLength(MAX_TOKEN_CHARS)) });
export const NoPath = v.strictObject({});

export const StartBody = v.strictObject({
  input: v.exactOptional(v.pipe(v.unknown(), v.description("Checked against the workflow's schema."))),
  runId: v.exactOptional(
    v.pipe(
      runId,
      v.description("Chosen by the caller, and its own idempotency key. Not together with the header."),
    ),
  ),
  attributes: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
      v.description("What the run is found by in lists; the workflow may change them."),
    ),
  ),
  startAt: v.exactOptional(
    v.pipe(
      v.string(),
      v.isoTimestamp("must be an ISO 8601 time with its zone"),
      v.description("Nothing of the run happens before this time. @default - at once"),
    ),
  ),
});
const payload = v.exactOptional(
  v.pipe(v.unknown(), v.description("Checked against the workflow's schema of that signal.")),
);
export const SignalBody = v.strictObject({ payload });
export const StartingSignalBody = v.strictObject({
  input: v.exactOptional(v.pipe(v.unknown(), v.description("Used when the run is not there yet."))),
  payload,
  runId: v.exactOptional(
    v.pipe(
      runId,
      v.description(
        "The run that is meant; started under this id if it is not there. Without it, the header says which.",
      ),
    ),
  ),
});
export const EndBody = v.strictObject({
  reason: v.exactOptional(
    v.pipe(v.string(), v.maxLength(1_000), v.description("Kept, and told to the workflow.")),
  ),
});
export const RetryBody = v.strictObject({
  from: v.exactOptional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(MAX_ID_CHARS),
      v.description("Id of the step from which on everything is done again."),
    ),
  ),
});
export const ForkBody = v.strictObject({
  after: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.description("Position of the last entry the new run begins with; 0 begins afresh."),
  ),
  input: v.exactOptional(v.pipe(v.unknown(), v.description("@default - the old run's input"))),
});
export const ErrorBody = v.strictObject({
  message: v.pipe(v.string(), v.maxLength(MAX_ERROR_TEXT_CHARS)),
  name: v.exactOptional(name),
  code: v.exactOptional(name),
});
export const CompletionBody = v.pipe(
  v.strictObject({
    result: v.exactOptional(v.pipe(v.unknown(), v.description("What the wait gives; checked by the code."))),
    error: v.exactOptional(v.pipe(ErrorBody, v.description("Makes the wait fail."))),
  }),
  v.description("Either `result` or `error`."),
  v.check((body) => "result" in body !== "error" in body, "must have either `result` or `error`"),
);
const writtenText = (mostChars: number) => v.pipe(v.string(), v.maxLength(mostChars), v.trim());
export const DecisionBody = v.strictObject({
  by: v.exactOptional(
    v.pipe(writtenText(MAX_APPROVER_CHARS), v.description("Who decides, in their own words.")),
  ),
  note: v.exactOptional(v.pipe(writtenText(MAX_APPROVAL_NOTE_CHARS), v.description("Why."))),
});
export const NoBody = v.strictObject({});

export const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,10}$/, "must be a whole number"),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
  );
const MAX_SEQ = 9_999_999_999;
const after = v.exactOptional(
  v.pipe(wholeNumber(0, MAX_SEQ), v.description("Only entries behind this position; 0 is the beginning.")),
);
const wait = v.exactOptional(
  v.pipe(
    v.string(),
    v.regex(DURATION, 'must be a duration like "20s" or "500ms"'),
    v.description(`Longest time the answer may take, at most ${MAX_WAIT_MS / 1000}s; more counts as that.`),
  ),
);
/** `?a=1&a=2` and `?a=1,2` are the same list. */
const listOf = <const Item extends string>(items: readonly Item[]) =>
  v.pipe(
    v.union([v.string(), v.array(v.string())]),
    v.transform((given) => [given].flat().flatMap((text) => text.split(","))),
    v.array(v.picklist(items, ({ received }) => `must be of ${items.join(", ")}, not ${received}`)),
    v.minLength(1),
    v.maxLength(items.length),
  );
const time = v.pipe(
  v.string(),
  v.union(
    [v.pipe(v.string(), v.isoTimestamp()), v.pipe(v.string(), v.isoDate())],
    "must be a time like 2026-01-31T12:00:00Z",
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), "must be a time that exists"),
);

export const NoQuery = v.strictObject({});
export const RunQuery = v.strictObject({ wait });
export const JournalQuery = v.strictObject({
  after,
  limit: v.exactOptional(wholeNumber(1, JOURNAL_PAGE.most)),
});
export const SavedQuery = v.strictObject({ after });
export const EventsQuery = v.strictObject({ after, wait });
export const ListQuery = v.strictObject({
  workflow: v.exactOptional(v.pipe(name, v.description("@default - every workflow that is deployed"))),
  status: v.exactOptional(v.pipe(listOf(RUN_STATUSES), v.description("Repeated, or separated by commas."))),
  from: v.exactOptional(v.pipe(time, v.description("Started at or after."))),
  to: v.exactOptional(v.pipe(time, v.description("Started before."))),
  attr: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.string("must be given once")),
      v.description("`attr.NAME=value`: only runs with that attribute; several must all be there."),
    ),
  ),
  limit: v.exactOptional(wholeNumber(1, LIST_PAGE.most)),
  cursor: v.exactOptional(v.pipe(v.string(), v.maxLength(1_024), v.description("From the page before."))),
});

/** Milliseconds of a `wait` that has passed the schema. */
export function waitMsOf(text: string | undefined): number {
  return text === undefined ? 0 : Math.min(durationMs(text), MAX_WAIT_MS);
}

/** Headers with a meaning, and what it is. */
export const HEADERS = {
  "Idempotency-Key": `1 to ${MAX_CALLER_KEY_CHARS} characters. The same key with the same content is the same request, however often it is sent.`,
  "Last-Event-ID":
    "Position of the last entry received; goes before `after`. Event streams send it by themselves.",
} as const;
export type HeaderName = keyof typeof HEADERS;
