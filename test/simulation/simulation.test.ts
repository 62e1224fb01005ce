// A few fresh seeds with every change; `npm run simulate -- --seeds N` tries as many as one likes. SIMULATION_SEED
// repeats what failed.
import { describe, expect, it } from "vitest";
import {
  appendOverwrites,
  claimIgnoresLease,
  loadHidesSignals,
  type Plant,
  raiseCountsNothing,
  suspendIgnoresWake,
} from "./planted-bugs.ts";
import { play } from "./play.ts";
import { drawProgram } from "./program.ts";
import { Report, writeFailure } from "./report.ts";
import { shrink } from "./shrink.ts";
import { tryout } from "./trial.ts";

const FRESH_SEEDS = 150;
const SEEDS_PER_DAY = 10_000;
/** Within so many seeds from a fixed one a planted bug must be found. */
const SEEDS_FOR_A_BUG = 300;

const today = Math.floor(Date.now() / 86_400_000) * SEEDS_PER_DAY;
const first = Number(process.env["SIMULATION_SEED"] ?? today);

describe("the simulator", () => {
  it(`finds no violation in ${FRESH_SEEDS} seeds from ${first} on, each of which decides everything`, async () => {
    const report = new Report();
    for (let seed = first; seed < first + FRESH_SEEDS; seed += 1) report.add(await tryout(seed));
    expect(report.failures.map(writeFailure).join("\n\n")).toBe("");
    const faults = Object.values(report.faults).reduce((total, count) => total + count, 0);
    expect(faults).toBeGreaterThan(FRESH_SEEDS);
  });

  it("gives two seeds two traces, and one seed one", async () => {
    const hashes = await Promise.all([1, 2, 3, 1].map(async (seed) => (await play(drawProgram(seed))).hash));
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[3]).toBe(hashes[0]);
  });

  const bugs: Readonly<Record<string, readonly [bug: Plant, found: RegExp]>> = {
    "a suspension that ignores wake = seen": [suspendIgnoresWake, /W1/],
    "a claim that ignores the lease": [claimIgnoresLease, /live lease/],
    "an append that overwrites a taken slot": [appendOverwrites, /J1/],
    "a cause that is not counted": [raiseCountsNothing, /nothing brings it on/],
    "an inbox without its signals": [loadHidesSignals, /timed out although signal/],
  };
  for (const [name, [plant, found]] of Object.entries(bugs)) {
    it(`finds ${name}`, async () => {
      expect(await violationsWith(plant, found)).toMatch(found);
    });
  }

  it("leaves out every fault that a failure does not need", async () => {
    const fault = (fromCall: number) => ({ kind: "throttled" as const, fromCall, ms: 0 });
    const fails = async (faults: readonly { readonly fromCall: number }[]) =>
      [3, 5].every((needed) => faults.some(({ fromCall }) => fromCall === needed));
    const shortest = await shrink([1, 2, 3, 4, 5, 6].map(fault), fails);
    expect(shortest.map(({ fromCall }) => fromCall)).toEqual([3, 5]);
  });
});

/** What the first seed says that finds the bug; nothing when none does. */
async function violationsWith(plant: Plant, found: RegExp): Promise<string> {
  for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed += 1) {
    const { violations } = await tryout(seed, { plant, doesShrink: false });
    const all = violations.join("\n");
    if (found.test(all)) return all;
  }
  return "";
}
