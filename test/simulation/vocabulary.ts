// Every primitive that a random workflow may be made of, and how often each is drawn.
import type { Chance } from "./chance.ts";
import { drawn, parallel, race, sequence } from "./group-primitives.ts";
import type { AnyNode, Interpreter, Primitive, Scope } from "./primitive.ts";
import { step } from "./step-primitive.ts";
import { signal, sleep } from "./wait-primitives.ts";

const VOCABULARY = { step, sleep, signal, sequence, parallel, race, drawn };

/** Out of their sum. */
const WEIGHTS: Readonly<Record<keyof typeof VOCABULARY, number>> = {
  step: 34,
  sleep: 13,
  signal: 13,
  sequence: 14,
  parallel: 14,
  race: 7,
  drawn: 5,
};
const MAX_DRAWS = 100;

/** A primitive takes only nodes of its own kind: the table is read by the kind of the node. */
function primitiveOf(kind: string): Primitive<AnyNode> {
  const table = VOCABULARY as unknown as Readonly<Record<string, Primitive<AnyNode>>>;
  const found = table[kind];
  if (found === undefined) throw new Error(`"${kind}" is not in the vocabulary`);
  return found;
}

export function drawNode(chance: Chance, newName: () => string, depth: number): AnyNode {
  const drawInner: Scope["drawInner"] =
    depth === 0
      ? undefined
      : (count) => Array.from({ length: count }, () => drawNode(chance, newName, depth - 1));
  for (let draws = 0; draws < MAX_DRAWS; draws += 1) {
    const node = primitiveOf(drawKind(chance)).draw({ chance, newName, drawInner });
    if (node !== undefined) return node;
  }
  throw new Error("nothing can be drawn here");
}

function drawKind(chance: Chance): string {
  const weights = Object.entries(WEIGHTS);
  let left = chance.next() * weights.reduce((total, [, weight]) => total + weight, 0);
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left < 0) return kind;
  }
  return "step";
}

export async function runNode(node: AnyNode, at: Interpreter): Promise<unknown> {
  return await primitiveOf(node.kind).run(node, at);
}

export function expectNode(node: AnyNode, label: string): unknown {
  return primitiveOf(node.kind).expect(node, label, (inner) => expectNode(inner, label));
}

export function longestMsOf(node: AnyNode): number {
  return primitiveOf(node.kind).longestMs(node, longestMsOf);
}

/** A node and all that it holds. */
export function allOf(node: AnyNode): readonly AnyNode[] {
  return "inner" in node ? [node, ...(node.inner as readonly AnyNode[]).flatMap(allOf)] : [node];
}
