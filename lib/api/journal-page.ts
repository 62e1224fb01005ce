// A page of a run's journal as callers see it: values readable, without the marks that the engine writes for itself.
import type { Engine } from "../engine/index.ts";
import { MAX_VALUE_BYTES } from "../limits.ts";
import { type Entry, isTerminal } from "../ports/journal.ts";
import type { EntryView, JournalPage } from "./answers.ts";
import { isoTime, viewFailure, viewPayload, viewUndoing } from "./run-view.ts";

/** Ends early when its values have become large: a Lambda answers at most 6 MB. */
export async function readJournalPage(
  engine: Engine,
  runId: string,
  after: number,
  limit: number,
): Promise<JournalPage> {
  const found = await entriesAfter(engine, runId, after, limit + 1);
  const entries: EntryView[] = [];
  let sizeChars = 0;
  for (const { seq, entry } of found.slice(0, limit)) {
    const view = await viewEntry(engine, seq, entry);
    sizeChars += JSON.stringify(view).length;
    if (entries.length > 0 && sizeChars > MAX_VALUE_BYTES) break;
    entries.push(view);
  }
  return { runId, entries, after: entries.at(-1)?.seq ?? after, more: entries.length < found.length };
}

interface Position {
  readonly seq: number;
  readonly entry: Entry;
}

/** Up to `most` entries. The store answers whole checkpoints: the first may begin before `after`, and count as a page. */
async function entriesAfter(engine: Engine, runId: string, after: number, most: number): Promise<Position[]> {
  const found: Position[] = [];
  while (found.length < most) {
    const last = found.at(-1)?.seq ?? after;
    const checkpoints = await engine.ports.store.journal.page(runId, last, most - found.length);
    const entries = checkpoints.flatMap(({ first, entries }) =>
      entries.map((entry, i) => ({ seq: first + i, entry })),
    );
    const fresh = entries.filter(({ seq }) => seq > last);
    found.push(...fresh);
    const end = fresh.at(-1);
    if (end === undefined || isTerminal(end.entry)) break;
  }
  return found.slice(0, most);
}

async function viewEntry(engine: Engine, seq: number, entry: Entry): Promise<EntryView> {
  return {
    seq,
    type: entry.type,
    ...("id" in entry ? { id: entry.id } : {}),
    at: isoTime(entry.at),
    ...("attempt" in entry ? { attempt: entry.attempt } : {}),
    ...("value" in entry ? { value: await viewPayload(engine, entry.value) } : {}),
    ...("failure" in entry ? { error: viewFailure(entry.failure) } : {}),
    ...("retryAt" in entry ? { retryAt: isoTime(entry.retryAt) } : {}),
    ...("wakeAt" in entry ? { wakeAt: isoTime(entry.wakeAt) } : {}),
    ...("deadline" in entry ? { deadline: isoTime(entry.deadline) } : {}),
    ...("signal" in entry ? { signal: entry.signal } : {}),
    ...("event" in entry ? { event: entry.event } : {}),
    ...("attributes" in entry ? { attributes: entry.attributes } : {}),
    ...("handler" in entry ? { handler: entry.handler } : {}),
    ...viewMore(entry),
  };
}

/** What entries of single kinds have. */
function viewMore(entry: Entry): Partial<EntryView> {
  switch (entry.type) {
    case "step.polled":
      return { nextAt: isoTime(entry.nextAt) };
    case "callback.timed_out":
      return entry.silent ? { silent: true } : {};
    case "child.started":
      return { child: entry.runId, onParentClose: entry.onParentClose };
    case "child.failed":
      return entry.status === undefined ? {} : { status: entry.status };
    case "run.cancel_requested":
      return entry.reason === undefined ? {} : { reason: entry.reason };
    case "run.version_marked":
      return { change: entry.change, version: entry.version };
    case "loop.turned":
      return { turn: entry.turn };
    case "run.continued":
      return { generation: entry.generation };
    case "run.failed":
    case "run.timed_out":
    case "run.cancelled":
      return viewUndoing(entry);
    default:
      return {};
  }
}
