// Claims of steps that run in a step handler (S#<seq>): of several deliveries of one step message, one runs the step.
// Unlike a run's lease a claim has no fence: the step's result is a fact put if absent, so a second one changes nothing.
import { UnreadableError } from "../engine/unreadable.ts";
import type { StepClaim } from "../ports/journal.ts";
import type { JournalStore } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { newMark, update } from "./dynamo-write.ts";
import { type Item, SORT, stepClaimKey, type Table } from "./table.ts";

type Request<Method extends "claimStep" | "renewStep"> = Parameters<JournalStore[Method]>[0];

const NOBODY_HOLDS_IT = "attribute_not_exists(#pk) OR #leaseUntil <= :now";
const I_HOLD_IT = "#owner = :owner";

/** Mark: a repeated request finds the claim it has made itself. */
export async function claimStep(
  table: Table,
  { runId, seq, owner, now, leaseUntil }: Request<"claimStep">,
): Promise<{ readonly ok: boolean; readonly claim: StepClaim }> {
  const mark = newMark();
  const answer = await update(table, stepClaimKey(runId, seq), {
    set: { owner, leaseUntil, mark },
    add: { claims: 1 },
    when: NOBODY_HOLDS_IT,
    given: { now },
  });
  if (answer.applied) return { ok: true, claim: fromStepClaimItem(answer.item) };
  if (answer.standing === undefined) {
    throw new PerdureError(
      "E_INTERNAL",
      `The table refused a claim of step ${seq} of run ${runId} that nobody holds.`,
    );
  }
  return { ok: answer.standing.mark === mark, claim: fromStepClaimItem(answer.standing) };
}

/** Repeatable: it sets what it has set. */
export async function renewStep(
  table: Table,
  { runId, seq, owner, leaseUntil }: Request<"renewStep">,
): Promise<boolean> {
  const answer = await update(table, stepClaimKey(runId, seq), {
    set: { leaseUntil },
    when: I_HOLD_IT,
    given: { owner },
  });
  return answer.applied;
}

export function fromStepClaimItem({ pk, sk, owner, leaseUntil, claims }: Item): StepClaim {
  const seq = Number(String(sk).slice(SORT.stepClaim.length));
  if (typeof owner !== "string" || ![seq, leaseUntil, claims].every(Number.isSafeInteger)) {
    const what = `The item ${String(pk)} ${String(sk)} cannot be read: it is not the claim of a step.`;
    throw new UnreadableError("E_CORRUPT", what);
  }
  return { seq, owner, leaseUntil: leaseUntil as number, claims: claims as number };
}
