// What a primitive of the vocabulary is to the simulator: how it is drawn, what code it becomes, and what that code must
// give when nothing goes wrong. A new one is a file or a few lines beside the others, and a line in vocabulary.ts.
//
// P1  What `run` returns does not depend on time: who wins a race or whether a signal came in time is checked on the
//     spot (`complain`), and the value is the same either way. So `expect` needs no engine.
import type { Context } from "../../lib/sdk/context.ts";
import type { Chance } from "./chance.ts";

/** What a program's code is made of; each primitive knows more of its own. */
export interface AnyNode {
  readonly kind: string;
}

/** Where a node is drawn. */
export interface Scope {
  readonly chance: Chance;
  /** A name that no other call of the program has. */
  readonly newName: () => string;
  /** Nodes one level deeper; nothing at the deepest. */
  readonly drawInner: ((count: number) => readonly AnyNode[]) | undefined;
}

/** What the code of a node runs in: one execution in one process. */
export interface Interpreter {
  readonly ctx: Context;
  /** What the run was started with; it is part of every value, so that no run can pass for another. */
  readonly label: string;
  readonly run: (node: AnyNode) => Promise<unknown>;
  readonly expect: (node: AnyNode) => unknown;
  /** A step's body has begun. */
  readonly begin: (attempt: { readonly id: string; readonly attempt: number; readonly on: boolean }) => void;
  readonly pause: (ms: number) => Promise<void>;
  /** Part of the run's value that only a replay can know. */
  readonly remember: (value: unknown) => void;
  /** Something must not be: a violation. */
  readonly complain: (what: string) => void;
  /** Whether a signal of that name carried this payload. */
  readonly wasSent: (name: string, payload: unknown) => boolean;
}

export interface Primitive<Node extends AnyNode> {
  /** Nothing when it cannot be drawn here. */
  draw(scope: Scope): Node | undefined;
  run(node: Node, at: Interpreter): Promise<unknown>;
  expect(node: Node, label: string, inner: (node: AnyNode) => unknown): unknown;
  /** Longest it may wait by itself, ms: bounds how long a run may take. */
  longestMs(node: Node, inner: (node: AnyNode) => number): number;
}

/** Much text that does not compress away: it goes to the blob store. */
export function bulk(id: string): string {
  const numbers: number[] = [];
  let state = 7 + id.length;
  for (let i = 0; i < 3_000; i += 1) {
    state = (state * 48_271) % 2_147_483_647;
    numbers.push(state);
  }
  return id + numbers.join();
}
