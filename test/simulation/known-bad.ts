// Seeds that once failed, each under storms of the faults that made it fail: a seed's own schedule is tried by its
// number. A new primitive changes what every seed draws, so a case says which kinds there were in its time.
//
// Faults count calls, so a change of the engine may move a fault beside the call it was for; then the case is one more
// seed and no longer that very interleaving. Where the interleaving itself matters, write a test with the laboratory.
import type { Fault } from "./fault.ts";
import { FIRST_KINDS } from "./vocabulary.ts";

export interface KnownBad {
  /** What was wrong, and where. */
  readonly what: string;
  readonly seed: number;
  readonly kinds: readonly string[];
  readonly schedule: readonly Fault[];
}

const storm = (kind: Fault["kind"], fromCall: number, faults: number, ms: number): readonly Fault[] =>
  Array.from({ length: faults }, (_, i) => ({ kind, fromCall: fromCall + 3 * i, ms }));

/** Until callbacks came in, and with them. */
const UP_TO_CALLBACKS = [...FIRST_KINDS, "booking", "child", "callback", "cancel", "terminate", "pause"];

export const KNOWN_BAD: readonly KnownBad[] = [
  {
    what: "late renewals shorten a lease that the rules took for longer (simulator)",
    seed: 1_000_064,
    kinds: FIRST_KINDS,
    schedule: storm("timed out and applied later", 10, 60, 1_800),
  },
  {
    what: "a claim that was under way when its run stalled takes it before its reviver has sent the wake-up (engine)",
    seed: 207_780_011,
    kinds: FIRST_KINDS,
    schedule: [
      ...storm("timed out and applied later", 30, 45, 90_000),
      ...storm("slow before", 170, 10, 90_000),
    ],
  },
  {
    what: "who is slow to stall a run stalls it again after its revival (engine: costs a second revival)",
    seed: 1_073,
    kinds: FIRST_KINDS,
    schedule: [
      ...storm("all crash", 20, 12, 0),
      ...storm("delivery lost", 60, 30, 0),
      ...storm("slow before", 160, 20, 4_500),
    ],
  },
  {
    what: "who decides by a link and dies has stored his decision, and the link does not wake the run again (engine)",
    seed: 2_135,
    kinds: UP_TO_CALLBACKS,
    schedule: [
      ...storm("timed out but applied", 32, 1, 0),
      ...storm("timed out and applied later", 49, 1, 300),
    ],
  },
];
