// What a run tells the outside: its state, its attributes, events; waited for or just said. What becomes of it is judged by
// outgoing-rules.ts.
import type { AttributeChange } from "../../lib/ports/run.ts";
import type { Chance } from "./chance.ts";
import { bulk, type Interpreter, type Primitive } from "./primitive.ts";

const ATTRIBUTES = ["stage", "customer", "total"] as const;

interface Said<Kind extends string> {
  readonly kind: Kind;
  readonly name: string;
  /** Otherwise the code goes on at once. */
  readonly isAwaited: boolean;
  readonly isBulky: boolean;
}

export interface PublishNode extends Said<"publish"> {
  readonly times: number;
}

export const publish: Primitive<PublishNode> = {
  draw: ({ chance, newName }) => ({
    ...drawSaid("publish", newName(), chance),
    times: chance.pick([1, 1, 2, 4]),
  }),
  run: async ({ name, isAwaited, isBulky, times }, at) => {
    for (let time = 0; time < times; time += 1) {
      const of = { by: at.label, name, time };
      await waitFor(at.ctx.publish(isBulky ? { ...of, text: bulk(name) } : of), isAwaited);
    }
    return "published";
  },
  expect: () => "published",
  longestMs: () => 0,
};

export const emit: Primitive<Said<"emit">> = {
  draw: ({ chance, newName }) => drawSaid("emit", newName(), chance),
  run: async ({ name, isAwaited, isBulky }, at) => {
    const detail = isBulky ? { name, text: bulk(name) } : { name };
    await waitFor(at.ctx.emit({ type: typeOf(name), source: at.label, detail }), isAwaited);
    return "emitted";
  },
  expect: () => "emitted",
  longestMs: () => 0,
};

/** Of the events of a node. */
export function typeOf(name: string): string {
  return `${name} happened`;
}

export interface AttributesNode extends Said<"attributes"> {
  readonly changes: Readonly<Partial<Record<(typeof ATTRIBUTES)[number], "set" | "number" | "away">>>;
}

export const attributes: Primitive<AttributesNode> = {
  draw: ({ chance, newName }) => {
    const name = newName();
    const some = ATTRIBUTES.filter(() => chance.happens(0.5));
    const named = some.length === 0 ? [chance.pick(ATTRIBUTES)] : some;
    const changes = named.map((key) => [key, chance.pick(["set", "set", "number", "away"] as const)]);
    return { ...drawSaid("attributes", name, chance), changes: Object.fromEntries(changes) };
  },
  run: async (node, at) => {
    await waitFor(at.ctx.setAttributes(changeOf(node, at)), node.isAwaited);
    return "set";
  },
  expect: () => "set",
  longestMs: () => 0,
};

function changeOf({ name, changes }: AttributesNode, { label }: Interpreter): AttributeChange {
  return Object.fromEntries(
    Object.entries(changes).map(([key, how]) => [
      key,
      how === "away" ? null : how === "number" ? Number(name.slice(1)) : `${name} of ${label}`.slice(-60),
    ]),
  );
}

function drawSaid<Kind extends string>(kind: Kind, name: string, chance: Chance): Said<Kind> {
  return { kind, name, isAwaited: chance.happens(0.7), isBulky: chance.happens(0.08) };
}

async function waitFor(said: Promise<void>, isAwaited: boolean): Promise<void> {
  if (isAwaited) return await said;
  // Who does not wait does not hear that it was given up either.
  said.catch(() => {});
}
