// A side effect that happened after its step was recorded. Killed processes can never explain one: who comes after them
// loads the journal first. What can is an owner that lost its lease while it was alive (a machine so busy that nothing
// renewed it), because nobody can call back a body that has begun:
//
//   older   claim ── load ── (asleep) ──────────────────────── body
//   newer                       claim ── load ── body ── recorded
//
// or the other way round, when the older one's checkpoint comes late and the newer one adopts it.
import type { Execution } from "./effects.ts";

/**
 * Whether two owners at the same time explain that `late` happened after `recorded`: the newer one took over a run
 * that was not given back, and the older one was still alive then.
 */
export function isExplained(
  recorded: Execution,
  late: Execution,
  diedAt: ReadonlyMap<string, number>,
): boolean {
  // The local server does not say who holds what, and never shares a run.
  if (recorded.holder === late.holder || recorded.process === late.process) return false;
  const [older, newer] = recorded.holder < late.holder ? [recorded, late] : [late, recorded];
  return newer.tookOver && (diedAt.get(older.process) ?? Number.POSITIVE_INFINITY) > late.at;
}
