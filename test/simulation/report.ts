// What came of many seeds: counts, violations, and whether everything that should happen now and then did. A tally is
// one seed's part, as plain data, because it may come from another process (jobs.ts).
import { FAULT_KINDS, type FaultKind, writeFault } from "./fault.ts";
import { SIGHTS, type Sight } from "./sights.ts";
import type { Trial } from "./trial.ts";

/** From this many seeds on, each kind of fault and each sight must have come up: as many as are tried by default. */
const SEEDS_FOR_SOMETIMES = 1_000;
/** From this many on these, which fewer than one seed in sixty brings. */
const SEEDS_FOR_RARE = 2_000;
/** From this many on these, which one seed in six brings at least: sixty fresh ones must not miss one by chance. */
const SEEDS_FOR_OFTEN = 60;

/** A fault that is no call's. */
const AROUND: readonly string[] = ["clocks disagree"];
const OFTEN: readonly (Sight | FaultKind)[] = [
  "crash before",
  "crash after",
  "all crash",
  "throttled",
  "timed out but applied",
  "timed out and applied later",
  "slow before",
  "slow after",
  "frozen",
  "message lost",
  "message duplicated",
  "message delayed",
  "delivery lost",
  "delivery duplicated",
  "visibility not extended",
  "deploy",
  "deploy at once",
  "clocks disagree",
  "claims refused as leased",
  "claims of an expired lease",
  "writes of zombies",
  "sent again by the sweeper",
  "woken by the sweeper",
  "sent again by dead letters",
  "runs over a deployment",
];

const RARE: readonly (Sight | FaultKind)[] = [
  "bodies of zombies",
  "stalled as dead letter",
  "children cancelled",
  "children abandoned",
  "children never made",
  "children given up",
  "changes marked",
  "looks used up",
  "signals while a turn ends",
  "transactions whose slot was taken",
  "stalled in line",
  "freed of a run that is gone",
  "work of zombies without a slot",
  "schedules beside an earlier one",
  "schedules that were updated",
  "scheduled runs that made room",
  "runs started by hand",
  "times missed",
];

export interface Tally {
  readonly seed: number;
  readonly runs: number;
  readonly activations: number;
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly sights: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  readonly shortestSchedule: readonly string[];
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly shortestSchedule: readonly string[];
  readonly command: string;
}

export function tallyOf({ seed, runs, plays, faulty, violations, shortest = [] }: Trial): Tally {
  const faults: Record<string, number> = {};
  for (const { kind } of faulty.happened) addTo(faults, kind, 1);
  return {
    seed,
    runs,
    activations: sum(plays.map(({ activations }) => activations)),
    calls: sum(plays.map(({ calls }) => calls)),
    faults,
    sights: faulty.sights,
    violations,
    shortestSchedule: shortest.map(writeFault),
  };
}

export class Report {
  seeds = 0;
  runs = 0;
  activations = 0;
  calls = 0;
  readonly faults: Record<string, number> = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0]));
  readonly sights: Record<string, number> = Object.fromEntries(SIGHTS.map((sight) => [sight, 0]));
  readonly failures: Failure[] = [];

  add({ seed, runs, activations, calls, ...tally }: Tally): Failure | undefined {
    this.seeds += 1;
    this.runs += runs;
    this.activations += activations;
    this.calls += calls;
    for (const [kind, count] of Object.entries(tally.faults)) addTo(this.faults, kind, count);
    for (const [sight, count] of Object.entries(tally.sights)) addTo(this.sights, sight, count);
    if (tally.violations.length === 0) return undefined;
    const { violations, shortestSchedule } = tally;
    const command = `npm run simulate -- --seeds 1 --seed ${seed} --trace`;
    const failure = { seed, violations, shortestSchedule, command };
    this.failures.push(failure);
    return failure;
  }

  /** Faults that happened at a call. */
  get injected(): number {
    return sum(Object.entries(this.faults).map(([kind, count]) => (AROUND.includes(kind) ? 0 : count)));
  }

  /** What never happened although there were seeds enough. */
  missing(): readonly string[] {
    const all = { ...this.faults, ...this.sights };
    return Object.keys(all).filter((name) => all[name] === 0 && this.seeds >= seedsFor(name));
  }

  get hasFailed(): boolean {
    return this.failures.length > 0 || this.missing().length > 0;
  }

  toJSON(): object {
    const { seeds, runs, activations, calls, injected, faults, sights, failures } = this;
    const missing = this.missing();
    return { seeds, runs, activations, calls, injected, faults, sights, violations: failures, missing };
  }
}

function seedsFor(name: string): number {
  if ((OFTEN as readonly string[]).includes(name)) return SEEDS_FOR_OFTEN;
  return (RARE as readonly string[]).includes(name) ? SEEDS_FOR_RARE : SEEDS_FOR_SOMETIMES;
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

/** One line. */
export function writeFigures({ seeds, runs, injected, failures }: Report, first: number): string {
  return `simulator: ${seeds} seeds from ${first} on, ${runs} runs, ${injected} faults, ${failures.length} violations`;
}

export function writeReport(report: Report, seconds: number): string {
  const table = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `  ${name.padEnd(28)} ${count}`);
  const { seeds, injected } = report;
  return [
    `seeds ${seeds}, runs ${report.runs}, activations ${report.activations}, calls ${report.calls}`,
    `faults ${injected}, ${(injected / Math.max(1, seeds)).toFixed(1)} a seed`,
    ...table(report.faults),
    "seen",
    ...table(report.sights),
    ...report.missing().map((name) => `NEVER HAPPENED: ${name}`),
    `violations ${report.failures.length}, ${(seeds / seconds).toFixed(1)} seeds per second`,
  ].join("\n");
}

function addTo(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
