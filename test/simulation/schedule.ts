// Which fault happens at which call: drawn from the seed before the play begins, so that a play is a function of its
// program and its schedule, and a failing one can be made smaller by leaving faults out (shrink.ts).
import type { Chance } from "./chance.ts";
import { type CallSite, FAULT_KINDS, type Fault, type FaultKind, ruleOf } from "./fault.ts";

const FAULTS_PER_PLAY = [1, 1, 2, 3, 5, 8, 12];
/** Faults are drawn for as many calls as the fault-free play made, and some more: faults make a play longer. */
const STRETCH = 1.3;
const SPANS_MS = [1, 300, 1_000, 90_000, 700_000];
/** Deaths without end in one place: more than the engine takes for chance. */
const STORM: readonly FaultKind[] = ["crash before", "crash after", "all crash", "frozen"];
const STORM_FAULTS = 14;
const STORM_CALLS = 8;
const SPANS_IN_LEASES = [0.6, 1.2, 1.5, 3];

export interface ScheduleOptions {
  /** Calls of the fault-free play. */
  readonly calls: number;
  readonly leaseMs: number;
  readonly hasSweeper: boolean;
  /** Clocks on one machine are one clock. */
  readonly mayClocksDisagree: boolean;
}

export function drawSchedule(chance: Chance, options: ScheduleOptions): readonly Fault[] {
  const possible = FAULT_KINDS.filter(
    (kind) => kind !== "clocks disagree" && (options.hasSweeper || ruleOf(kind).needsSweeper !== true),
  );
  const spans = [...SPANS_MS, ...SPANS_IN_LEASES.map((leases) => leases * options.leaseMs)];
  const last = Math.ceil(options.calls * STRETCH);
  const faults = chance.happens(0.1)
    ? drawStorm(chance, chance.int(1, options.calls), spans)
    : drawShowers(chance, possible, last, spans);
  if (options.mayClocksDisagree && chance.happens(0.5))
    faults.push({ kind: "clocks disagree", fromCall: 0, ms: 0 });
  return faults.toSorted((a, b) => a.fromCall - b.fromCall);
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

/** A schedule under way: gives out each fault once, and counts the calls. */
export class Course {
  calls = 0;
  readonly happened: Fault[] = [];
  readonly #waiting: Fault[];

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
    const found = this.#waiting.findIndex(
      ({ kind, fromCall }) => fromCall <= this.calls && ruleOf(kind).fits(site),
    );
    if (found < 0) return undefined;
    const [fault] = this.#waiting.splice(found, 1);
    if (fault !== undefined) this.happened.push(fault);
    return fault;
  }

  /** No more faults: the surroundings are well again. */
  stop(): void {
    this.#waiting.length = 0;
  }
}
