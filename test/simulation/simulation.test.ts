// Some fresh seeds with every run of the tests; `npm run simulate -- --seeds N` tries as many as one likes. SIMULATION_SEED
// plays those of an earlier run again: a seed decides everything, so what failed fails again.
import { describe, expect, it } from "vitest";
import type { Fault } from "./fault.ts";
import { KNOWN_BAD } from "./known-bad.ts";
import {
  appendOverwrites,
  attributesAreDropped,
  busTakesOne,
  claimIgnoresLease,
  claimIgnoresPause,
  factsAreAlwaysStored,
  inboxHidesCancels,
  listForgets,
  loadHidesSignals,
  loadLeavesOutTooMuch,
  type Plant,
  raiseCountsNothing,
  retiredIsForgotten,
  statesGoBack,
  suspendIgnoresWake,
  transactionsAreTwoWrites,
} from "./planted-bugs.ts";
import { play } from "./play.ts";
import { drawProgram } from "./program.ts";
import { Report, tallyOf, writeFailure, writeFigures } from "./report.ts";
import { shrink } from "./shrink.ts";
import { tryout } from "./trial.ts";

const FRESH_SEEDS = 60;
/** Every so many seeds one is played twice. */
const SEEDS_PER_REPEAT = 5;
/** Of many seeds it is about 65, most of them in few: sixty may have a third of that. */
const FAULTS_PER_SEED = 10;
/** Within so many seeds from a fixed one a planted bug must be found. */
const SEEDS_FOR_A_BUG = 300;

/** Around what a bug is of. */
const PLAIN = ["step", "sleep", "sequence", "parallel", "loop"];

/** The figures that the run prints at its end begin with it: by it they are played again. */
const first = Number(process.env["SIMULATION_SEED"] ?? Math.floor(Date.now() / 1_000));
const again = `SIMULATION_SEED=${first} npx vitest run --project unit test/simulation/simulation.test.ts`;

describe("the simulator", () => {
  it(`finds no violation in ${FRESH_SEEDS} fresh seeds, and sees what nearly every seed brings`, async ({
    task,
  }) => {
    const report = new Report();
    // Nobody sees figures of a test that is cut off; its first seed must be known all the same.
    task.meta.figures = `simulator: cut off; again: ${again}`;
    for (let seed = first; seed < first + FRESH_SEEDS && report.failures.length === 0; seed += 1) {
      const doesRepeat = seed % SEEDS_PER_REPEAT === 0;
      report.add(tallyOf(await tryout(seed, { doesRepeat, maxTries: 100 })));
    }
    task.meta.figures = writeFigures(report, first);
    expect(report.failures.map(writeFailure).join("\n\n"), again).toBe("");
    expect(report.missing(), again).toEqual([]);
    expect(report.injected, again).toBeGreaterThan(FRESH_SEEDS * FAULTS_PER_SEED);
  });

  it("gives two seeds two traces, and one seed one", async () => {
    // One after the other: of plays side by side the stacks of errors differ, by how Node has come to run them.
    const hashes: string[] = [];
    for (const seed of [1, 2, 3, 1]) hashes.push((await play(drawProgram(seed))).hash);
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[3]).toBe(hashes[0]);
  });

  const bugs: Readonly<Record<string, readonly [bug: Plant, found: RegExp, kinds?: readonly string[]]>> = {
    "a suspension that ignores wake = seen": [suspendIgnoresWake, /W1/],
    "a claim that ignores the lease": [claimIgnoresLease, /live lease/],
    "an append that overwrites a taken slot": [appendOverwrites, /J1/],
    "a cause that is not counted": [raiseCountsNothing, /nothing brings it on/],
    "an inbox without its signals": [loadHidesSignals, /timed out although signal/],
    "a list that leaves runs out": [listForgets, /is not in it/],
    "an inbox that does not tell of cancellations": [inboxHidesCancels, /not told that it is cancelled/],
    "a claim of a run that is held": [claimIgnoresPause, /claimed while it was held/],
    "two completions that are both accepted": [factsAreAlwaysStored, /completed twice|is lost/],
    "a transaction that is two writes": [transactionsAreTwoWrites, /X1/, [...PLAIN, "tx"]],
    "used-up facts that are not kept": [
      retiredIsForgotten,
      /a signal was delivered twice/,
      [...PLAIN, "signal", "anew"],
    ],
    "a load that leaves out more than is over": [loadLeavesOutTooMuch, /stalled: E_/],
    "a state that is put whatever stands": [
      statesGoBack,
      /its state went back|it shows state/,
      [...PLAIN, "publish", "look"],
    ],
    "attributes that META never gets": [
      attributesAreDropped,
      /with the attributes/,
      [...PLAIN, "attributes"],
    ],
    "a bus that forgets": [busTakesOne, /never reached the bus/, [...PLAIN, "emit"]],
  };
  for (const [name, [plant, found, kinds]] of Object.entries(bugs)) {
    it(`finds ${name}`, async () => {
      expect(await violationsWith(plant, found, kinds)).toMatch(found);
    });
  }

  for (const { what, seed, kinds, schedule } of KNOWN_BAD) {
    it(`finds no violation where there once was one: ${what}`, async () => {
      const inOrder = schedule.toSorted((a, b) => a.fromCall - b.fromCall);
      const { violations, happened } = await play(drawProgram(seed, kinds), { schedule: inOrder });
      expect(violations).toEqual([]);
      expect(happened.length).toBeGreaterThan(0);
    });
  }

  it("leaves out every fault that a failure does not need, of hundreds in few tries", async () => {
    const faults = Array.from({ length: 400 }, (_, i): Fault => ({ kind: "throttled", fromCall: i, ms: 0 }));
    let tries = 0;
    const fails = async (schedule: readonly Fault[]) => {
      tries += 1;
      return [3, 5, 350].every((needed) => schedule.some(({ fromCall }) => fromCall === needed));
    };
    const shortest = await shrink(faults, fails);
    expect(shortest.map(({ fromCall }) => fromCall)).toEqual([3, 5, 350]);
    expect(tries).toBeLessThan(100);
  });
});

/** What the first seed says that finds the bug; nothing when none does. */
async function violationsWith(
  plant: Plant,
  found: RegExp,
  kinds: readonly string[] | undefined,
): Promise<string> {
  for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed += 1) {
    const { violations } = await tryout(seed, {
      plant,
      doesShrink: false,
      doesRepeat: false,
      ...(kinds === undefined ? {} : { kinds }),
    });
    const all = violations.join("\n");
    if (found.test(all)) return all;
  }
  return "";
}
