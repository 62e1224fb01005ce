// Which fault happens at which call: drawn from the seed before the play begins, so that a play is a function of its
// program and its schedule, and a failing one can be made smaller by leaving faults out (shrink.ts).
//
// Sparse schedules, of a dozen faults at most, let a run come far between two of them and name the guilty ones. Dense
// ones, of hundreds, come in waves: a few kinds, now and then at one actor only, at a rate; then a calm in which runs
// move on. What only two or three faults together can bring about is found by the second.
import type { Chance } from "./chance.ts";
import { ACTORS, type CallSite, FAULT_KINDS, type Fault, type FaultKind, fits, ruleOf } from "./fault.ts";

const FAULTS_PER_PLAY = [1, 1, 2, 3, 5, 8, 12];
/** Faults are drawn for as many calls as the fault-free play made, and some more: faults make a play longer. */
const STRETCH = 1.3;
const SPANS_MS = [1, 300, 1_000, 90_000, 700_000];
/** Deaths without end in one place: more than the engine takes for chance. */
const STORM: readonly FaultKind[] = ["crash before", "crash after", "all crash", "frozen"];
const STORM_FAULTS = 14;
const STORM_CALLS = 8;
/** The same at one site until the wake-up has gone through all its deliveries three times over. */
const DROUGHT: readonly FaultKind[] = ["delivery lost", "throttled"];
const DROUGHT_FAULTS = 50;
const SPANS_IN_LEASES = [0.6, 1.2, 1.5, 3];

/** Of a dense schedule: a wave draws as if the play were so much longer than without faults. */
const DENSE_STRETCH = 4;
/** Calm comes in the end, also to plays of tens of thousands of calls: a body of half a minute must once live that long. */
const MOST_DENSE_CALLS = 8_000;
const WAVE_CALLS = { least: 10, most: 150 };
const CALM_CALLS = { least: 0, most: 50 };
/** Calls from one fault of a wave to the next, on average. */
const WAVE_GAPS = [2, 2, 3, 4, 6];
const KINDS_PER_WAVE = { least: 2, most: 8 };
/** Not drawn again and again: who is deployed all the time gets nowhere. */
const DEPLOYMENTS: readonly FaultKind[] = ["deploy", "deploy at once"];
const WAVES_WITH_DEPLOYMENT = 0.35;

export interface ScheduleOptions {
  /** Calls of the fault-free play. */
  readonly calls: number;
  readonly leaseMs: number;
  readonly hasSweeper: boolean;
  readonly isDense: boolean;
  /** Clocks on one machine are one clock. */
  readonly mayClocksDisagree: boolean;
}

export function drawSchedule(chance: Chance, options: ScheduleOptions): readonly Fault[] {
  const possible = FAULT_KINDS.filter(
    (kind) => kind !== "clocks disagree" && (options.hasSweeper || ruleOf(kind).needsSweeper !== true),
  );
  const spans = [...SPANS_MS, ...SPANS_IN_LEASES.map((leases) => leases * options.leaseMs)];
  const faults = options.isDense
    ? drawWaves(chance, possible, Math.min(options.calls * DENSE_STRETCH, MOST_DENSE_CALLS), spans)
    : drawSparse(chance, possible, options.calls, spans);
  if (options.mayClocksDisagree && chance.happens(0.5))
    faults.push({ kind: "clocks disagree", fromCall: 0, ms: 0 });
  return faults.toSorted((a, b) => a.fromCall - b.fromCall);
}

function drawSparse(
  chance: Chance,
  possible: readonly FaultKind[],
  calls: number,
  spans: readonly number[],
): Fault[] {
  if (chance.happens(0.1)) return drawStorm(chance, chance.int(1, calls), spans);
  if (chance.happens(0.04)) return drawDrought(chance, chance.int(1, calls));
  return drawShowers(chance, possible, Math.ceil(calls * STRETCH), spans);
}

function drawDrought(chance: Chance, fromCall: number): Fault[] {
  const kind = chance.pick(DROUGHT);
  return Array.from({ length: DROUGHT_FAULTS }, () => ({ kind, fromCall, ms: 0, actor: "worker" }));
}

function drawShowers(
  chance: Chance,
  possible: readonly FaultKind[],
  last: number,
  spans: readonly number[],
): Fault[] {
  // A few kinds at a time go deeper than all of them at once.
  const fewer = possible.filter(() => chance.happens(0.3));
  const kinds = fewer.length === 0 || chance.happens(0.3) ? possible : fewer;
  return Array.from({ length: chance.pick(FAULTS_PER_PLAY) }, () => ({
    kind: chance.pick(kinds),
    fromCall: chance.int(1, last),
    ms: chance.pick(spans),
  }));
}

function drawStorm(chance: Chance, start: number, spans: readonly number[]): Fault[] {
  return Array.from({ length: STORM_FAULTS }, (_, i) => ({
    kind: chance.pick(STORM),
    fromCall: start + i * chance.int(1, STORM_CALLS),
    ms: chance.pick(spans),
  }));
}

function drawWaves(
  chance: Chance,
  possible: readonly FaultKind[],
  last: number,
  spans: readonly number[],
): Fault[] {
  const faults: Fault[] = [];
  const common = possible.filter((kind) => !DEPLOYMENTS.includes(kind));
  for (let call = chance.int(1, CALM_CALLS.most); call < last; ) {
    const end = call + chance.int(WAVE_CALLS.least, WAVE_CALLS.most);
    const gap = chance.pick(WAVE_GAPS);
    const kinds = Array.from({ length: chance.int(KINDS_PER_WAVE.least, KINDS_PER_WAVE.most) }, () =>
      chance.pick(common),
    );
    if (chance.happens(WAVES_WITH_DEPLOYMENT))
      faults.push({
        kind: chance.pick(DEPLOYMENTS),
        fromCall: chance.int(call, end),
        ms: chance.pick(spans),
      });
    const aim = chance.happens(0.25) ? { actor: chance.pick(ACTORS) } : {};
    for (; call < end; call += chance.int(1, 2 * gap - 1))
      faults.push({ kind: chance.pick(kinds), fromCall: call, ms: chance.pick(spans), ...aim });
    call += chance.int(CALM_CALLS.least, CALM_CALLS.most);
  }
  return faults;
}

/** A schedule under way: gives out each fault once, and counts the calls. */
export class Course {
  calls = 0;
  readonly happened: Fault[] = [];
  readonly #waiting: Fault[];

  /** `schedule` is in the order of its calls. */
  constructor(schedule: readonly Fault[]) {
    this.#waiting = schedule.filter(({ kind }) => kind !== "clocks disagree");
    this.happened.push(...schedule.filter(({ kind }) => kind === "clocks disagree"));
  }

  get doClocksDisagree(): boolean {
    return this.has("clocks disagree");
  }

  has(...kinds: readonly FaultKind[]): boolean {
    return this.happened.some(({ kind }) => kinds.includes(kind));
  }

  /** The next call is made at this site: the fault that happens at it, if any. */
  at(site: CallSite): Fault | undefined {
    this.calls += 1;
    for (const [i, fault] of this.#waiting.entries()) {
      if (fault.fromCall > this.calls) return undefined;
      if (!fits(fault, site)) continue;
      this.#waiting.splice(i, 1);
      this.happened.push(fault);
      return fault;
    }
    return undefined;
  }

  /** No more faults: the surroundings are well again. */
  stop(): void {
    this.#waiting.length = 0;
  }
}
