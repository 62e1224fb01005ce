// How many runs were inside a limiter at once, by what they left outside: a run is certainly inside from its first side
// effect to the one that its last step recorded. Whoever kills it in between changes nothing about that: it keeps its slot
// until it has ended. (A process that lost its lease while it was alive may come with a side effect after that end; it
// counts for nobody.)
import { LIMITERS, limitersOf } from "./scenarios.ts";

export interface Stay {
  readonly n: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The most runs that were inside at once, by limiter. */
export function crowdsOf(stays: readonly Stay[]): ReadonlyMap<string, number> {
  const names = [...LIMITERS.keys()];
  return new Map(names.map((name) => [name, most(stays.filter(({ n }) => limitersOf(n).includes(name)))]));
}

export function crowdFaults(crowds: ReadonlyMap<string, number>): readonly string[] {
  return [...crowds].flatMap(([name, count]) => {
    const limit = LIMITERS.get(name) ?? 0;
    return count > limit ? [`${count} runs were inside ${name} at once, which has room for ${limit}`] : [];
  });
}

function most(stays: readonly Stay[]): number {
  // Who leaves at the moment when another one comes has left.
  const moves = stays
    .flatMap(({ fromMs, toMs }) => [
      { at: fromMs, by: 1 },
      { at: toMs, by: -1 },
    ])
    .toSorted((a, b) => (a.at === b.at ? a.by - b.by : a.at - b.at));
  let inside = 0;
  let highest = 0;
  for (const { by } of moves) {
    inside += by;
    highest = Math.max(highest, inside);
  }
  return highest;
}
