// A run's journal as plain JSON: what `replayAll` of perdure/testing reads (lib/testing/saved-journal.ts tells the format). It
// holds all that replay needs: what lies elsewhere (large values, large input) is put in, and bytes are base64. Stacks of errors
// are left out: they tell of the machine, and no code decides by them. Only reads, so that whoever may read a run may save it.
import type { Entry } from "../ports/journal.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import type { Run } from "../ports/run.ts";
import type { Engine } from "./engine.ts";
import { pack, unpack } from "./payloads.ts";
import { UnreadableError } from "./unreadable.ts";

const FORMAT = "perdure.journal";
const FORMAT_VERSION = 1;

export type SavedPayload =
  | { readonly encoding: Payload["encoding"]; readonly text: string }
  /** Base64. */
  | { readonly encoding: Payload["encoding"]; readonly gzip: string };

export interface SavedEntry {
  readonly type: Entry["type"];
  readonly at: number;
  readonly value?: SavedPayload;
  readonly failure?: Omit<Failure, "error" | "where"> & { readonly error: SavedPayload };
}

/** What is said of the run, before its entries. */
export function savedHead({
  runId,
  workflow,
  version,
  behaviour,
  createdAt,
  startAt,
  scheduled,
  status,
}: Run) {
  return {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    workflow,
    workflowVersion: version,
    behaviour,
    runId,
    createdAt,
    ...(startAt === undefined ? {} : { startAt }),
    ...(scheduled === undefined ? {} : { scheduled }),
    status,
  } as const;
}

export async function saveInput({ ports }: Engine, { runId, input }: Run): Promise<SavedPayload> {
  if ("payload" in input) return await savePayload(ports, input.payload);
  const fact = await ports.store.journal.fact(runId, input.fact);
  if (fact?.kind === "input") return await savePayload(ports, fact.value);
  throw new UnreadableError("E_CORRUPT", `Run ${runId} has lost its input, the inbox fact ${input.fact}.`);
}

export async function saveEntry(engine: Engine, runId: string, entry: Entry): Promise<SavedEntry> {
  const { ports } = engine;
  return {
    ...entry,
    ...("value" in entry ? { value: await savePayload(ports, entry.value) } : {}),
    ...("failure" in entry ? { failure: await saveFailure(engine, runId, entry.failure) } : {}),
  } as SavedEntry;
}

async function saveFailure(engine: Engine, runId: string, { where: _place, ...failure }: Failure) {
  const { ports, settings } = engine;
  const thrown = await unpack(failure.error, ports.blobs);
  dropStacks(thrown);
  const inPlace = { ...engine, settings: { ...settings, offloadAboveBytes: Number.POSITIVE_INFINITY } };
  return { ...failure, error: await savePayload(ports, await pack(thrown, runId, inPlace)) };
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

async function savePayload({ blobs }: Engine["ports"], payload: Payload): Promise<SavedPayload> {
  const { encoding } = payload;
  if ("text" in payload) return { encoding, text: payload.text };
  const bytes = "gzip" in payload ? payload.gzip : await blobs.get(payload.blob);
  return { encoding, gzip: Buffer.from(bytes).toString("base64") };
}
