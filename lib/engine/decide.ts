// What to do next, from what the code waits for and what has happened. Pure: no I/O, no clock; the activation does it.
import type { Call } from "./call.ts";
import { type Decision, newDecision, type Situation } from "./decision.ts";
import { kindOf } from "./kinds/index.ts";

/** Both in the order in which they were made. */
export interface Undecided {
  /** Calls without a result. */
  readonly open: Iterable<Call>;
  /** Calls that nobody wants any more. */
  readonly withdrawn: Iterable<Call>;
}

export function decide({ open, withdrawn }: Undecided, situation: Situation): Decision {
  const decision = newDecision();
  for (const call of open) kindOf(call.kind).decide(call, situation, decision);
  for (const call of withdrawn) kindOf(call.kind).decideWithdrawn?.(call, situation, decision);
  return decision;
}
