// Where crashes are put: before and after every call that a process makes to a port, and sampled pairs of such places.

/** A place where the process dies. */
export interface PlannedCrash {
  /** Number of the call among all calls to ports, from 1. */
  readonly call: number;
  readonly when: "before" | "after";
}

/** A place where the process died; `name` is that of the call, such as `journal.append`. */
export interface CrashPoint extends PlannedCrash {
  readonly name: string;
}

/** Every place of a run with so many calls, once each. */
export function singleCrashes(calls: number): PlannedCrash[][] {
  return Array.from({ length: calls }, (_, i) => i + 1).flatMap((call) => [
    [{ call, when: "before" }],
    [{ call, when: "after" }],
  ]);
}

/** The second crash of a pair meets the recovery from the first. */
export function sampledPairs(calls: number, pairs: number, seed: number): PlannedCrash[][] {
  const draw = drawing(seed);
  const when = () => (draw(2) === 0 ? "before" : "after");
  return Array.from({ length: pairs }, () => {
    const first = 1 + draw(calls);
    return [
      { call: first, when: when() },
      { call: first + 1 + draw(calls), when: when() },
    ];
  });
}

/** Gives whole numbers from 0 up to, but without, `bound`; the same for the same seed (a linear congruential generator). */
function drawing(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
