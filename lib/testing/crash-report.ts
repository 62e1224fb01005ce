// What the crashed runs came to, against the run without crashes: as data for a test's expectations, and in sentences
// for people.
//
// Told apart are two kinds of repetition. A body whose outcome was not recorded yet when the process died runs again:
// that is at-least-once, promised, and the step's idempotency key is there for it. A body that runs again although its
// outcome was recorded is a fault of the engine and must never be.
import { inspect, isDeepStrictEqual } from "node:util";
import type { CrashPoint } from "./crash-plan.ts";
import type { BodyRun, CrashRun } from "./crash-run.ts";

/** The places in one run where the process died; most often one. */
export type Crashes = readonly CrashPoint[];

/** A step of the run, and how often crashes made its body run. */
export interface StepRuns {
  /** With its occurrence number. */
  readonly step: string;
  /** What tells the outside world that two calls are one. */
  readonly idempotencyKey: string;
  /** False when the body never asked for the key: then the outside world cannot know. */
  readonly readsKey: boolean;
  /** Attempts in the run without crashes. */
  readonly runsWithoutCrash: number;
  readonly mostRuns: number;
  /** Crashes after which an attempt ran again. */
  readonly repeatedAt: readonly Crashes[];
}

/** A run that came to something else than the one without crashes. */
export interface ChangedRun {
  readonly crashes: Crashes;
  readonly what: "result" | "observation";
  readonly expected: unknown;
  readonly got: unknown;
}

export interface UnendedRun {
  readonly crashes: Crashes;
  readonly why: string;
}

/** A body ran although its outcome was in the journal. */
export interface Violation {
  readonly crashes: Crashes;
  readonly step: string;
  readonly idempotencyKey: string;
}

export interface CrashReport {
  /** Every run ended, no crash changed what it came to, and nothing recorded ran again. */
  readonly ok: boolean;
  /** Places where a process can die in a run without crashes: before and after each of its calls. */
  readonly crashPoints: number;
  /** Runs with crashes. */
  readonly runs: number;
  readonly steps: readonly StepRuns[];
  readonly changed: readonly ChangedRun[];
  readonly unended: readonly UnendedRun[];
  readonly violations: readonly Violation[];
  /** All of it in sentences; so does `String(report)`. */
  readonly text: string;
  toString(): string;
}

/** Differences that are told in sentences; the data has them all. */
const MAX_TOLD = 5;
const MAX_PLACES_TOLD = 2;
const MAX_VALUE_CHARS = 300;

export function crashReport(workflow: string, calm: CrashRun, crashed: readonly CrashRun[]): CrashReport {
  const changed = crashed.flatMap((run) => changesOf(calm, run));
  const unended = crashed.flatMap(({ crashes, ended }) =>
    "never" in ended ? [{ crashes, why: ended.never }] : [],
  );
  const violations = [calm, ...crashed].flatMap(({ crashes, bodies }) =>
    bodies
      .filter(({ wasRecorded }) => wasRecorded)
      .map(({ step, idempotencyKey }) => ({ crashes, step, idempotencyKey })),
  );
  const facts = {
    ok: changed.length + unended.length + violations.length === 0,
    crashPoints: 2 * calm.calls.length,
    runs: crashed.length,
    steps: stepsOf(calm, crashed),
    changed,
    unended,
    violations,
  };
  const text = textOf(workflow, facts);
  return { ...facts, text, toString: () => text };
}

function changesOf(calm: CrashRun, run: CrashRun): ChangedRun[] {
  if ("never" in run.ended) return [];
  const { crashes } = run;
  const changes: ChangedRun[] = [];
  if (!isDeepStrictEqual(run.ended, calm.ended))
    changes.push({ crashes, what: "result", expected: calm.ended, got: run.ended });
  if (!isDeepStrictEqual(run.observation, calm.observation))
    changes.push({ crashes, what: "observation", expected: calm.observation, got: run.observation });
  return changes;
}

function stepsOf(calm: CrashRun, crashed: readonly CrashRun[]): StepRuns[] {
  const runs = [calm, ...crashed];
  const first = new Map(runs.flatMap(({ bodies }) => bodies).map((body) => [body.idempotencyKey, body]));
  return [...first].map(([idempotencyKey, { step }]) => {
    const own = ({ bodies }: CrashRun) => bodies.filter((body) => body.idempotencyKey === idempotencyKey);
    return {
      step,
      idempotencyKey,
      readsKey: runs.flatMap(own).some(({ readsKey }) => readsKey),
      runsWithoutCrash: own(calm).length,
      mostRuns: Math.max(...runs.map((run) => own(run).length)),
      repeatedAt: crashed.filter((run) => repeatsAttempt(own(run))).map(({ crashes }) => crashes),
    };
  });
}

function repeatsAttempt(bodies: readonly BodyRun[]): boolean {
  // What ran although it was recorded is a violation, and told as one.
  const attempts = bodies.filter(({ wasRecorded }) => !wasRecorded).map(({ attempt }) => attempt);
  return new Set(attempts).size < attempts.length;
}

type Facts = Omit<CrashReport, "text" | "toString">;

function textOf(workflow: string, { ok, crashPoints, runs, steps, ...faults }: Facts): string {
  const repeated = steps.filter(({ repeatedAt }) => repeatedAt.length > 0);
  const changesOfKind = (kind: ChangedRun["what"]) =>
    told(
      faults.changed.filter(({ what }) => what === kind),
      ({ crashes, what, expected, got }) =>
        `another ${what}, ${at(crashes)}: ${show(got)} instead of ${show(expected)}`,
    );
  return [
    `Workflow "${workflow}" has ${crashPoints} crash points; ${runs} runs were crashed.`,
    ok
      ? "Every run ended, with the result and the observation of the run without crashes."
      : "Not every run came to what the run without crashes came to:",
    ...told(
      faults.violations,
      ({ crashes, step }) => `step "${step}" ran again although its outcome was recorded, ${at(crashes)}.`,
    ),
    ...told(faults.unended, ({ crashes, why }) => `the run did not end, ${at(crashes)}: ${why}`),
    ...changesOfKind("result"),
    ...changesOfKind("observation"),
    repeated.length === 0
      ? "No step's body ran again."
      : "Steps that ran again because their outcome was not recorded yet (at least once):",
    ...repeated.map((step) => `  ${repetition(step)}`),
  ].join("\n");
}

function told<Fault>(faults: readonly Fault[], tell: (fault: Fault) => string): string[] {
  const lines = faults.slice(0, MAX_TOLD).map((fault) => `  ${tell(fault)}`);
  const left = faults.length - lines.length;
  return left > 0 ? [...lines, `  … and ${left} more of that kind.`] : lines;
}

function repetition(step: StepRuns): string {
  const { idempotencyKey, readsKey, runsWithoutCrash, mostRuns, repeatedAt } = step;
  const places = [...new Set(repeatedAt.map(placesOf))];
  const shown = places.slice(0, MAX_PLACES_TOLD).join(", ");
  const where =
    places.length > MAX_PLACES_TOLD ? `${shown} and ${places.length - MAX_PLACES_TOLD} more` : shown;
  const key = readsKey
    ? `Its key is ${idempotencyKey}.`
    : "It never asks for its idempotency key, so the outside world cannot know that the calls are one.";
  return `"${step.step}" up to ${mostRuns} times, ${runsWithoutCrash} without a crash; again with one ${where}. ${key}`;
}

function at(crashes: Crashes): string {
  return crashes.length === 0 ? "without a crash" : `with a crash ${placesOf(crashes)}`;
}

function placesOf(crashes: Crashes): string {
  return crashes.map(({ call, name, when }) => `${when} call ${call} (${name})`).join(" and ");
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY });
  return text.length <= MAX_VALUE_CHARS ? text : `${text.slice(0, MAX_VALUE_CHARS)}…`;
}
