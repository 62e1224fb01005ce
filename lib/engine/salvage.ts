// What of a run's journal still holds for a run that takes its place: what the code asks for again when the failed step,
// or whatever is to be done anew, is left out. Found by running the code against the rest: an entry that it asks for
// is kept, one that it does not (what was done because of the failure) is not. Bodies of steps never run here.
//
// While the rest makes the code fail again, or holds a failure that it has not coped with, more is left out (blame.ts).
//
// Turns of loops that have ended are not looked at, as in every replay: they are kept as they are, if their loop is. So what has
// changed in the code since does not matter to them.
import type { CallEntry, Entry } from "../ports/journal.ts";
import { isRunEntry, isTerminal } from "../ports/journal.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type CallName, idOf, isFailure, nameOf, type Tried, toRedo } from "./blame.ts";
import type { Call } from "./call.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import type { Placed } from "./folds.ts";
import { kindOfEntry } from "./kinds/index.ts";
import { type Begun, deliverEntry } from "./replay.ts";
import { undoIdOf } from "./undo-id.ts";

interface Kept {
  readonly entry: Entry;
  /** It is of a turn of this loop that has ended: worth something only when the loop goes on from there. */
  readonly loop: string | undefined;
}

type IsLeftOut = (entry: CallEntry) => boolean;

/** `begin` makes the code, which has not begun. `culprits`: calls that are to be done anew in any case. */
export async function salvage(
  engine: Engine,
  begin: () => Promise<Begun>,
  culprits: ReadonlySet<CallName>,
): Promise<readonly Entry[]> {
  let begun = await begin();
  const { folds } = begun.execution;
  const entries = begun.rest.map(({ entry }) => entry);
  const dropped = new Set(undone(begun.rest).filter((name) => !folds.leavesOut(idOf(name))));
  const isLeftOut = (entry: CallEntry) => dropped.has(nameOf(entry));
  const failures = entries.filter(isFailure).filter(({ id }) => !folds.leavesOut(id));
  // Beside others they are kept at first: the code shows what it had heard of when it failed with them.
  if (failures.every((entry) => culprits.has(nameOf(entry)))) for (const name of culprits) dropped.add(name);
  // Each time at least one call more is left out.
  for (let attempts = 0; attempts <= entries.length + culprits.size; attempts += 1) {
    const tried = await goOn(engine, begun, isLeftOut);
    const before = dropped.size;
    for (const name of [...culprits, ...toRedo(tried, entries, isLeftOut)]) dropped.add(name);
    if (dropped.size === before) return withoutLooseEnds(tried.kept, tried.execution);
    begun = await begin();
  }
  throw new PerdureError("E_INTERNAL", "A failure that was left out has made the code of a run fail again.");
}

async function goOn(engine: Engine, { execution, rest }: Begun, isLeftOut: IsLeftOut): Promise<Tried> {
  const { folds, versions } = execution;
  const kept: Kept[] = [];
  const heard: Tried["heard"][number][] = [];
  const goingOn = new Set<string>();
  const last = rest.findLast(({ entry }) => mayBeKept(entry, isLeftOut))?.seq ?? 0;
  versions.foresee(rest);
  versions.isAtEnd = last === 0;
  await execution.start();
  for (const { seq, entry } of rest) {
    if (execution.fault !== undefined || execution.end.outcome !== undefined) break;
    const loop = folds.pass(seq, entry);
    if (loop !== undefined) execution.leaveOut(seq, entry, execution.generation);
    else if (!isStillAskedFor(execution, entry, isLeftOut)) continue;
    kept.push({ entry, loop });
    if (loop !== undefined) continue;
    if (entry.type === "loop.turned") goingOn.add(entry.id);
    versions.isAtEnd = seq >= last;
    await deliverEntry(engine, execution, { seq, entry, isFirst: false });
    if (isFailure(entry)) heard.push({ entry, turn: execution.turn });
  }
  const lasting = kept.filter(({ loop }) => loop === undefined || goingOn.has(loop));
  return { execution, kept: lasting.map(({ entry }) => entry), heard };
}

/** What was undone is not done: it must be done again. */
function undone(placed: readonly Placed[]): readonly CallName[] {
  const succeeded = new Set(
    placed.flatMap(({ entry }) => (entry.type === "step.succeeded" ? [entry.id] : [])),
  );
  return [...succeeded].filter((id) => succeeded.has(undoIdOf(id))).map((id): CallName => `step ${id}`);
}

/** As far as can be told before the code has run. */
function mayBeKept(entry: Entry, isLeftOut: IsLeftOut): boolean {
  if (isTerminal(entry)) return false;
  // How the old run was ended is its own affair.
  if (isRunEntry(entry)) return entry.type === "run.version_marked";
  return !isLeftOut(entry);
}

function isStillAskedFor(execution: Execution, entry: Entry, isLeftOut: IsLeftOut): boolean {
  if (!mayBeKept(entry, isLeftOut)) return false;
  if (isTerminal(entry) || isRunEntry(entry)) return true;
  const call = execution.calls.find(kindOfEntry(entry), entry.id);
  if (call === undefined) return false;
  if (call.withdrawn) return true;
  // That the old run has given it up is no end of a call that is wanted now.
  return !call.settled && (!GIVES_UP.has(entry.type) || isToEnd(call));
}

/** A call whose very purpose is that another run ends. */
function isToEnd(call: Call): boolean {
  return call.kind === "child" && call.endsFor !== undefined;
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
    const key = nameOf(entry);
    if (BEGINS.has(entry.type)) loose.add(key);
    else if (ENDS.has(entry.type)) loose.delete(key);
  }
  const isLoose = (entry: CallEntry) =>
    BEGINS.has(entry.type) && loose.has(nameOf(entry)) && !isDetached(entry, execution);
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

const GIVES_UP: ReadonlySet<Entry["type"]> = new Set(["callback.withdrawn", "child.cancelled"]);
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
