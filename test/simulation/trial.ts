// One seed: its program without a fault, then twice under its schedule. The same seed must give the same trace; when
// something is violated, the schedule is made as short as it can be while it still fails.
import type { Ports } from "../../lib/ports/ports.ts";
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
  readonly plant?: (ports: Ports) => Ports;
  /** What the program is drawn from. */
  readonly kinds?: readonly string[];
  readonly doesShrink?: boolean;
  /** Plays that making the schedule shorter may take. */
  readonly maxTries?: number;
  /** Plays twice, to see that the seed decides everything. @default true */
  readonly doesRepeat?: boolean;
}

export async function tryout(
  seed: number,
  { plant, kinds, doesShrink = true, doesRepeat = true, maxTries }: TrialOptions = {},
): Promise<Trial> {
  const program = drawProgram(seed, kinds);
  const calm = await play(program, { plant });
  if (calm.violations.length > 0) {
    const violations = calm.violations.map((what) => `without a fault: ${what}`);
    return { seed, runs: calm.runs, plays: [calm], faulty: calm, violations, shortest: [] };
  }
  const schedule = scheduleOf(program, calm);
  const faulty = await play(program, { schedule, plant });
  const again = doesRepeat ? await play(program, { schedule, plant }) : faulty;
  const plays = doesRepeat ? [calm, faulty, again] : [calm, faulty];
  const violations = [
    ...faulty.violations,
    ...(faulty.hash === again.hash ? [] : ["the seed did not decide everything: two plays have two traces"]),
  ];
  const fails = async (shorter: readonly Fault[]) =>
    (await play(program, { schedule: shorter, plant })).violations.length > 0;
  const doShrink = doesShrink && faulty.violations.length > 0;
  return {
    seed,
    runs: sum(plays.map(({ runs }) => runs)),
    plays,
    faulty,
    violations,
    ...(doShrink
      ? { shortest: await shrink(await happenedOf(faulty, fails, schedule), fails, maxTries) }
      : {}),
  };
}

/** A schedule without the faults that never came to happen, if that fails too. */
async function happenedOf(
  { happened }: Play,
  fails: (shorter: readonly Fault[]) => Promise<boolean>,
  schedule: readonly Fault[],
): Promise<readonly Fault[]> {
  const shorter = happened.toSorted((a, b) => a.fromCall - b.fromCall);
  return (await fails(shorter)) ? shorter : schedule;
}

function scheduleOf(program: Program, calm: Play): readonly Fault[] {
  return drawSchedule(new Chance(program.seed, "schedule"), {
    calls: calm.calls,
    leaseMs: settingsOf(program).leaseMs,
    hasSweeper: program.hasSweeper,
    isDense: program.isDense,
    mayClocksDisagree: program.place === "aws",
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
