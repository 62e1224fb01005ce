// A run's journal as plain JSON, to be kept in a repository and replayed against later code. It holds all that replay
// needs: what lies elsewhere (large values, large input) is put in, and bytes are base64. Stacks of errors are left out:
// they tell of the machine, and no code decides by them.
//
//   { format, formatVersion, workflow, workflowVersion, behaviour, runId, createdAt, status, input, checkpoints: [
//       { first, fence, at, entries: [ { type, id, at, value: { encoding, text | gzip } } ] } ] }
//
// Times are epoch ms. `formatVersion` rises when a reader of before could misread what is written.
import * as v from "valibot";
import { asCheckpoint, type Engine, pack, unpack } from "../engine/index.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Checkpoint, Entry } from "../ports/journal.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import { RUN_STATUSES, type Run, type RunStatus, type ScheduledFor } from "../ports/run.ts";
import type { Store } from "../ports/store.ts";
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
  const { store, blobs } = engine.ports;
  const run = await store.runs.get(runId);
  if (run === undefined) throw new PerdureError("E_RUN_NOT_FOUND", `There is no run "${runId}".`);
  const { checkpoints } = await store.journal.load(runId);
  return {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    workflow: run.workflow,
    workflowVersion: run.version,
    behaviour: run.behaviour,
    runId,
    createdAt: run.createdAt,
    ...(run.startAt === undefined ? {} : { startAt: run.startAt }),
    ...(run.scheduled === undefined ? {} : { scheduled: run.scheduled }),
    status: run.status,
    input: await savePayload(await inputOf(run, store), blobs),
    checkpoints: await Promise.all(
      checkpoints.map(async ({ first, fence, at, entries }) => ({
        first,
        fence,
        at,
        entries: await Promise.all(entries.map((entry) => saveEntry(engine, runId, entry))),
      })),
    ),
  };
}

/**
 * Checks and reads what `saveJournal` gave, after it has been anywhere.
 *
 * @throws E_CORRUPT that names `place` and where in it the fault is
 */
export function readSavedJournal(saved: unknown, place: string): ReadJournal {
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

async function inputOf({ runId, input }: Run, store: Store): Promise<Payload> {
  if ("payload" in input) return input.payload;
  const fact = await store.journal.fact(runId, input.fact);
  if (fact?.kind === "input") return fact.value;
  throw new PerdureError("E_INTERNAL", `Run ${runId} has lost its input ${input.fact}.`);
}

async function saveEntry(engine: Engine, runId: string, entry: Entry): Promise<SavedEntry> {
  const { blobs } = engine.ports;
  const saved: unknown = {
    ...entry,
    ...("value" in entry ? { value: await savePayload(entry.value, blobs) } : {}),
    ...("failure" in entry ? { failure: await saveFailure(engine, runId, entry.failure) } : {}),
  };
  return saved as SavedEntry;
}

async function saveFailure(engine: Engine, runId: string, { where: _place, ...failure }: Failure) {
  const { blobs } = engine.ports;
  const thrown = await unpack(failure.error, blobs);
  dropStacks(thrown);
  return { ...failure, error: await savePayload(await pack(thrown, runId, engine), blobs) };
}

/** Of an error as it was recorded, and of all that it holds. */
function dropStacks(part: unknown, seen = new Set<object>()): void {
  if (typeof part !== "object" || part === null || seen.has(part)) return;
  seen.add(part);
  if (part instanceof Error) {
    Object.defineProperty(part, "stack", { value: undefined, configurable: true, writable: true });
    dropStacks(part.cause, seen);
    if (part instanceof AggregateError) dropStacks(part.errors, seen);
  }
  if (ArrayBuffer.isView(part)) return;
  const parts =
    part instanceof Map ? [...part].flat() : part instanceof Set ? [...part] : Object.values(part);
  for (const each of parts) dropStacks(each, seen);
}

function readEntry(entry: SavedEntry): unknown {
  const { value, failure, ...rest } = entry;
  return {
    ...rest,
    ...(value === undefined ? {} : { value: readPayload(value) }),
    ...(failure === undefined ? {} : { failure: { ...failure, error: readPayload(failure.error) } }),
  };
}

async function savePayload(payload: Payload, blobs: Blobs): Promise<v.InferOutput<typeof SavedPayload>> {
  if ("text" in payload) return payload;
  const bytes = "gzip" in payload ? payload.gzip : await blobs.get(payload.blob);
  return { encoding: payload.encoding, gzip: Buffer.from(bytes).toString("base64") };
}

function readPayload(saved: v.InferOutput<typeof SavedPayload>): Payload {
  if ("text" in saved) return saved;
  return { encoding: saved.encoding, gzip: new Uint8Array(Buffer.from(saved.gzip, "base64")) };
}

function pointerOf(issue: v.BaseIssue<unknown>): string {
  const keys = issue.path?.map(({ key }) => String(key)) ?? [];
  return keys.length === 0 ? "its top" : `/${keys.join("/")}`;
}
