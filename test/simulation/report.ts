// What came of many seeds: counts, violations, and whether everything that should happen now and then did.
import { FAULT_KINDS, writeFault } from "./fault.ts";
import type { Trial } from "./trial.ts";

/** From this many seeds on, each kind of fault and each sight must have come up. */
export const SEEDS_FOR_SOMETIMES = 1_000;

/** Too rare to be asked for. */
const RARE: readonly string[] = ["bodies of zombies", "late entries adopted"];

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly shortestSchedule: readonly string[];
  readonly command: string;
}

export class Report {
  seeds = 0;
  runs = 0;
  activations = 0;
  calls = 0;
  readonly faults: Record<string, number> = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0]));
  readonly sights: Record<string, number> = {};
  readonly failures: Failure[] = [];

  add({ seed, runs, plays, faulty, violations, shortest = [] }: Trial): Failure | undefined {
    this.seeds += 1;
    this.runs += runs;
    for (const { activations, calls } of plays) {
      this.activations += activations;
      this.calls += calls;
    }
    for (const { kind } of faulty.happened) this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    for (const [name, count] of Object.entries(faulty.sights))
      this.sights[name] = (this.sights[name] ?? 0) + count;
    if (violations.length === 0) return undefined;
    const failure = {
      seed,
      violations,
      shortestSchedule: shortest.map(writeFault),
      command: `npm run simulate -- --seeds 1 --seed ${seed} --trace`,
    };
    this.failures.push(failure);
    return failure;
  }

  /** What never happened although there were seeds enough. */
  missing(): readonly string[] {
    if (this.seeds < SEEDS_FOR_SOMETIMES) return [];
    return Object.entries({ ...this.faults, ...this.sights }).flatMap(([name, count]) =>
      count === 0 && !RARE.includes(name) ? [name] : [],
    );
  }

  get hasFailed(): boolean {
    return this.failures.length > 0 || this.missing().length > 0;
  }

  toJSON(): object {
    const { seeds, runs, activations, calls, faults, sights, failures } = this;
    return { seeds, runs, activations, calls, faults, sights, violations: failures, missing: this.missing() };
  }
}

export function writeFailure({ seed, violations, shortestSchedule, command }: Failure): string {
  return [
    `seed ${seed} fails:`,
    ...violations.map((what) => `  ${what}`),
    "shortest schedule that fails:",
    ...(shortestSchedule.length === 0
      ? ["  no fault at all"]
      : shortestSchedule.map((fault) => `  ${fault}`)),
    `again: ${command}`,
  ].join("\n");
}

export function writeReport(report: Report, seconds: number): string {
  const table = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `  ${name.padEnd(28)} ${count}`);
  return [
    `seeds ${report.seeds}, runs ${report.runs}, activations ${report.activations}, calls ${report.calls}`,
    "faults",
    ...table(report.faults),
    "seen",
    ...table(report.sights),
    ...report.missing().map((name) => `NEVER HAPPENED: ${name}`),
    `violations ${report.failures.length}, ${(report.seeds / seconds).toFixed(1)} seeds per second`,
  ].join("\n");
}
