// Runs that end failed because something outside is broken, until somebody mends it and has them taken up by a new run: by
// a retry, which keeps what succeeded, or by a fork from a place of its journal. Plain data and its primitive; what must
// hold of the two runs is in repair-rules.ts. Nothing else is retried or forked here.
import { StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { Chance } from "./chance.ts";
import { type AnyNode, ExpectedFailure, type Primitive } from "./primitive.ts";

export interface Repair {
  readonly how: "retry" | "fork";
  /** Of a fork: which part of what was recorded before the failure it begins with, from 0 to 1. */
  readonly part: number;
  /** They ask at the same time, with one key. */
  readonly people: number;
}

/** The line in ALL_KINDS that it is drawn by. */
export const REPAIR = "repair";

/** What a run is made of that is to be repaired: nobody outside has a part in it, and it makes no other runs. */
const REPAIRABLE =
  "step sleep sequence parallel race drawn caught booking once condition scope branches loop publish attributes emit tx until bounded " +
  "cancel terminate pause look";

export function repairableOf(kinds: readonly string[]): readonly string[] {
  return kinds.filter((kind) => REPAIRABLE.split(" ").includes(kind));
}

export function drawRepair(seed: number, kinds: readonly string[]): Repair | undefined {
  const chance = new Chance(seed, REPAIR);
  if (!kinds.includes(REPAIR) || !chance.happens(0.15)) return undefined;
  return {
    how: chance.pick(["retry", "retry", "fork"]),
    part: chance.next(),
    people: chance.pick([1, 1, 2]),
  };
}

export interface BrokenNode {
  readonly kind: "broken";
  readonly name: string;
  /** As the oracle sees a run that was begun after it was mended. */
  readonly isMended?: true;
}

/** Not drawn by itself: it ends what it is in. */
export const broken: Primitive<BrokenNode> = {
  draw: ({ newName }) => ({ kind: "broken", name: `broken ${newName()}` }),
  run: async ({ name }, at) => {
    await at.ctx.step(name, ({ attempt }) => {
      at.begin({ id: name, attempt, on: false });
      if (!at.hands.isMended(at.label)) throw new TerminalError(`${name} is broken`);
    });
    return "works again";
  },
  expect: ({ name, isMended }) => {
    if (isMended === true) return "works again";
    throw new ExpectedFailure(new StepError(name, 1, new TerminalError(`${name} is broken`)).message);
  },
  longestMs: () => 20_000,
};

/** The code of a run that was begun after what was broken is mended. */
export function mended(root: AnyNode): AnyNode {
  const inner = root.inner?.map((node) => (node.kind === "broken" ? { ...node, isMended: true } : node));
  return inner === undefined ? root : { ...root, inner };
}
