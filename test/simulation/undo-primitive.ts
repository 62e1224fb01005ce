// Steps that can be undone, by a body that succeeds at once, after retries, or never. What was undone, in which order
// and what was reported of it is judged by the journal alone: every step that is recorded to have succeeded.
import { isDeepStrictEqual } from "node:util";
import { undoIdOf } from "../../lib/engine/undo-id.ts";
import type { Entry, TerminalEntry } from "../../lib/ports/journal.ts";
import type { StepContext } from "../../lib/sdk/step.ts";
import { type Action, bulk, type EndedRun, type Interpreter, type Primitive } from "./primitive.ts";

const HANDLER = "shipping";
/** Faults may use up attempts (E_STEP_LOST). */
const SPARE_ATTEMPTS = 100;
const UNDO_ATTEMPTS = 3;

export interface BookingNode {
  readonly kind: "booking";
  readonly name: string;
  readonly onHandler: boolean;
  readonly bodyMs: number;
  readonly undoMs: number;
  readonly undoFailures: number | "always";
  readonly isBulky: boolean;
}

export const booking: Primitive<BookingNode> = {
  draw: ({ chance, newName }) => ({
    kind: "booking",
    name: `book ${newName()}`,
    onHandler: chance.happens(0.3),
    bodyMs: chance.pick([0, 0, 200, 1_000, 4_000]),
    undoMs: chance.pick([0, 0, 200, 4_000, 30_000]),
    undoFailures: chance.happens(0.15) ? "always" : chance.pick([0, 0, 1, 2]),
    isBulky: chance.happens(0.1),
  }),
  run: async (node, at) => {
    const { name } = node;
    const value = await at.ctx.step(
      name,
      async ({ attempt }) => {
        at.begin({ id: name, attempt, on: node.onHandler });
        if (node.bodyMs > 0) await at.pause(node.bodyMs);
        return bookedValue(node, at.label);
      },
      {
        retry: { maxAttempts: SPARE_ATTEMPTS, max: "20s" },
        compensate: {
          undo: async (booked, s) => await undo(node, booked, s, at),
          retry: { maxAttempts: UNDO_ATTEMPTS, initial: "2s", max: "20s" },
        },
        ...(node.onHandler ? { on: HANDLER } : {}),
      },
    );
    if (!isDeepStrictEqual(value, bookedValue(node, at.label))) at.complain(`J3: ${name} gave another value`);
    return `${at.label} has ${name}`;
  },
  expect: ({ name }, label) => `${label} has ${name}`,
  longestMs: ({ bodyMs, undoMs }) => bodyMs + 20_000 + UNDO_ATTEMPTS * (undoMs + 20_000),
  outside: { draw: () => [], act: async () => false, judge: judgeUndone },
};

async function undo(
  node: BookingNode,
  booked: unknown,
  { attempt }: StepContext,
  at: Interpreter,
): Promise<void> {
  at.begin({ id: undoIdOf(node.name), attempt, on: false });
  if (!isDeepStrictEqual(booked, bookedValue(node, at.label)))
    at.complain(`what undoes ${node.name} was given another value`);
  if (node.undoMs > 0) await at.pause(node.undoMs);
  if (node.undoFailures === "always" || attempt <= node.undoFailures)
    throw new Error(`${node.name} cannot be undone at attempt ${attempt}`);
}

function bookedValue({ name, isBulky }: BookingNode, label: string): unknown {
  return isBulky ? bulk(`${label} ${name}`) : { booked: name, by: label };
}

/** Bookings are known by their names, at whatever depth. */
const BOOKING = /(?:^|\/)book n\d+(?:#\d+)?$/;

function judgeUndone(ended: EndedRun, _: readonly Action[], complain: (what: string) => void): void {
  const last = ended.entries.at(-1) as TerminalEntry;
  const entries = leftToUndo(ended.entries);
  const firstUndo = entries.findIndex((entry) => "id" in entry && entry.id.endsWith("#undo"));
  const booked = entries.flatMap((entry, seq) =>
    entry.type === "step.succeeded" && BOOKING.test(entry.id) ? [{ id: entry.id, seq }] : [],
  );
  if (last.type === "run.succeeded") {
    if (firstUndo >= 0) complain("something was undone and the run has succeeded");
    return;
  }
  // Ended without its code: nothing is undone, and what had been under way is not told.
  if (last.type === "run.cancelled" && last.terminated === true) return;
  const undone = last.undone ?? [];
  const ids = undone.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) complain(`undone twice: ${ids}`);
  for (const { id } of booked) if (!ids.includes(id)) complain(`${id} has succeeded and was not undone`);
  for (const id of ids)
    if (!booked.some((step) => step.id === id)) complain(`${id} was undone and had not succeeded`);
  judgeOrder(ids, booked, entries, complain);
  for (const { id, ok } of undone) judgeOne(id, ok, entries, complain);
  const recorded = entries.flatMap((entry) => (isUndoEnd(entry) ? [entry.id] : []));
  if (!isDeepStrictEqual(recorded, ids.map(undoIdOf)))
    complain(`reported as undone: ${ids}, recorded: ${recorded}`);
}

/** Of what a turn or a generation has done that has ended, nothing is undone. */
function leftToUndo(entries: readonly Entry[]): readonly Entry[] {
  const begins = entries.findLastIndex(({ type }) => type === "run.continued") + 1;
  const own = entries.slice(begins);
  return own.filter((entry, i) => {
    if (!("id" in entry) || entry.id.endsWith("#undo")) return true;
    return !own.slice(i).some((later) => endsTurnOf(later, entry.id));
  });
}

function endsTurnOf(later: Entry, id: string): boolean {
  if (later.type !== "loop.turned" || !id.startsWith(`${later.id}/`)) return false;
  return Number.parseInt(id.slice(later.id.length + 1), 10) < later.turn;
}

/** When the undoing of one has ended, it is the turn of what was done last of all that is recorded by then. */
function judgeOrder(
  ids: readonly string[],
  booked: readonly { readonly id: string; readonly seq: number }[],
  entries: readonly Entry[],
  complain: (what: string) => void,
): void {
  const left = booked.filter(({ id }) => id !== ids[0]);
  for (const [i, id] of ids.slice(0, -1).entries()) {
    const endedAt = entries.findIndex((entry) => isUndoEnd(entry) && entry.id === undoIdOf(id));
    const last = left.findLast(({ seq }) => seq < endedAt);
    if (last !== undefined && last.id !== ids[i + 1])
      complain(`${ids[i + 1]} was undone after ${id}, and it was the turn of ${last.id}`);
    left.splice(
      left.findIndex((step) => step.id === ids[i + 1]),
      1,
    );
  }
}

function judgeOne(
  id: string,
  isReportedOk: boolean,
  entries: readonly Entry[],
  complain: (what: string) => void,
): void {
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
