// How a schedule stands, and what follows from what happens: pure functions from state to state. The workflow that carries a
// schedule (workflow.ts) asks them, does what they say and records the state they give.
//
// Invariants
// H1  Times are taken in their order, each once: `cursor` is the last that was taken, `nextAt` the first behind it.
// H2  `nextAt` and the next time of a backfill are recorded in a state before anything is done because of them, so that a
//     replay does the same whatever time zone data it has.
// H3  A run is `open` from its start until its own end is told, so that no time is kept beside it by mistake.
import {
  MAX_BACKFILLS,
  MAX_OPEN_SCHEDULED,
  MAX_RECENT_SCHEDULED,
  MAX_TIMES_COUNTED,
  TIMES_SHOWN,
} from "../../limits.ts";
import type { ClosedStatus } from "../../ports/run.ts";
import type { OverlapPolicy } from "../../sdk/schedule.ts";
import { seededRandom } from "../seeded.ts";
import { unreachable } from "../unreachable.ts";
import type { ScheduleEvent } from "./events.ts";
import { isoOf, type Plan } from "./plan.ts";
import { nextTime, nextWithin, timesUpTo } from "./times.ts";

/** Why a run is started: its time has come, somebody asked for one now, or for those of a time that is past. */
export type FireKind = "scheduled" | "trigger" | "backfill";

/** A run to be started. */
export interface Fire {
  readonly kind: FireKind;
  /** Epoch ms, as the schedule has it. */
  readonly time: number;
  /** Tells it from all others of the schedule. */
  readonly key: string;
}

export interface StartedRun {
  readonly runId: string;
  readonly kind: FireKind;
  /** Epoch ms: of the schedule, of the real start, of the end. */
  readonly time: number;
  readonly startedAt: number;
  readonly status: "open" | ClosedStatus;
  readonly closedAt?: number;
}

export interface Backfill {
  /** Epoch ms; the next time that is filled in. */
  readonly next: number;
  readonly to: number;
  readonly overlap: "wait" | "allow";
}

export interface Counts {
  /** Runs, those by hand included. */
  readonly started: number;
  /** Times that were not kept because a run was open, or the schedule paused. */
  readonly skipped: number;
  /** Times that could not be kept within `catchUp`. */
  readonly missed: number;
  /** Starts that were refused. */
  readonly failed: number;
}

export interface ScheduleState {
  readonly plan: Plan;
  /** Epoch ms; a rate is counted from it. */
  readonly anchor: number;
  /** Epoch ms (H1). */
  readonly cursor: number;
  readonly nextAt?: number;
  /** Runs started for their time since the plan is the present one. */
  readonly kept: number;
  readonly paused?: { readonly at: number; readonly reason?: string };
  /** Run ids (H3). */
  readonly open: readonly string[];
  /** Starts when no run is open. */
  readonly waiting?: Fire;
  readonly backfills: readonly Backfill[];
  readonly counts: Counts;
  /** Newest first. */
  readonly recent: readonly StartedRun[];
  readonly lastError?: { readonly at: number; readonly message: string };
}

/** What follows: the state it leads to, and what is to be done before that is so. */
export interface Move {
  readonly state: ScheduleState;
  readonly start?: Fire;
  /** Run ids to be asked to end. */
  readonly cancel?: readonly string[];
}

export function firstState(plan: Plan, createdAt: number): ScheduleState {
  const counts = { started: 0, skipped: 0, missed: 0, failed: 0 };
  const state = { plan, anchor: createdAt, cursor: createdAt, kept: 0, open: [], backfills: [], counts };
  return planned({ ...state, recent: [] });
}

/** Nothing will ever happen again. */
export function isOver({ nextAt, open, waiting, backfills }: ScheduleState): boolean {
  return nextAt === undefined && waiting === undefined && open.length === 0 && backfills.length === 0;
}

/** When something is to be done, epoch ms; nothing when only an event brings it. */
export function dueAt(state: ScheduleState, runId: string, now: number): number | undefined {
  if (waitingFire(state) !== undefined || readyBackfill(state) !== undefined) return now;
  const { nextAt, paused, plan } = state;
  if (nextAt === undefined || paused !== undefined) return undefined;
  return nextAt + Math.floor(plan.jitter * seededRandom(runId, `jitter ${nextAt}`));
}

/** What is due, one thing of it. The time of `dueAt` has come. */
export function due(state: ScheduleState, now: number): Move {
  const fire = waitingFire(state);
  if (fire !== undefined) {
    const { waiting: _, ...rest } = state;
    return { state: rest, start: fire };
  }
  const backfill = readyBackfill(state);
  const { nextAt, plan } = state;
  // Of two, the time that has come goes before those that are past.
  if (nextAt === undefined || state.paused !== undefined || nextAt > now) {
    return backfill === undefined ? { state } : fillIn(state, backfill);
  }
  if (nextAt < now - plan.catchUp) return { state: passOver(state, now - plan.catchUp - 1, "missed") };
  const taken = { ...state, cursor: nextAt };
  const kind = "scheduled";
  return admit(taken, { kind, time: nextAt, key: keyOf(nextAt) }, plan.overlap);
}

/** `key`: of a run that is started now. */
export function apply(state: ScheduleState, event: ScheduleEvent, now: number, key: string): Move {
  switch (event.type) {
    case "closed":
      return { state: closed(state, event.runId, event.status, now) };
    case "pause":
      return { state: { ...state, paused: { at: now, ...reasonOf(event) } } };
    case "resume": {
      const { paused, ...rest } = state;
      return { state: paused === undefined ? state : planned(passOver(rest, now, "skipped")) };
    }
    case "update":
      return { state: planned({ ...state, plan: event.plan, cursor: now, kept: 0 }) };
    case "trigger": {
      const fire: Fire = { kind: "trigger", time: now, key: `trigger-${key}` };
      return admit(state, fire, event.overlap ?? state.plan.overlap);
    }
    case "backfill": {
      const next = nextWithin(state.plan, event.from - 1, event.to, state.anchor);
      if (next === undefined) return { state };
      if (state.backfills.length >= MAX_BACKFILLS)
        return { state: failed(state, now, `more than ${MAX_BACKFILLS} backfills at once`) };
      const backfill = { next, to: event.to, overlap: event.overlap ?? ("wait" as const) };
      return { state: { ...state, backfills: [...state.backfills, backfill] } };
    }
    default:
      return unreachable(event);
  }
}

/** The run of a fire is there. */
export function started(
  state: ScheduleState,
  { kind, time }: Fire,
  runId: string,
  now: number,
): ScheduleState {
  const run: StartedRun = { runId, kind, time, startedAt: now, status: "open" };
  return {
    ...count(state, "started"),
    kept: state.kept + (kind === "scheduled" ? 1 : 0),
    open: [...state.open, runId],
    recent: trim([run, ...state.recent]),
  };
}

export function failed(state: ScheduleState, now: number, message: string): ScheduleState {
  return { ...count(state, "failed"), lastError: { at: now, message } };
}

export function count(state: ScheduleState, what: keyof Counts, times = 1): ScheduleState {
  return { ...state, counts: { ...state.counts, [what]: state.counts[what] + times } };
}

/** With the first time behind the cursor (H2). */
export function planned(state: ScheduleState): ScheduleState {
  const { nextAt: _, ...rest } = state;
  const { plan, cursor, anchor, kept } = rest;
  const isUsedUp = plan.limit !== undefined && kept >= plan.limit;
  const nextAt = isUsedUp ? undefined : nextTime(plan, cursor, anchor);
  return nextAt === undefined ? rest : { ...rest, nextAt };
}

/** The first few times to come, epoch ms. */
export function timesToCome({ plan, cursor, anchor, kept, nextAt }: ScheduleState): readonly number[] {
  if (nextAt === undefined) return [];
  const most = Math.min(TIMES_SHOWN, (plan.limit ?? Number.POSITIVE_INFINITY) - kept);
  return [...timesUpTo(plan, cursor, Number.POSITIVE_INFINITY, anchor, most)];
}

/** What becomes of a fire while other runs are open. */
function admit(state: ScheduleState, fire: Fire, overlap: OverlapPolicy): Move {
  const { open, waiting } = state;
  const isFree = open.length === 0 && waiting === undefined;
  if (isFree || (overlap === "allow" && open.length < MAX_OPEN_SCHEDULED)) return { state, start: fire };
  switch (overlap) {
    case "skip":
    case "allow":
      return { state: count(state, "skipped") };
    case "buffer-one":
      return waiting === undefined
        ? { state: { ...state, waiting: fire } }
        : { state: count(state, "skipped") };
    case "cancel-other": {
      const next = waiting === undefined ? state : count(state, "skipped");
      return { state: { ...next, waiting: fire }, cancel: open };
    }
    default:
      return unreachable(overlap);
  }
}

/** What may start now of what waits. What waited for its time does not start while the schedule is paused. */
function waitingFire({ open, waiting, paused }: ScheduleState): Fire | undefined {
  const isHeld = paused !== undefined && waiting?.kind === "scheduled";
  return open.length === 0 && !isHeld ? waiting : undefined;
}

function readyBackfill({ open, waiting, backfills }: ScheduleState): Backfill | undefined {
  const [first] = backfills;
  const hasRoom =
    first?.overlap === "allow"
      ? open.length < MAX_OPEN_SCHEDULED
      : open.length === 0 && waiting === undefined;
  return hasRoom ? first : undefined;
}

/** Its times are looked for under the present plan, one after the other (H2). */
function fillIn(state: ScheduleState, { next: time, to, overlap }: Backfill): Move {
  const next = nextWithin(state.plan, time, to, state.anchor);
  const others = state.backfills.slice(1);
  const backfills = next === undefined ? others : [{ next, to, overlap }, ...others];
  return { state: { ...state, backfills }, start: { kind: "backfill", time, key: keyOf(time) } };
}

/** Times behind the cursor up to `to` are not kept. */
function passOver(state: ScheduleState, to: number, why: "missed" | "skipped"): ScheduleState {
  const { plan, cursor, anchor } = state;
  const times = [...timesUpTo(plan, cursor, to, anchor, MAX_TIMES_COUNTED)];
  return { ...count(state, why, times.length), cursor: Math.max(cursor, to) };
}

function closed(state: ScheduleState, runId: string, status: ClosedStatus, now: number): ScheduleState {
  return {
    ...state,
    open: state.open.filter((open) => open !== runId),
    recent: state.recent.map((run) => (run.runId === runId ? { ...run, status, closedAt: now } : run)),
  };
}

function trim(recent: readonly StartedRun[]): readonly StartedRun[] {
  return recent.slice(0, MAX_RECENT_SCHEDULED);
}

/** A time as it stands in a run id: `20260329T010000Z`. */
function keyOf(time: number): string {
  const text = isoOf(time).replaceAll(/[-:]/g, "");
  return time % 1000 === 0 ? text.replace(".000", "") : text;
}

function reasonOf({ reason }: { readonly reason?: string }) {
  return reason === undefined ? {} : { reason };
}
