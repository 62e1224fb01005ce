// What was undone, in which order, and what was reported of it, judged by the journal alone: every booking that is recorded to
// have succeeded, and whatever the code has said about it since. A saga (undo-primitive.ts) records each thing that it does
// by itself, so the journal tells what was to be undone early, forgotten, or left to the end.
//
// U1  Of a run that fails, everything is undone once that was not undone before, nor forgotten.
// U2  What undoes early has undone everything of its own by the time it says so.
// U3  What was forgotten is not undone; the undoing that was under way in that moment goes on.
import { isDeepStrictEqual } from "node:util";
import { undoIdOf } from "../../lib/engine/undo-id.ts";
import type { Entry, TerminalEntry } from "../../lib/ports/journal.ts";
import { TURN } from "./loop-primitive.ts";
import type { EndedRun } from "./primitive.ts";

type Complain = (what: string) => void;

/** Something that can be undone, at the latest since the entry at that index. */
interface Booked {
  readonly id: string;
  readonly at: number;
}

/** What a saga does by itself, at an index of the journal. */
interface Mark {
  /** What the ids of its own begin with. */
  readonly own: string;
  readonly id: string;
  readonly does: string;
  readonly at: number;
}

/** Bookings are known by their names, at whatever depth. */
const BOOKING = /(?:^|\/)book n\d+(?:#\d+)?$/;
/** The code adds it and then says so: another saga may come between, and the run end before. */
const ADDED = /(?:^|\/)saga n\d+ add \d+(?:#undo)?$/;
const MARK = /^(?<id>(?:.*\/)?saga n\d+) (?<does>runs|ran|forgets|forgot|leaves) (?<added>\d+)$/;

export function judgeUndone(ended: EndedRun, _: unknown, complain: Complain): void {
  const last = ended.entries.at(-1) as TerminalEntry;
  const begins = ended.entries.findLastIndex(({ type }) => type === "run.continued") + 1;
  const entries = leftToUndo(ended.entries.slice(begins));
  const booked = bookedIn(entries);
  const marks = marksIn(entries);
  const recorded = entries.flatMap((entry) => (isUndoEnd(entry) ? [entry.id] : []));
  if (new Set(recorded).size !== recorded.length) complain(`undone twice: ${recorded}`);
  for (const id of recorded)
    if (!ADDED.test(id) && !booked.some((one) => undoIdOf(one.id) === id))
      complain(`${id} is recorded and had not been done`);
  judgeEarly(ended.entries.slice(begins), complain);
  judgeForgotten(entries, booked, marks, complain);
  if (last.type === "run.succeeded") {
    if (recorded.length > 0 && !marks.some(({ does }) => does === "runs"))
      complain("something was undone and the run has succeeded");
    return;
  }
  // Ended without its code: nothing is undone, and what had been under way is not told.
  if (last.type === "run.cancelled" && last.terminated === true) return;
  const undone = last.undone ?? [];
  const ids = undone.map(({ id }) => id);
  for (const { id, at } of booked)
    if (!recorded.includes(undoIdOf(id)) && !marks.some((mark) => mayForget(mark, id, at)))
      complain(`${id} has succeeded and was not undone`);
  judgeOrder(recorded, booked, entries, complain);
  for (const { id, ok } of undone) judgeOne(id, ok, entries, complain);
  const isReported = (id: string) => ids.some((one) => undoIdOf(one) === id);
  if (!isDeepStrictEqual(recorded.filter(isReported), ids.map(undoIdOf)))
    complain(`reported as undone: ${ids}, recorded: ${recorded}`);
  // What was undone early has been told to the code.
  const early = entries.findIndex((entry) => isUndoEnd(entry) && !isReported(entry.id));
  if (early >= 0 && !marks.some(({ does, at }) => does === "runs" && at < early))
    complain(`not reported as undone: ${recorded.filter((id) => !isReported(id))}`);
}

/** Of what a turn has done that has ended, nothing is undone any more. */
function leftToUndo(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(
    (entry, i) => !("id" in entry) || !entries.slice(i).some((later) => endsTurnOf(later, entry.id)),
  );
}

function endsTurnOf(later: Entry, id: string): boolean {
  if (later.type !== "loop.turned" || !id.startsWith(`${later.id}/`)) return false;
  return Number.parseInt(id.slice(later.id.length + 1), 10) < later.turn;
}

/** What a saga has added was there when it did the next thing. */
function bookedIn(entries: readonly Entry[]): readonly Booked[] {
  return entries.flatMap((entry, at): readonly Booked[] => {
    if (entry.type !== "step.succeeded") return [];
    if (BOOKING.test(entry.id)) return [{ id: entry.id, at }];
    const { id, does, added } = MARK.exec(entry.id)?.groups ?? {};
    if (id === undefined || does === "ran" || does === "forgot") return [];
    return Array.from({ length: Number(added) }, (_, i) => ({ id: `${id} add ${i}`, at }));
  });
}

function marksIn(entries: readonly Entry[]): readonly Mark[] {
  return entries.flatMap((entry, at): readonly Mark[] => {
    const { id, does } = (entry.type === "step.succeeded" && MARK.exec(entry.id)?.groups) || {};
    if (id === undefined || does === undefined) return [];
    const turn = [...id.matchAll(TURN)].at(-1);
    return [{ own: turn === undefined ? "" : id.slice(0, turn.index + turn[0].length + 1), id, does, at }];
  });
}

/** It is of the code that the mark is of, and so are its loops: of their turns under way the code around them knows nothing. */
function isOwn({ own }: Mark, id: string): boolean {
  return id.startsWith(own) && id.slice(own.length).search(TURN) < 0;
}

function mayForget(mark: Mark, id: string, bookedAt: number): boolean {
  const isThere = ADDED.test(id) || bookedAt <= mark.at;
  return mark.does === "forgets" && isThere && id.startsWith(mark.own);
}

/** U2, also of turns that have ended. */
function judgeEarly(entries: readonly Entry[], complain: Complain): void {
  const marks = marksIn(entries);
  const booked = bookedIn(entries);
  for (const end of marks) {
    if (end.does !== "ran") continue;
    const begin = marks.find(({ id, does }) => id === end.id && does === "runs");
    if (begin === undefined) {
      complain(`${end.id} has undone its own and did not begin to`);
      continue;
    }
    for (const { id, at } of booked) {
      if (at > begin.at || !isOwn(begin, id)) continue;
      if (marks.some((mark) => mark.at < end.at && mayForget(mark, id, at))) continue;
      const ends = entries.slice(0, end.at).filter((entry) => isUndoEnd(entry) && entry.id === undoIdOf(id));
      if (ends.length !== 1) complain(`${end.id} has undone its own, and ${id} ${ends.length} times`);
    }
  }
}

/** U3. Undoing goes one after the other, so one at most was under way. What was given up may say that it forgets and not do it. */
function judgeForgotten(
  entries: readonly Entry[],
  booked: readonly Booked[],
  marks: readonly Mark[],
  complain: Complain,
): void {
  for (const mark of marks) {
    const isDone = marks.some(({ id, does }) => id === mark.id && does === "forgot");
    if (mark.does !== "forgets" || !isDone) continue;
    const later = entries.slice(mark.at).filter(isUndoEnd);
    for (const { id } of later.slice(1)) {
      const isForgotten = booked.some(
        (one) => undoIdOf(one.id) === id && one.at <= mark.at && isOwn(mark, one.id),
      );
      if (isForgotten) complain(`${id} was done although ${mark.id} had it forgotten`);
    }
  }
}

/**
 * When the undoing of one has ended, it is the turn of what was done last of all that is recorded by then and is not to be
 * left. When something was added is not recorded, and what is undone early has an order of its own: not where sagas are.
 */
function judgeOrder(
  recorded: readonly string[],
  booked: readonly Booked[],
  entries: readonly Entry[],
  complain: Complain,
): void {
  if (marksIn(entries).length > 0 || recorded.some((id) => ADDED.test(id))) return;
  const left = booked.filter(({ id }) => undoIdOf(id) !== recorded[0]);
  for (const [i, undo] of recorded.slice(0, -1).entries()) {
    const endedAt = entries.findIndex((entry) => isUndoEnd(entry) && entry.id === undo);
    const last = left.findLast(({ at }) => at < endedAt);
    const next = recorded[i + 1];
    if (last !== undefined && undoIdOf(last.id) !== next)
      complain(`${next} came after ${undo}, and it was the turn of ${last.id}`);
    left.splice(
      left.findIndex(({ id }) => undoIdOf(id) === next),
      1,
    );
  }
}

function judgeOne(id: string, isReportedOk: boolean, entries: readonly Entry[], complain: Complain): void {
  const at = entries.findIndex((entry) => entry.type === "step.succeeded" && entry.id === id);
  const ends = entries.filter((entry) => isUndoEnd(entry) && entry.id === undoIdOf(id));
  const [end] = ends;
  if (ends.length !== 1 || end === undefined) {
    complain(`${id} has ${ends.length} ends of its undoing`);
    return;
  }
  if (entries.indexOf(end) < at) complain(`${id} was undone before it had succeeded`);
  if ((end.type === "step.succeeded") !== isReportedOk)
    complain(`${id} is reported as ${isReportedOk ? "" : "not "}undone and its undoing is a ${end.type}`);
}

function isUndoEnd(
  entry: Entry,
): entry is Extract<Entry, { readonly type: "step.succeeded" | "step.failed" }> {
  return (entry.type === "step.succeeded" || entry.type === "step.failed") && entry.id.endsWith("#undo");
}
