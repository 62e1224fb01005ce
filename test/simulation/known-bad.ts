// Seeds that once failed, each under storms of the faults that made it fail: a seed's own schedule is tried by its
// number. A case may hold its program by value, for when the seed alone no longer draws it (a new primitive changes what
// every seed draws).
//
// Faults count calls, so a change of the engine may move a fault beside the call it was for; then the case is one more
// seed and no longer that very interleaving. Where the interleaving itself matters, write a test with the laboratory.
import type { Fault } from "./fault.ts";
import type { Program } from "./program.ts";

export interface KnownBad {
  /** What was wrong, and where. */
  readonly what: string;
  readonly seed: number;
  readonly program?: Program;
  readonly schedule: readonly Fault[];
}

const storm = (kind: Fault["kind"], fromCall: number, faults: number, ms: number): readonly Fault[] =>
  Array.from({ length: faults }, (_, i) => ({ kind, fromCall: fromCall + 3 * i, ms }));

export const KNOWN_BAD: readonly KnownBad[] = [
  {
    what: "late renewals shorten a lease that the rules took for longer (simulator)",
    seed: 1_000_064,
    schedule: storm("timed out and applied later", 10, 60, 1_800),
  },
  {
    what: "a claim that was under way when its run stalled takes it before its reviver has sent the wake-up (engine)",
    seed: 207_780_011,
    schedule: [
      ...storm("timed out and applied later", 30, 45, 90_000),
      ...storm("slow before", 170, 10, 90_000),
    ],
  },
  {
    what: "who is slow to stall a run stalls it again after its revival (engine: costs a second revival)",
    seed: 1_073,
    schedule: [
      ...storm("all crash", 20, 12, 0),
      ...storm("delivery lost", 60, 30, 0),
      ...storm("slow before", 160, 20, 4_500),
    ],
  },
];
