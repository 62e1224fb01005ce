// What the outside does about the callbacks of a run, and what it is told: of two that complete the first with different
// amounts one is accepted, however often each asks; the second is completed about when its time is up.
import { setTimeout as pause } from "node:timers/promises";
import type { Chance } from "../simulation/chance.ts";
import { handedOut } from "./handouts.ts";
import { amountOf, lateMsOf } from "./scenarios.ts";

/** Completions that are sent twice. */
const DOUBLED = 0.4;
const WITHIN_MS = 2_000;
const ACCEPTED = 202;
/** Completed otherwise; or nobody waits any more. */
const REFUSALS: readonly number[] = [409, 410];

export interface Desk {
  readonly effectsFile: string;
  readonly runId: string;
  readonly n: number;
  readonly chance: Chance;
  /** The run has come to its last step. */
  readonly isOver: () => boolean;
  /** Asks until it is answered; gives the status. */
  readonly post: (path: string, body: unknown) => Promise<number>;
}

/** The amounts that were accepted. @throws when both rivals were, or neither */
export async function completeAll(desk: Desk): Promise<readonly number[]> {
  const { n, chance } = desk;
  const rivals = [amountOf(n, "first rival"), amountOf(n, "second rival")];
  const accepted = await Promise.all(
    rivals.map(async (amount) =>
      (await complete(desk, "paid", amount, chance.int(0, WITHIN_MS))) ? [amount] : [],
    ),
  );
  const paid = accepted.flat();
  if (paid.length !== 1)
    throw new Error(`${paid.length} of two completions were accepted: ${paid.join(", ")}`);
  const late = amountOf(n, "late");
  const isInTime = await complete(desk, "late", late, chance.int(0, 2 * lateMsOf(n)));
  return isInTime ? [...paid, late] : paid;
}

/** Long after the end nobody waits. @throws when somebody takes it */
export async function completeAfterTheEnd(desk: Desk): Promise<void> {
  if (await complete(desk, "paid", amountOf(desk.n, "straggler"), 0))
    throw new Error("a completion was accepted after the end of its run");
}

/** Whether it was accepted. @throws when two that are the same were answered differently */
async function complete(desk: Desk, name: string, amount: number, afterMs: number): Promise<boolean> {
  const { effectsFile, runId, chance, isOver, post } = desk;
  const copies = chance.happens(DOUBLED) ? 2 : 1;
  const delays = Array.from({ length: copies }, (_, i) => afterMs + i * chance.int(0, 200));
  const draw = chance.next();
  const tokens = await handedOut(effectsFile, { runId, name }, isOver);
  const token = tokens[Math.floor(draw * tokens.length)];
  if (token === undefined) return false;
  const answers = await Promise.all(
    delays.map(async (ms) => {
      await pause(ms);
      return await post(`/callbacks/${token}`, { result: { amount } });
    }),
  );
  const wrong = answers.find((status) => status !== ACCEPTED && !REFUSALS.includes(status));
  if (wrong !== undefined) throw new Error(`a completion of ${name} was answered with ${wrong}`);
  const isAccepted = answers.includes(ACCEPTED);
  if (isAccepted && answers.some((status) => status !== ACCEPTED))
    throw new Error(`the same completion of ${name} was answered with ${answers.join(" and ")}`);
  return isAccepted;
}
