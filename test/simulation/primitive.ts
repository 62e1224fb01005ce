// What a primitive of the vocabulary is to the simulator: how it is drawn, what code it becomes, what that code must
// give when nothing goes wrong, and what the outside does about it. How a new one joins is told in vocabulary.ts.
//
// P1  What `run` returns does not depend on time: who wins a race or whether a signal came in time is checked on the
//     spot (`complain`), and the value is the same either way. So `expect` needs no engine.
// P2  What `run` throws on purpose, `expect` throws as an ExpectedFailure with the same message; so a run that nobody
//     catches it in must end failed, with that message.
// P3  Names are new for each node (`newName`), so an id of the journal tells its node.
import type { Engine } from "../../lib/engine/index.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import type { ClosedStatus } from "../../lib/ports/run.ts";
import type { Loaded } from "../../lib/ports/store.ts";
import type { Context } from "../../lib/sdk/context.ts";
import type { ErrorCode } from "../../lib/sdk/errors.ts";
import type { AnyWorkflow } from "../../lib/sdk/workflow.ts";
import type { Chance } from "./chance.ts";

/** What a program's code is made of; each primitive knows more of its own. Plain data: it travels as a run's input. */
export interface AnyNode {
  readonly kind: string;
  /** Nodes that it holds, if any. */
  readonly inner?: readonly AnyNode[];
  /** How often they run, each time as `instanceOf` says; once when absent. */
  readonly turns?: number;
}

/** Where a node is drawn. */
export interface Scope {
  readonly chance: Chance;
  /** A name that no other call of the program has. */
  readonly newName: () => string;
  /** Nodes one level deeper; nothing at the deepest. */
  readonly drawInner: ((count: number) => readonly AnyNode[]) | undefined;
  /** The same, of primitives that need nothing from outside: for runs that no client knows. */
  readonly drawAlone: ((count: number) => readonly AnyNode[]) | undefined;
}

/** An attempt whose body begins. */
export interface Begun {
  /** Without its scopes. */
  readonly id: string;
  readonly attempt: number;
  readonly on: boolean;
  /** It has called ports before: the replay that it belongs to may have been given up meanwhile. */
  readonly isLate?: true;
  /** It must never begin again. */
  readonly isOnce?: true;
  /** Of the code that it belongs to; the first when absent. */
  readonly generation?: number;
}

/** What the code of a node runs in: one execution in one process. */
export interface Interpreter {
  readonly ctx: Context;
  /** Names the run, its generation and its turn, and is part of every value, so that none can pass for another. */
  readonly label: string;
  /** How often the code has begun, this time included. */
  readonly generation: number;
  /** Of the code that this process runs: what does not reach the journal may differ between two of them. */
  readonly version: number;
  readonly run: (node: AnyNode) => Promise<unknown>;
  /** Of this run, or of the one with that label. */
  readonly expect: (node: AnyNode, label?: string) => unknown;
  /** What a child run that is made of a node is started with. */
  readonly family: (
    node: AnyNode,
    label: string,
  ) => { readonly workflow: AnyWorkflow; readonly input: unknown };
  /** The outside is given what ends the callback of that name. */
  readonly handOut: (name: string, tokens: Tokens) => void;
  /** Runs may end for want of time. */
  readonly hasTimeout: boolean;
  /** A step's body has begun. */
  readonly begin: (attempt: Begun) => void;
  /** The same in a scope, whose ids begin with `prefix`; a turn has a label and a memory of its own. */
  readonly within: (
    ctx: Context,
    prefix: string,
    own?: Partial<Pick<Interpreter, "label" | "remember">>,
  ) => Interpreter;
  readonly prefix: string;
  /** The code of this process has the changes that runs in flight must not notice. */
  readonly isChanged: boolean;
  readonly pause: (ms: number) => Promise<void>;
  /** Part of the run's value that only a replay can know. */
  readonly remember: (value: unknown) => void;
  /** Something must not be: a violation. */
  readonly complain: (what: string) => void;
  /** What the outside does to this run. */
  readonly actions: readonly Action[];
  readonly hands: Hands;
}

/** Of a callback: one that takes any value; or an approval's two. */
export interface Tokens {
  readonly value?: string;
  readonly approve?: string;
  readonly reject?: string;
}

/** What a step's body may do to other runs, as an author's would through a client of its own. */
export interface Hands {
  /** A run of its own for a node; the same key gives the same run. */
  start(node: AnyNode, label: string, idempotencyKey: string): Promise<string>;
  /** To another of the runs that were started side by side; false when it has ended. */
  signal(run: number, name: string, payload: unknown, idempotencyKey: string): Promise<boolean>;
  /** What was broken for a run of that label works now. */
  isMended(label: string): boolean;
  /** How many runs were started side by side; they are numbered from 0. */
  readonly runs: number;
}

/** Something that the outside does to a run at a time. */
export interface Action {
  /** The kind of the primitive that it belongs to. */
  readonly by: string;
  /** After the start of the simulation. */
  readonly atMs: number;
  /** Number of the run it is about. */
  readonly run: number;
  /** How long it takes, when it takes time. */
  readonly lastsMs?: number;
}

/** How a run ended, as far as the oracle compares it. */
export type Ending =
  | { readonly status: "succeeded"; readonly value: unknown }
  | { readonly status: "failed"; readonly message: string }
  | { readonly status: Exclude<ClosedStatus, "succeeded" | "failed"> };

/** Asks as often as it takes to be answered; a refusal that is not expected is a violation. */
export interface Client {
  readonly runId: string;
  /** What the run is started with. */
  readonly start: { readonly workflow: string; readonly input: unknown };
  /** True when it was done, false when it was refused with the expected code. */
  readonly ask: (
    act: (engine: Engine) => Promise<unknown>,
    ...expected: readonly ErrorCode[]
  ) => Promise<boolean>;
  readonly sleep: (ms: number) => Promise<void>;
  /** Says what the client means to do with the run as an operator, so that the rules know. */
  readonly hold: (how: "asked" | "held" | "over") => void;
  /** What has been handed out for a callback of the run, the first included; never when nothing is. The list grows. */
  readonly tokens: (name: string) => Promise<readonly Tokens[]>;
  readonly complain: (what: string) => void;
}

/** What is stored of a run that has ended. */
export interface EndedRun extends Loaded {
  readonly entries: readonly Entry[];
}

export interface Outside<Node extends AnyNode, Doing extends Action> {
  /** `nodes` are all of this kind in the program. */
  draw(nodes: readonly Node[], chance: Chance, run: number): readonly Doing[];
  /** Whether it was accepted. */
  act(doing: Doing, client: Client): Promise<boolean>;
  /** Endings that the run may come to because of what was done, besides the one that its code comes to. */
  mayEnd?(done: readonly Doing[]): readonly Ending[];
  /** What must hold in the end of a run to which `accepted` was done. */
  judge?(ended: EndedRun, accepted: readonly Doing[], complain: (what: string) => void): void;
}

export interface Primitive<Node extends AnyNode, Doing extends Action = Action> {
  /** Nothing when it cannot be drawn here. */
  draw(scope: Scope): Node | undefined;
  run(node: Node, at: Interpreter): Promise<unknown>;
  expect(
    node: Node,
    label: string,
    inner: (node: AnyNode) => unknown,
    /** The same under a label of its own. */
    innerAs: (node: AnyNode, label: string) => unknown,
  ): unknown;
  /** Longest it may wait by itself, ms: bounds how long a run may take. */
  longestMs(node: Node, inner: (node: AnyNode) => number): number;
  /** It can lose what only the sweeper finds. */
  readonly needsSweeper?: true;
  /** For what waits for people or other systems, or is changed by them. */
  readonly outside?: Outside<Node, Doing>;
}

/** What the code throws on purpose (P2). */
export class ExpectedFailure extends Error {
  override readonly name = "ExpectedFailure";
}

/**
 * A node as it is in one of several turns or generations: what the outside finds by its name has another one in each. The
 * first is the node itself.
 */
export function instanceOf(node: AnyNode, mark: string, nth: number): AnyNode {
  if (nth === 0) return node;
  const { inner } = node;
  const marked =
    node.kind === "callback" && "name" in node ? { ...node, name: `${node.name} ${mark}${nth}` } : node;
  return inner === undefined ? marked : { ...marked, inner: inner.map((one) => instanceOf(one, mark, nth)) };
}

/** A node in one turn of what holds it: loops lie in loops. */
export function instanceOfTurn(node: AnyNode, holder: AnyNode, turn: number): AnyNode {
  return instanceOf(node, `${"name" in holder ? String(holder.name) : ""} t`, turn);
}

const BULK_NUMBERS = 2_300;
const bulks = new Map<number, string>();

/** Much text that does not compress away: it goes to the blob store. */
export function bulk(id: string): string {
  const known = bulks.get(id.length);
  if (known !== undefined) return id + known;
  const numbers: string[] = [];
  let state = 7 + id.length;
  for (let i = 0; i < BULK_NUMBERS; i += 1) {
    state = (state * 48_271) % 2_147_483_647;
    numbers.push(state.toString(36));
  }
  bulks.set(id.length, numbers.join());
  return id + numbers.join();
}
