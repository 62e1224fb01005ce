// What of a run's journal still holds for a run that takes its place: what the code asks for again when the failed step,
// or whatever is to be done anew, is left out. Found by running the code against the rest: an entry that it asks for
// is kept, one that it does not (what was done because of the failure) is not. Bodies of steps never run here.
import type { CallEntry, Entry } from "../ports/journal.ts";
import { isRunEntry, isTerminal } from "../ports/journal.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { kindOfEntry } from "./kinds/index.ts";
import { deliverEntry } from "./replay.ts";
import { undoIdOf } from "./undo-id.ts";

/** Ids of calls whose entries are to be left out, with all that lies in their scope. */
export async function salvage(
  engine: Engine,
  execution: Execution,
  entries: readonly Entry[],
  anew: ReadonlySet<string>,
): Promise<readonly Entry[]> {
  const dropped = new Set([...anew, ...undone(entries)]);
  const kept: Entry[] = [];
  for (const entry of entries) if (entry.type === "run.version_marked") execution.versions.noteMark(entry);
  await execution.start();
  for (const entry of entries) {
    if (execution.fault !== undefined || execution.end.outcome !== undefined) break;
    if (!isStillAskedFor(execution, entry, dropped)) continue;
    kept.push(entry);
    await deliverEntry(engine, execution, { seq: kept.length, entry, isFirst: false });
  }
  return withoutLooseEnds(kept, execution);
}

/** What was undone is not done: it must be done again. */
function undone(entries: readonly Entry[]): readonly string[] {
  const succeeded = new Set(entries.flatMap((entry) => (entry.type === "step.succeeded" ? [entry.id] : [])));
  return [...succeeded].filter((id) => succeeded.has(undoIdOf(id)));
}

function isStillAskedFor(execution: Execution, entry: Entry, dropped: ReadonlySet<string>): boolean {
  if (isTerminal(entry)) return false;
  // How the old run was ended is its own affair.
  if (isRunEntry(entry)) return entry.type === "run.version_marked";
  if (isWithin(entry.id, dropped)) return false;
  const call = execution.calls.find(kindOfEntry(entry), entry.id);
  return call !== undefined && (call.withdrawn || !call.settled);
}

function isWithin(id: string, ids: ReadonlySet<string>): boolean {
  if (ids.has(id)) return true;
  for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) {
    if (ids.has(id.slice(0, end))) return true;
  }
  return false;
}

/**
 * Without what was begun and belongs to the old run: a message to a step handler, a child, a token somebody holds. The new
 * run begins them itself. A child that goes on without its parent belongs to nobody; which these are only the code says,
 * brought to the end of the entries.
 */
export function withoutLooseEnds(entries: readonly Entry[], execution?: Execution): readonly Entry[] {
  const loose = new Set<string>();
  for (const entry of entries) {
    if (!("id" in entry)) continue;
    const key = `${kindOfEntry(entry)} ${entry.id}`;
    if (BEGINS.has(entry.type)) loose.add(key);
    else if (ENDS.has(entry.type)) loose.delete(key);
  }
  const isLoose = (entry: CallEntry) =>
    BEGINS.has(entry.type) && loose.has(`${kindOfEntry(entry)} ${entry.id}`) && !isDetached(entry, execution);
  return entries.filter((entry) => !("id" in entry) || !isLoose(entry));
}

function isDetached(entry: CallEntry, execution: Execution | undefined): boolean {
  if (!mayBeDetached(entry)) return false;
  const call = execution?.calls.find("child", entry.id);
  return call?.settled === true && !call.withdrawn;
}

export function mayBeDetached(entry: Entry): boolean {
  return entry.type === "child.started" && entry.onParentClose === "abandon";
}

/**
 * Without what has handed out a token for a callback that is still open: the token is the old run's. A callback that waits
 * without a limit has no entry of its own, so only the code, brought to the end of the entries, knows of it.
 */
export function withoutOldTokens(execution: Execution, entries: readonly Entry[]): readonly Entry[] {
  const open = [...execution.calls.open()].filter(({ kind }) => kind === "callback");
  const told = new Set(
    open.flatMap(({ id }) => ["submit", "later", "escalate"].map((part) => `${id}/${part}`)),
  );
  return entries.filter((entry) => !("id" in entry) || !told.has(entry.id));
}

const BEGINS: ReadonlySet<Entry["type"]> = new Set(["step.dispatched", "child.started", "callback.awaited"]);
const ENDS: ReadonlySet<Entry["type"]> = new Set([
  "step.succeeded",
  "step.failed",
  "step.timed_out",
  "step.retrying",
  "step.polled",
  "child.succeeded",
  "child.failed",
  "child.cancelled",
  "callback.completed",
  "callback.failed",
  "callback.timed_out",
  "callback.withdrawn",
]);
