// One seed: its program without a fault, then twice under its schedule. The same seed must give the same trace; when
// something is violated, the schedule is made as short as it can be while it still fails.
import type { Store } from "../../lib/ports/store.ts";
import { Chance } from "./chance.ts";
import type { Fault } from "./fault.ts";
import { type Play, play } from "./play.ts";
import { drawProgram, type Program, settingsOf } from "./program.ts";
import { drawSchedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";

export interface Trial {
  readonly seed: number;
  readonly runs: number;
  readonly plays: readonly Play[];
  /** Under the schedule. */
  readonly faulty: Play;
  readonly violations: readonly string[];
  /** The shortest schedule that fails, when one does. */
  readonly shortest?: readonly Fault[];
}

export interface TrialOptions {
  readonly plant?: (store: Store) => Store;
  readonly doesShrink?: boolean;
}

export async function tryout(seed: number, { plant, doesShrink = true }: TrialOptions = {}): Promise<Trial> {
  const program = drawProgram(seed);
  const calm = await play(program, { plant });
  if (calm.violations.length > 0) {
    const violations = calm.violations.map((what) => `without a fault: ${what}`);
    return { seed, runs: program.runs, plays: [calm], faulty: calm, violations, shortest: [] };
  }
  const schedule = scheduleOf(program, calm);
  const faulty = await play(program, { schedule, plant });
  const again = await play(program, { schedule, plant });
  const violations = [
    ...faulty.violations,
    ...(faulty.hash === again.hash ? [] : ["the seed did not decide everything: two plays have two traces"]),
  ];
  const fails = async (shorter: readonly Fault[]) =>
    (await play(program, { schedule: shorter, plant })).violations.length > 0;
  const doShrink = doesShrink && faulty.violations.length > 0;
  return {
    seed,
    runs: program.runs * 3,
    plays: [calm, faulty, again],
    faulty,
    violations,
    ...(doShrink ? { shortest: await shrink(schedule, fails) } : {}),
  };
}

function scheduleOf(program: Program, calm: Play): readonly Fault[] {
  return drawSchedule(new Chance(program.seed, "schedule"), {
    calls: calm.calls,
    leaseMs: settingsOf(program).leaseMs,
    hasSweeper: program.hasSweeper,
    mayClocksDisagree: program.place === "aws",
  });
}
