// Runs that know of each other, as authors make them with what there is: a step that starts another run, and a step
// that sends a signal to one. Both repeat under the step's own idempotency key.
import type { AnyNode, Interpreter, Primitive } from "./primitive.ts";

/** Faults at the calls of a body fail its attempt; none of them may fail the step. */
const ATTEMPTS = 100;

export interface SpawnNode {
  readonly kind: "spawn";
  readonly name: string;
  readonly inner: readonly AnyNode[];
}

/** Goes on as soon as the other run is there; what that comes to is judged by itself. */
export const spawn: Primitive<SpawnNode> = {
  // A step that the run gave up (it lost a race) may have started its run and never learnt of it.
  needsSweeper: true,
  draw: ({ chance, newName, drawAlone }) =>
    drawAlone && { kind: "spawn", name: newName(), inner: drawAlone(chance.int(1, 2)) },
  run: async ({ name, inner }, at) => {
    const runId = await at.ctx.step(
      name,
      async ({ attempt, idempotencyKey }) => {
        at.begin({ id: name, attempt, on: false });
        const node = { kind: "sequence", inner };
        return await at.hands.start(node, `${at.label} ${name}`, idempotencyKey);
      },
      { retry: { maxAttempts: ATTEMPTS, max: "20s" } },
    );
    if (typeof runId !== "string") at.complain(`${name} started a run without an id`);
    return "spawned";
  },
  expect: () => "spawned",
  longestMs: ({ inner }, longestOf) => 60_000 + Math.max(...inner.map(longestOf)),
};

export interface NudgeNode {
  readonly kind: "nudge";
  readonly name: string;
  readonly signal: string;
  /** How many runs on. */
  readonly distance: number;
}

export const nudge: Primitive<NudgeNode> = {
  draw: ({ chance, newName }) => ({
    kind: "nudge",
    name: newName(),
    signal: chance.pick(["a", "b"]),
    distance: chance.int(0, 2),
  }),
  run: async (node, at) => {
    const { name } = node;
    await at.ctx.step(
      name,
      async ({ attempt, idempotencyKey }) => {
        at.begin({ id: name, attempt, on: false });
        await at.hands.signal(targetOf(node, at), node.signal, { nudge: name }, idempotencyKey);
      },
      // The other run may be started half an hour later: it tries for longer.
      { retry: { maxAttempts: ATTEMPTS, max: "60s" } },
    );
    return "nudged";
  },
  expect: () => "nudged",
  longestMs: () => 120_000,
};

/** Runs that nobody numbered nudge from the first on. */
function targetOf({ distance }: NudgeNode, { label, hands }: Interpreter): number {
  const own = Number(/^run (\d+)$/.exec(label)?.[1] ?? 0);
  return (own + distance) % hands.runs;
}

/** Whether a payload is one that a step of the workflow sends. */
export function isNudge(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "nudge" in payload;
}
