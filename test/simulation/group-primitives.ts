// What holds other nodes: one after the other, all at once, the first of several, whatever it throws. What throws. And
// the values a replay must repeat.
import { isDeepStrictEqual } from "node:util";
import { CancelledError, StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { type AnyNode, ExpectedFailure, type Primitive, type Scope } from "./primitive.ts";

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

export interface FailNode {
  readonly kind: "fail";
  readonly name: string;
  readonly how: "error" | "terminal" | "step";
}

/** Not drawn by itself: in the middle of a group it would be the end of what is beside it. */
export const fail: Primitive<FailNode> = {
  draw: ({ chance, newName }) => ({
    kind: "fail",
    name: newName(),
    how: chance.pick<FailNode["how"]>(["error", "terminal", "step"]),
  }),
  run: async ({ name, how }, at) => {
    if (how === "error") throw new Error(lastWords(name, at.label));
    if (how === "terminal") throw new TerminalError(lastWords(name, at.label));
    const failing = at.ctx.step(name, async ({ attempt }) => {
      at.begin({ id: name, attempt, on: false });
      throw new TerminalError(lastWords(name, at.label));
    });
    // The message names the step with its scopes, which the oracle does not know.
    return await failing.catch((error: unknown) => {
      if (!(error instanceof StepError) || at.prefix === "") throw error;
      throw new TerminalError(error.message.replace(`"${at.prefix}`, '"'));
    });
  },
  expect: ({ name, how }, label) => {
    const thrown = new TerminalError(lastWords(name, label));
    throw new ExpectedFailure(how === "step" ? new StepError(name, 1, thrown).message : thrown.message);
  },
  longestMs: () => 20_000,
};

/** Its last node fails; the code goes on with the message, which a replay must repeat. */
export const caught: Primitive<GroupNode<"caught">> = {
  draw: (scope) => {
    const failing = fail.draw(scope);
    if (scope.drawInner === undefined || failing === undefined) return undefined;
    return { kind: "caught", inner: [...scope.drawInner(scope.chance.int(0, 2)), failing] };
  },
  run: async ({ inner }, at) => {
    try {
      for (const node of inner) await at.run(node);
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      return messageOf(error);
    }
    at.complain("nothing was thrown");
    return undefined;
  },
  expect: ({ inner }, _label, expectInner) => {
    try {
      inner.map(expectInner);
    } catch (error) {
      if (error instanceof ExpectedFailure) return messageOf(error);
      throw error;
    }
    return undefined;
  },
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

function lastWords(name: string, label: string): string {
  return `${label} ends with ${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function drawGroup<Kind extends string>(
  kind: Kind,
  { chance, drawInner }: Scope,
): GroupNode<Kind> | undefined {
  return drawInner === undefined ? undefined : { kind, inner: drawInner(chance.int(2, 4)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
