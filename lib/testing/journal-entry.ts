// A journal as a test wants to read it: values and errors decoded, times as dates.
import { unpack } from "../engine/index.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Entry } from "../ports/journal.ts";

export interface JournalEntry {
  /** 1-based. */
  readonly seq: number;
  readonly type: Entry["type"];
  readonly at: Date;
  /** Of the call it belongs to: the name, with an occurrence number from the second one on. */
  readonly id?: string;
  readonly attempt?: number;
  /** What was recorded as a result or came as a signal. */
  readonly value?: unknown;
  /** What was thrown, as it was recorded. */
  readonly error?: unknown;
  /** When a sleep ends, a signal's time is up, or the next attempt may start. */
  readonly until?: Date;
}

export async function readEntry(entry: Entry, seq: number, blobs: Blobs): Promise<JournalEntry> {
  const until = untilOf(entry);
  return {
    seq,
    type: entry.type,
    at: new Date(entry.at),
    ...("id" in entry ? { id: entry.id } : {}),
    ...("attempt" in entry ? { attempt: entry.attempt } : {}),
    ...("value" in entry ? { value: await unpack(entry.value, blobs) } : {}),
    ...("failure" in entry ? { error: await unpack(entry.failure.error, blobs) } : {}),
    ...(until === undefined ? {} : { until: new Date(until) }),
  };
}

function untilOf(entry: Entry): number | undefined {
  if ("wakeAt" in entry) return entry.wakeAt;
  if ("deadline" in entry) return entry.deadline;
  return "retryAt" in entry ? entry.retryAt : undefined;
}
