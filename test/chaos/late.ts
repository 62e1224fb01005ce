// A side effect that happened after its step was recorded. Killed processes can never explain one: who comes after them
// loads the journal first. What can is an owner that lost its lease while it was alive (a machine so busy that nothing
// renewed it), because nobody can call back a body that has begun:
//
//   older   claim ── load ── (asleep) ──────────────────────── body
//   newer                       claim ── load ── body ── recorded
//
// or the other way round, when the older one's checkpoint comes late and the newer one adopts it.
//
// The local server is one process and never shares a run with another one; but while somebody else has the lock of its
// file it stands still in the middle of a write, for longer than its leases last. Then it takes its own runs over.
import type { Execution } from "./effects.ts";

/** Epoch ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Until all that has waited has had its turn, and whoever lost a lease has heard of it. */
const AFTERMATH_MS = 3_000;

/**
 * Whether two owners at the same time explain that `late` happened after `recorded`: the newer one took over a run
 * that was not given back, and the older one was still alive then.
 */
export function isExplained(
  recorded: Execution,
  late: Execution,
  diedAt: ReadonlyMap<string, number>,
  standstills: readonly Span[] = [],
): boolean {
  // The local server does not say who holds what.
  if (recorded.holder === 0 && late.holder === 0 && recorded.process === late.process)
    return standstills.some((span) => isAround(span, recorded) && isAround(span, late));
  if (recorded.holder === late.holder || recorded.process === late.process) return false;
  const [older, newer] = recorded.holder < late.holder ? [recorded, late] : [late, recorded];
  return newer.tookOver && (diedAt.get(older.process) ?? Number.POSITIVE_INFINITY) > late.at;
}

function isAround({ fromMs, toMs }: Span, { at }: Execution): boolean {
  return at >= fromMs - AFTERMATH_MS && at <= toMs + AFTERMATH_MS;
}
