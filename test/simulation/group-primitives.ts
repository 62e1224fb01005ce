// What holds other nodes: one after the other, all at once, the first of several. And the values a replay must repeat.
import { isDeepStrictEqual } from "node:util";
import type { AnyNode, Primitive, Scope } from "./primitive.ts";

export interface GroupNode<Kind extends string> {
  readonly kind: Kind;
  readonly inner: readonly AnyNode[];
}

export const sequence: Primitive<GroupNode<"sequence">> = {
  draw: (scope) => drawGroup("sequence", scope),
  run: async ({ inner }, at) => {
    const values: unknown[] = [];
    for (const node of inner) values.push(await at.run(node));
    return values;
  },
  expect: ({ inner }, _label, expectInner) => inner.map(expectInner),
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

export const parallel: Primitive<GroupNode<"parallel">> = {
  draw: (scope) => drawGroup("parallel", scope),
  run: async ({ inner }, at) => await Promise.all(inner.map(at.run)),
  expect: ({ inner }, _label, expectInner) => inner.map(expectInner),
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

/** Whoever wins, its value must be one that it may have; the losers go on, and nobody listens to them. */
export const race: Primitive<GroupNode<"race">> = {
  draw: (scope) => drawGroup("race", scope),
  run: async ({ inner }, at) => {
    const value = await Promise.race(inner.map(at.run));
    if (!inner.some((node) => isDeepStrictEqual(value, at.expect(node))))
      at.complain("a race gave a foreign value");
    return "raced";
  },
  expect: () => "raced",
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

/** Time and chance as the workflow sees them: a replay must see the same, so they are part of the run's value. */
export const drawn: Primitive<{ readonly kind: "drawn" }> = {
  draw: () => ({ kind: "drawn" }),
  run: async (_node, { ctx, remember }) => {
    remember([ctx.now().getTime(), ctx.random(), ctx.uuid()]);
    return "drawn";
  },
  expect: () => "drawn",
  longestMs: () => 0,
};

function drawGroup<Kind extends string>(
  kind: Kind,
  { chance, drawInner }: Scope,
): GroupNode<Kind> | undefined {
  return drawInner === undefined ? undefined : { kind, inner: drawInner(chance.int(2, 4)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
