// Loops of some turns, each made of other nodes, whose state is all that the turns before came to. Every turn has a label
// of its own, so no result of one can pass for another's. That the history stays whole and is left out when a run is
// resumed, fold-rules.ts says.
import { isDeepStrictEqual } from "node:util";
import { type AnyNode, type Interpreter, instanceOfTurn, type Primitive } from "./primitive.ts";

/** A turn's share of what only a replay can know (`remember`) goes with the state, as all else does. */
interface State {
  readonly values: readonly unknown[];
  readonly drawn: readonly unknown[];
}

export interface LoopNode {
  readonly kind: "loop";
  readonly name: string;
  readonly turns: number;
  readonly inner: readonly AnyNode[];
}

export const loop: Primitive<LoopNode> = {
  draw: ({ chance, newName, drawInner }) => {
    if (drawInner === undefined) return undefined;
    const turns = chance.int(1, 4);
    return { kind: "loop", name: `loop ${newName()}`, turns, inner: drawInner(chance.int(1, 2)) };
  },
  run: async (node, at) => {
    const first: State = { values: [], drawn: [] };
    const { values, drawn } = await at.ctx.loop(node.name, first, async (ctx, state, turn) => {
      checkState(node, state, turn, at);
      const drawnNow: unknown[] = [];
      const within = at.within(ctx, `${node.name}/${turn}/`, {
        label: labelOfTurn(node, turn, at.label),
        remember: (value) => drawnNow.push(value),
      });
      const value: unknown[] = [];
      for (const inner of node.inner) value.push(await within.run(instanceOfTurn(inner, node, turn)));
      const next: State = { values: [...state.values, value], drawn: [...state.drawn, ...drawnNow] };
      return turn + 1 < node.turns ? { next } : { done: next };
    });
    at.remember(drawn);
    return values;
  },
  expect: (node, label, _inner, expectAs) =>
    Array.from({ length: node.turns }, (_, turn) => valueOfTurn(node, turn, label, expectAs)),
  longestMs: ({ turns, inner }, longestOf) =>
    turns * inner.reduce((total, node) => total + longestOf(node), 0),
};

/** What loops are called in ids. */
export const TURN = /(?:^|\/)loop n\d+\/(\d+)(?=\/)/g;

/** Whether a call is of a turn of a loop. */
export function isInTurn(id: string): boolean {
  return id.search(TURN) >= 0;
}

export function labelOfTurn({ name }: Pick<LoopNode, "name">, turn: number, label: string): string {
  return `${label} ${name} turn ${turn}`;
}

function valueOfTurn(
  node: LoopNode,
  turn: number,
  label: string,
  expectAs: (node: AnyNode, label: string) => unknown,
): unknown {
  return node.inner.map((one) => expectAs(instanceOfTurn(one, node, turn), labelOfTurn(node, turn, label)));
}

function checkState(node: LoopNode, { values }: State, turn: number, at: Interpreter): void {
  const expected = Array.from({ length: turn }, (_, before) =>
    valueOfTurn(node, before, at.label, (one, label) => at.expect(one, label)),
  );
  if (!isDeepStrictEqual(values, expected))
    at.complain(`turn ${turn} of ${node.name} began with a foreign state`);
}
