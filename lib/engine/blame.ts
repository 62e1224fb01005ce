// Which recorded failures a retry does again. Owns that judgement, not the trying: salvage.ts runs the code against what is
// kept and asks here, as long as there is something more to leave out.
//
// What made the run fail is done again:
//   named     the error it has failed with, or one that this error holds, was given to the code for a failed call
//   unheard   the code has failed without having heard of it, as of the second failure of a Promise.all
//   idle      the code has heard of it and has asked for nothing since: nothing that is kept rests on it
//   last      when there is none of these: what it heard of last, if it has only run steps since, as one does to clean up
// Any other failure the code has coped with: it went on after it, with what it then did instead. That is kept, because
// doing it again could do the same thing twice in two ways.
//
// A step that runs at most once, and may have happened, is done again only when it is named.
import { MAX_ERROR_PARTS } from "../limits.ts";
import type { CallEntry, Entry } from "../ports/journal.ts";
import { CallbackError, ChildRunError, ConditionError, StepError, TransactionError } from "../sdk/errors.ts";
import type { Call, CallKind } from "./call.ts";
import { LAST_WORDS } from "./code-end.ts";
import { isError, readField } from "./error-record.ts";
import type { Execution } from "./execution.ts";
import { kindOfEntry } from "./kinds/index.ts";
import { isUndoId } from "./undo-id.ts";

/** A call of the journal: an id is unique within its kind. */
export type CallName = `${CallKind} ${string}`;

/** What became of an attempt to go on with a part of the entries. */
export interface Tried {
  readonly execution: Execution;
  readonly kept: readonly Entry[];
  /** Failures among them, and the turn in which the code heard of each. */
  readonly heard: readonly { readonly entry: CallEntry; readonly turn: number }[];
}

const FAILURES: ReadonlySet<Entry["type"]> = new Set([
  "step.failed",
  "step.timed_out",
  "signal.refused",
  "signal.timed_out",
  "callback.failed",
  "callback.timed_out",
  "child.failed",
  "attributes.refused",
  "tx.refused",
]);
/** Who has one of these done has gone on, and does not only clean up. */
const GOES_ON: ReadonlySet<CallKind> = new Set(["sleep", "signal", "callback", "child", "loop"]);

export function nameOf(entry: CallEntry): CallName {
  const kind = kindOfEntry(entry);
  return `${kind} ${entry.id}`;
}

export function idOf(name: CallName): string {
  return name.slice(name.indexOf(" ") + 1);
}

export function isFailure(entry: Entry): entry is CallEntry {
  return FAILURES.has(entry.type);
}

/** The calls of a run whose failure the error is that it ended with, or one that this error holds. */
export function culpritsOf(error: unknown): readonly CallName[] {
  return namedBy(error, culpritOf);
}

/** Calls that are to be done anew as well; none when the code goes on, or when nothing recorded makes it fail. */
export function toRedo(
  { execution, kept, heard }: Tried,
  entries: readonly Entry[],
  isLeftOut: (entry: CallEntry) => boolean,
): readonly CallName[] {
  const { calls, end } = execution;
  if (end.outcome?.ok === true) return [];
  const sure = heard.filter(({ entry }) => !isInterrupted(entry));
  const lastAsked = lastAskedIn(execution);
  const idle = sure.filter(({ turn }) => turn > lastAsked).map(({ entry }) => nameOf(entry));
  if (end.failure === undefined) return idle;
  const named = namedBy(end.failure.error, (error) => {
    const call = calls.rejectedWith(error);
    return call === undefined ? undefined : `${call.kind} ${call.id}`;
  });
  const unheard = entries
    .filter(isFailure)
    .filter((entry) => isUnheard(calls.find(kindOfEntry(entry), entry.id)))
    .filter((entry) => !isLeftOut(entry) && !isInterrupted(entry));
  const blamed = [...named, ...unheard.map(nameOf), ...idle];
  const last = sure.at(-1)?.entry;
  if (blamed.length > 0 || last === undefined) return blamed;
  return hasGoneOn(kept.slice(kept.indexOf(last) + 1)) ? [] : [nameOf(last)];
}

/** Given up because of another failure, most often: asked for again, it must be able to succeed. */
function isUnheard(call: Call | undefined): boolean {
  return call !== undefined && (call.withdrawn || !call.settled);
}

/** Nobody knows whether it has happened. */
function isInterrupted(entry: CallEntry): boolean {
  return entry.type === "step.failed" && entry.failure.code === "E_STEP_INTERRUPTED";
}

/** The last turn in which the code has asked for anything, other than to be heard. */
function lastAskedIn({ calls }: Execution): number {
  let last = 0;
  for (const { kind, id, turn } of calls.all())
    if (!LAST_WORDS.includes(kind) && !isUndoId(id)) last = Math.max(last, turn);
  return last;
}

function hasGoneOn(entries: readonly Entry[]): boolean {
  return entries.some((entry) => "id" in entry && GOES_ON.has(kindOfEntry(entry)));
}

/** The error itself, and what it holds: its cause, the errors of an AggregateError, the failures of a BatchError. */
function namedBy(thrown: unknown, nameFor: (error: Error) => CallName | undefined): readonly CallName[] {
  const names = new Set<CallName>();
  const met = new Set<unknown>([thrown]);
  for (const error of met) {
    // An author's error may make new ones whenever it is asked.
    if (met.size > MAX_ERROR_PARTS) break;
    if (!isError(error)) continue;
    const name = nameFor(error);
    // What is below it happened in its body, or in another run.
    if (name !== undefined) names.add(name);
    else for (const inner of heldBy(error)) met.add(inner);
  }
  return [...names];
}

function heldBy(error: Error): readonly unknown[] {
  const errors = readField(error, "errors");
  const batch = readField(error, "batch");
  const failures = typeof batch === "object" && batch !== null ? readField(batch, "failures") : [];
  const failed = Array.isArray(failures)
    ? failures.map((item: unknown) =>
        typeof item === "object" && item !== null ? readField(item, "error") : undefined,
      )
    : [];
  return [readField(error, "cause"), ...(Array.isArray(errors) ? errors : []), ...failed];
}

/** As it was recorded: of the call only the name is left. */
function culpritOf(error: Error): CallName | undefined {
  if (error instanceof StepError) return `step ${error.step}`;
  if (error instanceof ConditionError) return `step ${error.condition}`;
  if (error instanceof ChildRunError) return `child ${error.child}`;
  if (error instanceof CallbackError) return `callback ${error.callback}`;
  if (error instanceof TransactionError) return `tx ${error.transaction}`;
  return undefined;
}
