// A run's journal as plain JSON, to be kept in a repository and replayed against later code: read here, written by
// lib/engine/save-journal.ts, put together here when an API has given it in parts.
//
//   { format, formatVersion, workflow, workflowVersion, behaviour, runId, createdAt, status, input, checkpoints: [
//       { first, fence, at, entries: [ { type, id, at, value: { encoding, text | gzip } } ] } ] }
//
// Times are epoch ms. `formatVersion` rises when a reader of before could misread what is written.
import * as v from "valibot";
import { asCheckpoint, type Engine, savedHead, saveEntry, saveInput } from "../engine/index.ts";
import type { Checkpoint } from "../ports/journal.ts";
import type { Payload } from "../ports/payload.ts";
import { RUN_STATUSES, type RunStatus, type ScheduledFor } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";

const FORMAT = "perdure.journal";
const FORMAT_VERSION = 1;

const Encoding = v.picklist(["json", "devalue"]);
const SavedPayload = v.union([
  v.strictObject({ encoding: Encoding, text: v.string() }),
  v.strictObject({ encoding: Encoding, gzip: v.pipe(v.string(), v.base64()) }),
]);
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Position = v.pipe(Count, v.minValue(1));

const Journal = v.object({
  format: v.literal(FORMAT),
  formatVersion: v.literal(FORMAT_VERSION),
  workflow: v.string(),
  workflowVersion: v.string(),
  behaviour: Position,
  runId: v.string(),
  createdAt: Count,
  startAt: v.exactOptional(Count),
  scheduled: v.exactOptional(v.object({ schedule: v.string(), for: Count })),
  status: v.picklist(RUN_STATUSES),
  input: SavedPayload,
  checkpoints: v.array(
    v.object({
      first: Position,
      /** 0 of entries that a fork has taken over. */
      fence: Count,
      at: Count,
      entries: v.pipe(
        v.array(
          v.looseObject({
            type: v.string(),
            at: Count,
            value: v.optional(SavedPayload),
            failure: v.optional(
              v.looseObject({ name: v.string(), message: v.string(), error: SavedPayload }),
            ),
          }),
        ),
        v.minLength(1),
      ),
    }),
  ),
});

/** What an API gives at a time. */
const Part = v.looseObject({
  after: Count,
  more: v.boolean(),
  input: v.optional(v.unknown()),
  checkpoints: v.array(v.unknown()),
});

export type SavedJournal = v.InferOutput<typeof Journal>;
type SavedEntry = SavedJournal["checkpoints"][number]["entries"][number];

/** What replay needs of a saved journal. */
export interface ReadJournal {
  readonly workflow: string;
  readonly workflowVersion: string;
  readonly behaviour: number;
  readonly runId: string;
  readonly createdAt: number;
  readonly startAt?: number;
  readonly status: RunStatus;
  readonly scheduled?: ScheduledFor;
  readonly input: Payload;
  readonly checkpoints: readonly Checkpoint[];
}

/** @throws E_RUN_NOT_FOUND */
export async function saveJournal(engine: Engine, runId: string): Promise<SavedJournal> {
  const { store } = engine.ports;
  const run = await store.runs.get(runId);
  if (run === undefined) throw new PerdureError("E_RUN_NOT_FOUND", `There is no run "${runId}".`);
  const { checkpoints } = await store.journal.load(runId);
  const saved = {
    ...savedHead(run),
    input: await saveInput(engine, run),
    checkpoints: await Promise.all(
      checkpoints.map(async ({ first, fence, at, entries }) => ({
        first,
        fence,
        at,
        entries: await Promise.all(entries.map((entry) => saveEntry(engine, runId, entry))),
      })),
    ),
  };
  return saved as unknown as SavedJournal;
}

/**
 * The whole of a journal that `GET /runs/{runId}/journal/saved` gives in parts. `get` asks for one of them: the first
 * without a position, each further one with the one that the part before ended at.
 *
 * @example
 * const journal = await collectJournal(async (after) => {
 *   const query = after === undefined ? "" : `?after=${after}`;
 *   return await (await fetch(`${api}/runs/${runId}/journal/saved${query}`, { headers })).json();
 * });
 * @throws E_CORRUPT when it answers something else
 */
export async function collectJournal(get: (after?: number) => Promise<unknown>): Promise<SavedJournal> {
  let part = readPart(await get());
  const checkpoints = [...part.checkpoints];
  const { input } = part;
  while (part.more) {
    const { after } = part;
    part = readPart(await get(after));
    if (part.more && part.after <= after) throw corrupt("from the API", `no part follows position ${after}`);
    checkpoints.push(...part.checkpoints);
  }
  const { after: _after, more: _more, ...last } = part;
  return { ...last, ...(input === undefined ? {} : { input }), checkpoints } as SavedJournal;
}

function readPart(answer: unknown): v.InferOutput<typeof Part> {
  const result = v.safeParse(Part, answer, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw corrupt("from the API", `at ${pointerOf(issue)}, ${issue.message}`);
}

/**
 * Checks and reads what `saveJournal` gave, after it has been anywhere.
 *
 * @throws E_CORRUPT that names `place` and where in it the fault is
 */
export function readSavedJournal(saved: unknown, place: string): ReadJournal {
  if (v.is(v.object({ more: v.literal(true) }), saved))
    throw corrupt(place, "it is one part of a large journal; collectJournal puts the parts together");
  const result = v.safeParse(Journal, saved, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw corrupt(place, `at ${pointerOf(issue)}, ${issue.message}`);
  }
  const { checkpoints, input, ...rest } = result.output;
  let next = 1;
  const read = checkpoints.map(({ entries, ...checkpoint }, i) => {
    const at = `at /checkpoints/${i}`;
    if (checkpoint.first !== next)
      throw corrupt(place, `${at}/first, ${checkpoint.first} stands where ${next} was due`);
    next += entries.length;
    const whole = { ...checkpoint, mark: `saved.${checkpoint.first}`, entries: entries.map(readEntry) };
    return asCheckpoint(whole, `Saved journal ${place}, ${at}`);
  });
  return { ...rest, input: readPayload(input), checkpoints: read };
}

function corrupt(place: string, what: string): PerdureError {
  return new PerdureError("E_CORRUPT", `Saved journal ${place} cannot be read: ${what}.`);
}

function readEntry(entry: SavedEntry): unknown {
  const { value, failure, ...rest } = entry;
  return {
    ...rest,
    ...(value === undefined ? {} : { value: readPayload(value) }),
    ...(failure === undefined ? {} : { failure: { ...failure, error: readPayload(failure.error) } }),
  };
}

function readPayload(saved: v.InferOutput<typeof SavedPayload>): Payload {
  if ("text" in saved) return saved;
  return { encoding: saved.encoding, gzip: new Uint8Array(Buffer.from(saved.gzip, "base64")) };
}

function pointerOf(issue: v.BaseIssue<unknown>): string {
  const keys = issue.path?.map(({ key }) => String(key)) ?? [];
  return keys.length === 0 ? "its top" : `/${keys.join("/")}`;
}
