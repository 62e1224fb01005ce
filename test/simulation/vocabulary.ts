// Every primitive that a random workflow may be made of, and how often each is drawn.
//
// A new primitive, say `ctx.lullaby(name)`, joins in three places:
//
//   1. A file (or some lines beside its kin) with its node and a `Primitive`:
//
//        export const lullaby: Primitive<LullabyNode> = {
//          draw: ({ newName }) => ({ kind: "lullaby", name: newName() }),
//          run: async ({ name }, { ctx }) => await ctx.lullaby(name),
//          expect: ({ name }) => `sung ${name}`,
//          longestMs: () => 60_000,
//        };
//
//   2. A line in VOCABULARY and one in WEIGHTS below. Generator, oracle, faults and rules then know it.
//   3. What is new to the protocol: a port's new method in WRITES of fault.ts if it writes (and a kind of fault if it
//      can fail in a way of its own); a rule in journal-rules.ts, wake-rules.ts or a file like signal-rules.ts; a
//      sight in sights.ts for the state that it should reach now and then.
//
// It holds other nodes: name them `inner`, draw them with `drawInner`, run them with `at.run` (groups).
// It is fed or changed from outside (callbacks, cancel): `outside` draws actions, does them through a client that asks
// until it is answered, and judges the end (signal in wait-primitives.ts). Endings that an action allows, cancelled for
// one, are told by `mayEnd`; the oracle takes any of them.
// It gives its nodes a context of their own: run them with `at.within(ctx, prefix)`, so that their ids are known.
// It concerns whole runs and no node: an Outside in RUN_ACTIONS (cancel, pause in run-actions.ts).
// It fails on purpose: throw in `run`, and an ExpectedFailure with the same message in `expect` (fail, caught).
// It makes or meets other runs: a node is data, so a child run is the same workflow with a node as its input
// (`drawAlone`, spawn in run-primitives.ts); every run that is created is watched, closed and judged like the first.
// It is of one version of the code only: look at `at.version`; what reaches the journal must not differ.

import { batch, branches, change, duel, scope } from "./batch-primitives.ts";
import { callback } from "./callback-primitive.ts";
import type { Chance } from "./chance.ts";
import { child } from "./child-primitive.ts";
import { FLOW_CONTROL } from "./flow.ts";
import { caught, drawn, fail, parallel, race, sequence } from "./group-primitives.ts";
import { loop } from "./loop-primitive.ts";
import { bounded, condition, once } from "./once-primitives.ts";
import { attributes, emit, publish } from "./outgoing-primitives.ts";
import {
  type Action,
  type AnyNode,
  type EndedRun,
  type Interpreter,
  instanceOfTurn,
  type Outside,
  type Primitive,
  type Scope,
} from "./primitive.ts";
import { broken, REPAIR } from "./repair.ts";
import { cancel, look, pause, summon, terminate } from "./run-actions.ts";
import { nudge, spawn } from "./run-primitives.ts";
import { step } from "./step-primitive.ts";
import { stream } from "./stream-primitive.ts";
import { SCHEDULES } from "./timetable.ts";
import { tx } from "./tx-primitive.ts";
import { booking, saga } from "./undo-primitive.ts";
import { signal, sleep, until } from "./wait-primitives.ts";

const VOCABULARY = {
  step,
  sleep,
  signal,
  sequence,
  parallel,
  race,
  drawn,
  fail,
  caught,
  spawn,
  nudge,
  booking,
  child,
  callback,
  once,
  condition,
  scope,
  branches,
  batch,
  duel,
  change,
  loop,
  publish,
  attributes,
  emit,
  tx,
  until,
  stream,
  bounded,
  saga,
  broken,
};

/** What happens to a run whatever it is made of. */
const RUN_ACTIONS = { cancel, terminate, pause, look, summon };
/** The code may begin anew (program.ts): neither a node nor an action. */
export const ANEW = "anew";
/** Runs may be started to begin later (program.ts). */
export const LATER = "later";

/** What programs are drawn from unless one says otherwise. */
export const ALL_KINDS: readonly string[] = [
  ...Object.keys(VOCABULARY),
  ...Object.keys(RUN_ACTIONS),
  ANEW,
  LATER,
  FLOW_CONTROL,
  SCHEDULES,
  REPAIR,
];
/** What there was at first: a seed of that time still gives its program with these. */
export const FIRST_KINDS: readonly string[] = [
  "step",
  "sleep",
  "signal",
  "sequence",
  "parallel",
  "race",
  "drawn",
  "fail",
  "caught",
  "spawn",
  "nudge",
];

/** Out of their sum; 0 is drawn by others only. */
const WEIGHTS: Readonly<Record<keyof typeof VOCABULARY, number>> = {
  step: 34,
  sleep: 13,
  signal: 13,
  sequence: 14,
  parallel: 14,
  race: 7,
  drawn: 5,
  fail: 0,
  caught: 4,
  spawn: 4,
  nudge: 4,
  booking: 7,
  child: 6,
  callback: 7,
  once: 6,
  condition: 5,
  scope: 3,
  branches: 4,
  batch: 5,
  duel: 5,
  change: 3,
  loop: 10,
  publish: 6,
  attributes: 5,
  emit: 7,
  tx: 7,
  until: 5,
  stream: 5,
  bounded: 5,
  saga: 6,
  broken: 0,
};
/** Draw these and you need nobody. */
const ALONE: readonly (keyof typeof VOCABULARY)[] = [
  "step",
  "sleep",
  "sequence",
  "parallel",
  "drawn",
  "booking",
  "child",
  "once",
  "condition",
  "loop",
  "publish",
  "attributes",
  "emit",
  "tx",
  "until",
  "bounded",
  "saga",
];
const MAX_DRAWS = 100;

/** A primitive takes only nodes of its own kind: the table is read by the kind of the node. */
const TABLE = VOCABULARY as unknown as Readonly<Record<string, Primitive<AnyNode>>>;
const OF_RUNS = RUN_ACTIONS as unknown as Readonly<Record<string, Outside<AnyNode, Action>>>;

function primitiveOf(kind: string): Primitive<AnyNode> {
  const found = TABLE[kind];
  if (found === undefined) throw new Error(`"${kind}" is not in the vocabulary`);
  return found;
}

export function drawNode(
  chance: Chance,
  newName: () => string,
  depth: number,
  kinds: readonly string[],
): AnyNode {
  const deeper =
    (from: readonly string[]): Scope["drawInner"] =>
    (count) =>
      Array.from({ length: count }, () => drawNode(chance, newName, depth - 1, from));
  const drawInner = depth === 0 ? undefined : deeper(kinds);
  const drawAlone = depth === 0 ? undefined : deeper(ALONE.filter((kind) => kinds.includes(kind)));
  for (let draws = 0; draws < MAX_DRAWS; draws += 1) {
    const node = primitiveOf(drawKind(chance, kinds)).draw({ chance, newName, drawInner, drawAlone });
    if (node !== undefined) return node;
  }
  throw new Error("nothing can be drawn here");
}

function drawKind(chance: Chance, kinds: readonly string[]): string {
  const weights = Object.entries(WEIGHTS).filter(([kind]) => kinds.includes(kind));
  let left = chance.next() * weights.reduce((total, [, weight]) => total + weight, 0);
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left < 0) return kind;
  }
  return "step";
}

/** What the outside does to one run; `roots` is the code of each of its generations. */
export function drawActions(roots: readonly AnyNode[], chance: Chance, run: number): readonly Action[] {
  const nodes = roots.flatMap(allOf);
  return Object.entries(TABLE).flatMap(
    ([kind, { outside }]) =>
      outside?.draw(
        nodes.filter((node) => node.kind === kind),
        chance,
        run,
      ) ?? [],
  );
}

/** What the outside does to one run, whatever it is made of. */
export function drawRunActions(chance: Chance, run: number, kinds: readonly string[]): readonly Action[] {
  const possible = Object.entries(OF_RUNS).filter(([kind]) => kinds.includes(kind));
  return possible.flatMap(([, outside]) => outside.draw([], chance, run));
}

/** Some primitive in it can lose what only the sweeper finds. */
export function needsSweeper(root: AnyNode): boolean {
  return allOf(root).some(({ kind }) => primitiveOf(kind).needsSweeper === true);
}

export function outsideOf({ by }: Action): Outside<AnyNode, Action> {
  const outside = OF_RUNS[by] ?? primitiveOf(by).outside;
  if (outside === undefined) throw new Error(`the outside has no part in "${by}"`);
  return outside;
}

/** Lets every primitive judge what was done to the run for it, also when nothing was. */
export function judgeActions(
  ended: EndedRun,
  accepted: readonly Action[],
  complain: (what: string) => void,
): void {
  const outsides = Object.entries(TABLE).map(([kind, { outside }]) => [kind, outside] as const);
  for (const [kind, outside] of [...outsides, ...Object.entries(OF_RUNS)]) {
    outside?.judge?.(
      ended,
      accepted.filter(({ by }) => by === kind),
      complain,
    );
  }
}

export async function runNode(node: AnyNode, at: Interpreter): Promise<unknown> {
  return await primitiveOf(node.kind).run(node, at);
}

/** @throws ExpectedFailure */
export function expectNode(node: AnyNode, label: string): unknown {
  return primitiveOf(node.kind).expect(node, label, (inner) => expectNode(inner, label), expectNode);
}

export function longestMsOf(node: AnyNode): number {
  return primitiveOf(node.kind).longestMs(node, longestMsOf);
}

/** Whether a node of this kind is in it, at whatever depth. */
export function holds(root: AnyNode, kind: string): boolean {
  return allOf(root).some((node) => node.kind === kind);
}

/** A node and all that it holds, as often as it runs. */
function allOf(node: AnyNode): readonly AnyNode[] {
  const { inner = [], turns = 1 } = node;
  const all = Array.from({ length: turns }, (_, turn) =>
    inner.flatMap((one) => allOf(instanceOfTurn(one, node, turn))),
  );
  return [node, ...all.flat()];
}
