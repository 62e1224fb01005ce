// What came of one place: figures, and what was wrong.
import type { Scenario } from "./scenarios.ts";

export interface Report {
  readonly store: string;
  readonly seed: number;
  /** Closed, by scenario. */
  readonly closed: Record<Scenario, number>;
  readonly workerKills: number;
  readonly databaseOutages: number;
  /** Requests of the client that were not answered, or with a 5xx, and sent again. */
  readonly requestsRepeated: number;
  readonly sideEffects: number;
  /** Side effects that a death let happen again before they were recorded. */
  readonly repeats: number;
  /** Side effects of an owner that had lost its lease while it was alive. */
  readonly late: number;
  /** The most runs that were inside a limiter at once. */
  readonly inside: Readonly<Record<string, number>>;
  /** Runs that stalled because their processes died too often, and were sent on, by the code they stalled with. */
  readonly revived: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly runsPerSecond: number;
  readonly violations: readonly string[];
}

const SHOWN_VIOLATIONS = 20;

export function writeReport(report: Report): string {
  const { closed, violations, seconds, runsPerSecond } = report;
  const rows: readonly (readonly [string, string | number])[] = [
    ["runs closed", writeCounts(closed)],
    ["workers killed", report.workerKills],
    ["database outages", report.databaseOutages],
    ["requests sent again", report.requestsRepeated],
    ["side effects", report.sideEffects],
    ["of these repeats", report.repeats],
    ["after the record", report.late],
    ["inside at once", writeCounts(report.inside)],
    ["stalled and revived", writeCounts(report.revived)],
    ["seconds", seconds.toFixed(1)],
    ["runs a second", runsPerSecond.toFixed(1)],
    ["violations", violations.length],
  ];
  return [
    `${report.store}, seed ${report.seed}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(20)} ${value}`),
    ...violations.slice(0, SHOWN_VIOLATIONS).map((what) => `  VIOLATION ${what}`),
  ].join("\n");
}

function writeCounts(counts: Readonly<Record<string, number>>): string {
  const all = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return all.length === 0 ? "0" : all.join(", ");
}
