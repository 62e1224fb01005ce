// What the simulator finds of schedules that forget their runs, or do not wait for them.
import { describe, expect, it } from "vitest";
import type { Plant } from "./planted-bugs.ts";
import { endsAreToldAtOnce, endsAreToldOnce } from "./planted-timetable-bugs.ts";
import { drawProgram } from "./program.ts";
import { SCHEDULES } from "./timetable.ts";
import { tryout } from "./trial.ts";
import { ALL_KINDS } from "./vocabulary.ts";

/** Within so many seeds from a fixed one a planted bug must be found. */
const SEEDS_FOR_A_BUG = 300;

describe("the simulator", () => {
  const bugs: Readonly<Record<string, readonly [bug: Plant, found: RegExp]>> = {
    "a schedule that waits for ever for the end of a run": [endsAreToldOnce, /W1: .* nothing brings it on/],
    "a schedule that takes a run for over that goes on": [endsAreToldAtOnce, /H3: .* was started while/],
  };
  for (const [name, [plant, found]] of Object.entries(bugs)) {
    it(`finds ${name}`, async () => {
      expect(await violationsWith(plant, found)).toMatch(found);
    });
  }

  it("draws schedules beside programs that stay what they are without", () => {
    const without = ALL_KINDS.filter((kind) => kind !== SCHEDULES);
    let drawn = 0;
    for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed += 1) {
      const { timetable, hasSweeper: _, ...program } = drawProgram(seed);
      const { hasSweeper, ...before } = drawProgram(seed, without);
      expect(program).toEqual(before);
      if (timetable !== undefined) drawn += 1;
      else expect(drawProgram(seed).hasSweeper).toBe(hasSweeper);
    }
    expect(drawn / SEEDS_FOR_A_BUG).toBeGreaterThan(0.04);
    expect(drawn / SEEDS_FOR_A_BUG).toBeLessThan(0.12);
  });
});

/** What the first seed says that finds the bug; nothing when none does. */
async function violationsWith(plant: Plant, found: RegExp): Promise<string> {
  for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed += 1) {
    if (drawProgram(seed).timetable === undefined) continue;
    const { violations } = await tryout(seed, { plant, doesShrink: false, doesRepeat: false });
    const all = violations.join("\n");
    if (found.test(all)) return all;
  }
  return "";
}
