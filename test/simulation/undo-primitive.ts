// Steps that can be undone, by a body that succeeds at once, after retries, or never; and code that undoes what it has done
// by itself, forgets it, or adds to it. What was undone is judged by undo-rules.ts.
import { isDeepStrictEqual } from "node:util";
import { undoIdOf } from "../../lib/engine/undo-id.ts";
import type { Undone } from "../../lib/ports/journal.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import type { StepContext } from "../../lib/sdk/step.ts";
import { type AnyNode, bulk, type Interpreter, type Primitive } from "./primitive.ts";
import { judgeUndone } from "./undo-rules.ts";

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

export interface SagaNode {
  readonly kind: "saga";
  readonly name: string;
  /** Undoes all of the code's own that can be undone by then, has it forgotten, or leaves it to the end. */
  readonly does: "runs" | "forgets" | "leaves";
  /** How many it adds (`compensations.add`). */
  readonly added: number;
  readonly undoFailures: number | "always";
  readonly inner: readonly AnyNode[];
}

/** Says what it does in steps of its own, so that the journal tells (undo-rules.ts). */
export const saga: Primitive<SagaNode> = {
  draw: (scope) => {
    const { chance, newName } = scope;
    const bookings = Array.from({ length: chance.int(0, 2) }, () => booking.draw(scope));
    return {
      kind: "saga",
      name: `saga ${newName()}`,
      does: chance.pick(["runs", "runs", "forgets", "leaves"]),
      added: chance.int(bookings.length === 0 ? 1 : 0, 2),
      undoFailures: chance.happens(0.15) ? "always" : chance.pick([0, 0, 1]),
      inner: bookings.filter((node) => node !== undefined),
    };
  },
  run: async (node, at) => {
    const { name, does, added, inner } = node;
    const { compensations } = at.ctx;
    const say = async (what: string) => {
      const id = `${name} ${what} ${added}`;
      await at.ctx.step(id, ({ attempt }) => at.begin({ id, attempt, on: false }));
    };
    for (let i = 0; i < added; i += 1)
      compensations.add(`${name} add ${i}`, (s) => undoAdded(node, i, s, at));
    for (const one of inner) await at.run(one);
    await say(does);
    if (does === "forgets") {
      compensations.forget();
      await say("forgot");
    }
    if (does === "runs") {
      checkEarly(node, await compensations.run(), at);
      await say("ran");
    }
    return `${at.label} saw to ${name}`;
  },
  expect: ({ name }, label) => `${label} saw to ${name}`,
  longestMs: ({ added, inner }, longestOf) =>
    60_000 + added * 90_000 + inner.reduce((total, one) => total + 2 * longestOf(one), 0),
};

function undoAdded(
  { name, undoFailures }: SagaNode,
  i: number,
  { attempt }: StepContext,
  at: Interpreter,
): void {
  const id = `${name} add ${i}`;
  at.begin({ id: undoIdOf(id), attempt, on: false });
  if (undoFailures === "always") throw new TerminalError(`${id} cannot be undone`);
  if (attempt <= undoFailures) throw new Error(`${id} cannot be undone at attempt ${attempt}`);
}

/** Somebody beside it may have undone some of its own before; none of it twice, and the last that it has added first. */
function checkEarly({ name, undoFailures }: SagaNode, undone: readonly Undone[], at: Interpreter): void {
  const ids = undone.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) at.complain(`${name} has undone twice: ${ids}`);
  const own = undone.filter(({ id }) => id.startsWith(`${at.prefix}${name} add `));
  if (own.some(({ ok }) => ok === (undoFailures === "always")))
    at.complain(`${name} was told otherwise of what it has added`);
  const inOrder = own.map(({ id }) => id).toSorted((a, b) => (a < b ? 1 : -1));
  if (
    !isDeepStrictEqual(
      inOrder,
      own.map(({ id }) => id),
    )
  )
    at.complain(`${name} has undone ${ids} in this order`);
}
