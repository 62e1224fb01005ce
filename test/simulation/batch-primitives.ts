// What ctx itself composes: scopes, branches and maps with a limit of how many at once, of how many must succeed and of
// how many may fail; races whose losers are given up; and a change of the code that runs in flight must not notice.
import { isDeepStrictEqual } from "node:util";
import type { Batch } from "../../lib/sdk/batch.ts";
import { BatchError, CancelledError } from "../../lib/sdk/errors.ts";
import type { GroupNode } from "./group-primitives.ts";
import type { AnyNode, Interpreter, Primitive, Scope } from "./primitive.ts";

export interface NamedGroup<Kind extends string> extends GroupNode<Kind> {
  readonly name: string;
}

export interface BranchesNode extends NamedGroup<"branches"> {
  readonly concurrency?: number;
}

export const scope: Primitive<NamedGroup<"scope">> = {
  draw: (where) => drawNamed("scope", where),
  run: async ({ name, inner }, at) =>
    await at.ctx.scope(name, async (ctx) => {
      const values: unknown[] = [];
      for (const node of inner) values.push(await at.within(ctx, `${name}/`).run(node));
      return values;
    }),
  expect: ({ inner }, _label, expectInner) => inner.map(expectInner),
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

export const branches: Primitive<BranchesNode> = {
  draw: (where) => {
    const group = drawNamed("branches", where);
    return group && { ...group, ...drawConcurrency(where) };
  },
  run: async ({ name, inner, concurrency }, at) => {
    const room = new Room(concurrency, at);
    return await at.ctx.parallel(
      name,
      inner.map(
        (node, i) => async (ctx) => await room.use(async () => at.within(ctx, `${name}/${i}/`).run(node)),
      ),
      concurrency === undefined ? {} : { concurrency },
    );
  },
  expect: ({ inner }, _label, expectInner) => inner.map(expectInner),
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

export interface BatchNode extends NamedGroup<"batch"> {
  readonly concurrency?: number;
  /** Whether each piece fails when it has done its work. */
  readonly doFail: readonly boolean[];
  readonly options: { readonly tolerate: number } | { readonly minSuccessful: number };
  /** Whether pieces have names of their own. */
  readonly isKeyed: boolean;
}

export const batch: Primitive<BatchNode> = {
  draw: (where) => {
    const { chance } = where;
    const group = drawNamed("batch", where);
    if (group === undefined) return undefined;
    const doFail = group.inner.map(() => chance.happens(0.35));
    const options = chance.happens(0.5)
      ? { tolerate: chance.int(0, group.inner.length) }
      : { minSuccessful: chance.int(1, group.inner.length) };
    return { ...group, ...drawConcurrency(where), doFail, options, isKeyed: chance.happens(0.5) };
  },
  run: async (node, at) => {
    const { name, inner, doFail, concurrency, options, isKeyed } = node;
    const keyOf = (i: number) => (isKeyed ? `piece ${i}` : String(i));
    const room = new Room(concurrency, at);
    try {
      const result = await at.ctx.map(
        name,
        inner,
        async (ctx, item, i) =>
          await room.use(async () => {
            const value = await at.within(ctx, `${name}/${keyOf(i)}/`).run(item);
            if (doFail[i] === true) throw new Error(`piece ${i}`);
            return value;
          }),
        {
          ...options,
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(isKeyed ? { key: (_, i) => keyOf(i) } : {}),
        },
      );
      if (isTooMuch(node)) at.complain(`${name} succeeded`);
      checkBatch(node, result, at);
    } catch (error) {
      if (!(error instanceof BatchError)) throw error;
      if (!isTooMuch(node)) at.complain(`${name} failed: ${error.message}`);
      checkBatch(node, error.batch, at);
    }
    return "batched";
  },
  expect: () => "batched",
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

/** Whether more fail than are tolerated, whoever comes first. */
function isTooMuch({ doFail, options }: BatchNode): boolean {
  const failures = doFail.filter(Boolean).length;
  return "tolerate" in options
    ? failures > options.tolerate
    : failures > doFail.length - options.minSuccessful;
}

function checkBatch(node: BatchNode, { items, completion }: Batch<unknown>, at: Interpreter): void {
  const { name, inner, doFail, options } = node;
  for (const [i, item] of items.entries()) {
    const piece = inner[i];
    if (item.status === "failed" && !(doFail[i] === true && isMessage(item.error, `piece ${i}`)))
      at.complain(`piece ${i} of ${name} failed: ${String(item.error)}`);
    if (item.status !== "succeeded") continue;
    if (doFail[i] === true || piece === undefined || !isDeepStrictEqual(item.value, at.expect(piece)))
      at.complain(`piece ${i} of ${name} gave another value`);
  }
  const count = (status: string) => items.filter((item) => item.status === status).length;
  const isComplete = count("succeeded") + count("failed") === items.length;
  if (completion === "all-completed" && !isComplete) at.complain(`${name} is said to be complete and is not`);
  if (completion === "enough-succeeded") {
    if (!("minSuccessful" in options) || count("succeeded") < options.minSuccessful)
      at.complain(`${name} is said to have enough and has ${count("succeeded")}`);
  }
}

/** The first of several wins, and the others are given up; none of them is left behind. */
export const duel: Primitive<NamedGroup<"duel">> = {
  draw: (where) => drawNamed("duel", where),
  run: async ({ name, inner }, at) => {
    const rivals = inner.map((node, i) =>
      at.ctx.scope(`${name} ${i}`, async (ctx) => await at.within(ctx, `${name} ${i}/`).run(node)),
    );
    const first = await Promise.race(rivals);
    if (!inner.some((node) => isDeepStrictEqual(first, at.expect(node))))
      at.complain(`${name} gave a foreign value`);
    for (const rival of rivals) rival.cancel("too late");
    for (const [i, end] of (await Promise.allSettled(rivals)).entries()) {
      if (end.status === "rejected" && !(end.reason instanceof CancelledError))
        at.complain(`rival ${i} of ${name} failed: ${String(end.reason)}`);
    }
    return "fought";
  },
  expect: () => "fought",
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

/** The old code does the first, the new one the second, and asks which it is to be: one of the two is done, not both. */
export const change: Primitive<NamedGroup<"change">> = {
  draw: ({ chance, newName, drawInner }) => {
    if (drawInner === undefined || !chance.happens(0.9)) return undefined;
    return { kind: "change", name: newName(), inner: drawInner(2) };
  },
  run: async ({ name, inner }, at) => {
    const choice = at.isChanged ? at.ctx.version(name, { from: 0, to: 1 }) : 0;
    const node = inner[choice];
    if (node !== undefined) await at.run(node);
    return "changed";
  },
  expect: () => "changed",
  longestMs: ({ inner }, longestOf) => sum(inner.map(longestOf)),
};

/** Where no more may be at work than there is room for. */
class Room {
  #atWork = 0;
  readonly #size: number;
  readonly #at: Interpreter;

  constructor(size: number | undefined, at: Interpreter) {
    this.#size = size ?? Number.POSITIVE_INFINITY;
    this.#at = at;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#atWork += 1;
    if (this.#atWork > this.#size) this.#at.complain(`${this.#atWork} at work and room for ${this.#size}`);
    try {
      return await work();
    } finally {
      this.#atWork -= 1;
    }
  }
}

function drawNamed<Kind extends string>(
  kind: Kind,
  { chance, newName, drawInner }: Scope,
): NamedGroup<Kind> | undefined {
  if (drawInner === undefined) return undefined;
  const inner: readonly AnyNode[] = drawInner(chance.int(2, 4));
  return { kind, name: newName(), inner };
}

function drawConcurrency({ chance }: Scope): { readonly concurrency?: number } {
  return chance.happens(0.5) ? { concurrency: chance.int(1, 3) } : {};
}

function isMessage(error: unknown, message: string): boolean {
  return error instanceof Error && error.message === message;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
