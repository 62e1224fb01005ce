// Documents as JSON text that people can query, with bytes as { "$bytes": base64 }. Nothing else in a document can have
// that shape: what users give us lies in it as text or as bytes, never as objects.
import { asCheckpoint, asFact, asNote, asRun } from "../../engine/stored-forms.ts";
import { UnreadableError } from "../../engine/unreadable.ts";
import type { Checkpoint, Fact, Note } from "../../ports/journal.ts";
import type { Run } from "../../ports/run.ts";

type Document = Run | Checkpoint | Fact | Note;

export function writeDocument(document: Document): string {
  // `this[name]`, because a Buffer has turned itself into JSON before the replacer sees its value.
  return JSON.stringify(document, function (this: Record<string, unknown>, name, value: unknown) {
    const original = this[name];
    return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString("base64") } : value;
  });
}

/** @throws E_CORRUPT, E_NEWER_FORMAT */
export function readRun(runId: string, text: string): Run {
  const place = `Run ${runId} in the local database`;
  return expectKey(asRun(readDocument(text, place), place), "runId", runId, place);
}

/** Nothing when it cannot be read: for lists, where one run must not hide the others. */
export function readableRun(runId: string, text: string): Run[] {
  try {
    return [readRun(runId, text)];
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return [];
  }
}

/** @throws E_CORRUPT, E_NEWER_FORMAT */
export function readCheckpoint(runId: string, first: number, text: string): Checkpoint {
  const place = `The checkpoint ${first} of run ${runId} in the local database`;
  return expectKey(asCheckpoint(readDocument(text, place), place), "first", first, place);
}

/** @throws E_CORRUPT, E_NEWER_FORMAT */
export function readFact(runId: string, key: string, text: string): Fact {
  const place = `The inbox fact ${key} of run ${runId} in the local database`;
  return expectKey(asFact(readDocument(text, place), place), "key", key, place);
}

/** @throws E_CORRUPT, E_NEWER_FORMAT */
export function readNote(runId: string, name: string, text: string): Note {
  const place = `The note ${name} of run ${runId} in the local database`;
  return expectKey(asNote(readDocument(text, place), place), "name", name, place);
}

function readDocument(text: string, place: string): unknown {
  try {
    return JSON.parse(text, (_name, value: unknown) => {
      if (typeof value !== "object" || value === null || !("$bytes" in value)) return value;
      return Uint8Array.from(Buffer.from(String(value.$bytes), "base64"));
    });
  } catch (cause) {
    throw new UnreadableError("E_CORRUPT", `${place} cannot be read: it is not JSON.`, { cause });
  }
}

/** A document says itself where it belongs: a copy that was put in another's place is not taken for it. */
function expectKey<Kind extends Document>(
  document: Kind,
  field: keyof Kind,
  key: unknown,
  place: string,
): Kind {
  if (document[field] === key) return document;
  throw new UnreadableError("E_CORRUPT", `${place} cannot be read: it is another's.`);
}
