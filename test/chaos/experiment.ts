// One experiment: many runs in one place that is being harmed, then a verdict on each. Knows nothing of stores.
import { setTimeout as pause } from "node:timers/promises";
import { Chance } from "../simulation/chance.ts";
import { type ClientOptions, drive, type Job } from "./client.ts";
import { crowdFaults, crowdsOf, type Stay } from "./crowd.ts";
import type { Effects, Execution } from "./effects.ts";
import { Harm } from "./harm.ts";
import { isExplained } from "./late.ts";
import type { Place, Stored } from "./place.ts";
import type { Report } from "./report.ts";
import { LIMITERS, type Role, SCENARIOS, type Scenario } from "./scenarios.ts";
import { judge } from "./verdict.ts";

/** Nothing has happened at all for so long: it is stuck, however slow the machine is. */
const STUCK_AFTER_MS = 10 * 60_000;
const READ_EVERY_MS = 100;
const JUDGED_AT_ONCE = 20;
const MAX_VIOLATIONS = 200;
const QUIET_MS = 2_000;

export interface Experiment {
  readonly store: string;
  readonly seed: number;
  readonly scenarios: readonly Scenario[];
  readonly runs: number;
  readonly place: Place;
  readonly effects: Effects;
  readonly diedAt: ReadonlyMap<string, number>;
  /** Filled by the place too. */
  readonly violations: string[];
  readonly onProgress: (closed: number, started: number) => void;
}

export async function perform(experiment: Experiment): Promise<Report> {
  const { store, seed, place, effects, violations } = experiment;
  const startedAt = performance.now();
  const course = new Course(experiment);
  const chanceOf = (name: string) => new Chance(seed, `${store} ${name}`);
  const workDone = () => effects.count + course.closedInAll;
  const harm = new Harm(place, workDone, chanceOf("kills"), chanceOf("outages"));
  await course.run();
  const seconds = (performance.now() - startedAt) / 1_000;
  await harm.end();
  effects.readOn();
  const judged =
    violations.length === 0 ? await judgeAll(experiment, course) : { repeats: 0, late: 0, inside: {} };
  const closed = SCENARIOS.map((scenario) => [scenario, course.closed.get(scenario) ?? 0]);
  return {
    store,
    seed,
    closed: Object.fromEntries(closed) as Record<Scenario, number>,
    workerKills: harm.kills,
    databaseOutages: harm.outages,
    requestsRepeated: course.again,
    sideEffects: effects.count,
    ...judged,
    revived: course.revived,
    seconds,
    runsPerSecond: course.closedInAll / seconds,
    violations,
  };
}

/** All runs from start to end, a bounded number at the same time, the scenarios in turn. */
class Course {
  readonly runIds = new Map<string, Job>();
  /** What the outside was told that a run has taken. */
  readonly told = new Map<string, readonly number[]>();
  readonly closed = new Map<Role, number>();
  closedInAll = 0;
  again = 0;
  readonly revived: Record<string, number> = {};
  readonly #experiment: Experiment;
  readonly #open = new Set<string>();
  #progressAt = performance.now();
  #sideEffects = 0;

  constructor(experiment: Experiment) {
    this.#experiment = experiment;
  }

  /** Resolves when all are closed, or when something is wrong. */
  async run(): Promise<void> {
    const { place } = this.#experiment;
    const jobs = this.#jobs();
    const over = new AbortController();
    const drivers = Array.from({ length: place.inFlight }, async () => {
      for (const job of jobs) {
        if (over.signal.aborted) return;
        await this.#drive(job);
      }
    });
    await Promise.race([Promise.all(drivers).then(() => over.abort()), this.#watch(over.signal)]);
    over.abort();
  }

  *#jobs(): Generator<Job> {
    const { runs, scenarios } = this.#experiment;
    for (let n = 0; n < runs; n += 1) for (const scenario of scenarios) yield { scenario, n };
  }

  async #drive(job: Job): Promise<void> {
    const { store, place, effects, seed, violations } = this.#experiment;
    let name = `${job.scenario} ${job.n}`;
    const options: ClientOptions = {
      place,
      effects,
      prefix: `chaos-${seed}`,
      chanceFor: ({ scenario, n }) => new Chance(seed, `${store} ${scenario} ${n}`),
      onAgain: () => {
        this.again += 1;
      },
      onRevived: (code) => {
        this.revived[code] = (this.revived[code] ?? 0) + 1;
      },
      onStarted: (_, runId) => {
        name = `${name}, run ${runId}`;
        this.runIds.set(runId, job);
        this.#open.add(name);
      },
      onTold: (runId, amounts) => {
        this.told.set(runId, amounts);
      },
      onChild: (child, runId) => {
        this.runIds.set(runId, child);
      },
    };
    try {
      await drive(options, job);
      this.closedInAll += 1;
      this.closed.set(job.scenario, (this.closed.get(job.scenario) ?? 0) + 1);
    } catch (error) {
      violations.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#open.delete(name);
    this.#progressAt = performance.now();
  }

  /** Reads the effects on, and resolves when something is wrong or it is over. */
  async #watch(over: AbortSignal): Promise<void> {
    const { effects, violations, onProgress } = this.#experiment;
    while (!over.aborted && violations.length === 0) {
      await pause(READ_EVERY_MS);
      effects.readOn();
      if (effects.count > this.#sideEffects) this.#progressAt = performance.now();
      this.#sideEffects = effects.count;
      onProgress(this.closedInAll, this.runIds.size);
      if (performance.now() - this.#progressAt < STUCK_AFTER_MS) continue;
      const stuck = [...this.#open].slice(0, 10).join("; ");
      violations.push(`nothing has happened for ${STUCK_AFTER_MS / 60_000} minutes; still open: ${stuck}`);
    }
  }
}

/** When nothing is killed any more. */
async function judgeAll(
  { place, effects, diedAt, violations }: Experiment,
  { runIds, told }: Pick<Course, "runIds" | "told">,
): Promise<Pick<Report, "repeats" | "late" | "inside">> {
  for (const runId of effects.byRun.keys())
    if (!runIds.has(runId)) violations.push(`run ${runId} has side effects and was never started`);
  await place.database?.ready();
  // Who has closed a run looks once more whether it holds a slot.
  await pause(QUIET_MS);
  const stored = await place.read();
  const total = { repeats: 0, late: 0 };
  const stays: Stay[] = [];
  const explain = (recorded: Execution, late: Execution) =>
    isExplained(recorded, late, diedAt, place.standstills);
  const pending = runIds.entries();
  const judges = Array.from({ length: JUDGED_AT_ONCE }, async () => {
    for (const [runId, job] of pending) {
      const executions = effects.byRun.get(runId) ?? [];
      const evidence = { executions, isExplained: explain, told: told.get(runId) ?? [] };
      const { faults, repeats, late, stay } = await judge(stored, runId, job, evidence);
      if (job.scenario === "concurrency" && stay !== undefined) stays.push(stay);
      total.repeats += repeats;
      total.late += late;
      if (violations.length < MAX_VIOLATIONS)
        violations.push(...faults.map((what) => `${job.scenario} ${job.n}, run ${runId}: ${what}`));
    }
  });
  await Promise.all(judges);
  const crowds = crowdsOf(stays);
  violations.push(...crowdFaults(crowds), ...(await leftAt(stored)));
  stored.close();
  return { ...total, inside: stays.length === 0 ? {} : Object.fromEntries(crowds) };
}

/** Nobody holds a slot or stands in line when all have ended. */
async function leftAt({ store }: Stored): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const limiter of LIMITERS.keys()) {
    const { holders, waiters } = await store.limits.read({ limiter, waiters: 25 });
    if (holders.length > 0) faults.push(`${holders.join(", ")} still hold a slot of ${limiter}`);
    if (waiters.length > 0)
      faults.push(`${waiters.map(({ runId }) => runId).join(", ")} still stand in line at ${limiter}`);
  }
  return faults;
}
