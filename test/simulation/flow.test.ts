// What the simulator finds of limiters that let too many in, forget, or keep nobody's place.
import { describe, expect, it } from "vitest";
import type { Plant } from "./planted-bugs.ts";
import {
  lineIsHidden,
  lineIsReversed,
  placesLieTooClose,
  releaseKeepsAll,
  takeAdmitsAnybody,
  takeKeepsNothing,
} from "./planted-flow-bugs.ts";
import { drawProgram } from "./program.ts";
import { tryout } from "./trial.ts";

/** Within so many seeds from a fixed one a planted bug must be found. */
const SEEDS_FOR_A_BUG = 300;

describe("the simulator", () => {
  const bugs: Readonly<Record<string, readonly [bug: Plant, found: RegExp]>> = {
    "a limiter that lets anybody in": [takeAdmitsAnybody, /Q1: .* which has room for/],
    "a slot that nobody holds": [takeKeepsNothing, /Q1/],
    "a slot that is not given back": [releaseKeepsAll, /Q2|Q3/],
    "a line that nobody sees": [lineIsHidden, /Q3: .* beside a free slot/],
    "a line that goes backwards": [lineIsReversed, /Q3: .* was let in at .* before/],
    "a rate that gives out places too close to each other": [
      placesLieTooClose,
      /place .* follows|began within/,
    ],
  };
  for (const [name, [plant, found]] of Object.entries(bugs)) {
    it(`finds ${name}`, async () => {
      expect(await violationsWith(plant, found)).toMatch(found);
    });
  }
});

/** What the first seed says that finds the bug; nothing when none does. */
async function violationsWith(plant: Plant, found: RegExp): Promise<string> {
  for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed += 1) {
    if (drawProgram(seed).flow === undefined) continue;
    const { violations } = await tryout(seed, { plant, doesShrink: false, doesRepeat: false });
    const all = violations.join("\n");
    if (found.test(all)) return all;
  }
  return "";
}
