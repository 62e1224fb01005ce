// What must hold of schedules and of the runs that they start, in the order in which things happened:
//
//   - a time has one run at most, and when a schedule has ended by itself each of its times, and each run that somebody
//     asked for, stands in one of its counts
//   - a run is one that the policy allowed: only beside each other, or when those before it had ended
//   - nobody is asked to end for another but where the policy says so
//   - no run starts before its time, or later than what is caught up
//   - of schedules of one id one is at work: who makes it again waits until the one before has ended
//   - nothing starts for its time while its schedule is paused
//   - each run is recorded by its schedule, whose journal ends with it: so one that has ended starts nothing

import type { ScheduleEvent } from "../../lib/engine/schedules/events.ts";
import { nextWithin, timesUpTo } from "../../lib/engine/schedules/times.ts";
import type { PublishedSchedule } from "../../lib/engine/schedules/workflow.ts";
import { isTerminal } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import { SCHEDULE_WORKFLOW } from "../../lib/sdk/names.ts";
import type { JournalBook, Noted } from "./journal-book.ts";
import type { Handlers } from "./seen-call.ts";
import { type Terms, type Timetable, termsOf } from "./timetable.ts";
import type { TimetableSight } from "./timetable-sights.ts";

const SKEW_MS = 10_000;
const MANY = 10_000;

interface Started {
  readonly runId: string;
  readonly schedule: string;
  readonly for: number;
  /** Numbers of events. */
  readonly created: number;
  ended?: number;
  isCancelled: boolean;
  asked?: number;
}

/** What a schedule was told and has taken, in order. */
interface Taken {
  /** Of the entry that says so. */
  readonly seq: number;
  readonly event: ScheduleEvent;
}

export interface TimetableWatch {
  readonly timetable: Timetable | undefined;
  readonly book: JournalBook;
  readonly complain: (what: string) => void;
  readonly saw: (what: TimetableSight, times?: number) => void;
  readonly doClocksDisagree: () => boolean;
}

export class TimetableRules {
  readonly #watch: TimetableWatch;
  readonly #started = new Map<string, Started>();
  readonly #schedules = new Set<string>();
  readonly #atWork = new Set<string>();
  /** Ends of schedules: number of the event. */
  readonly #over = new Map<string, number>();

  constructor(watch: TimetableWatch) {
    this.#watch = watch;
  }

  readonly handlers: Handlers = {
    "runs.create": ({ args: [run], answer, at }) => {
      if (answer.created) this.#created(run, at);
    },
    "journal.putFact": ({ args: [runId, fact], answer, at }) => {
      const started = this.#started.get(runId);
      if (fact.kind === "cancel" && answer.stored && started !== undefined) started.asked ??= at;
    },
    "journal.append": ({ args: [runId, { entries }], answer, at }) => {
      const last = entries.at(-1);
      if (!answer.ok || last === undefined) return;
      if (this.#schedules.has(runId)) this.#works(runId);
      if (!isTerminal(last)) return;
      if (this.#schedules.has(runId) && !this.#over.has(runId)) this.#over.set(runId, at);
      const started = this.#started.get(runId);
      if (started === undefined || started.ended !== undefined) return;
      started.ended = at;
      started.isCancelled = last.type === "run.cancelled";
    },
  };

  #created(run: Run, at: number): void {
    const { complain, saw } = this.#watch;
    const { runId, workflow, parent, scheduled } = run;
    if (workflow === SCHEDULE_WORKFLOW) {
      if (this.#schedules.size > 0) saw("schedules beside an earlier one");
      this.#schedules.add(runId);
    }
    if (scheduled === undefined) return;
    if (parent === undefined || !runId.startsWith(`${parent.runId}.`)) {
      complain(`${runId} is not named after the schedule that has started it`);
      return;
    }
    const own = { runId, schedule: parent.runId, for: scheduled.for, created: at, isCancelled: false };
    this.#mayStart(own);
    this.#started.set(runId, own);
    if (isByHand(runId)) saw("runs started by hand");
  }

  /** Of schedules of one id one is at work. */
  #works(runId: string): void {
    const other = [...this.#atWork].find((each) => each !== runId && !this.#over.has(each));
    if (other !== undefined) this.#watch.complain(`schedule ${runId} is at work beside ${other}`);
    this.#atWork.add(runId);
  }

  /** The policy, by what had ended when the run was made. */
  #mayStart({ runId, schedule, for: time }: Started): void {
    const others = [...this.#started.values()].filter((other) => other.schedule === schedule);
    const twin = others.find((other) => other.for === time && !isByHand(other.runId) && !isByHand(runId));
    if (twin !== undefined) this.#watch.complain(`H1: ${runId} is for the time of ${twin.runId}`);
    const open = others.find(({ ended }) => ended === undefined);
    if (open !== undefined && !this.#mayBeBeside())
      this.#watch.complain(`H3: ${runId} was started while ${open.runId} was open`);
  }

  #mayBeBeside(): boolean {
    const { timetable } = this.#watch;
    return (
      timetable === undefined ||
      this.#anyTerms(({ overlap }) => overlap === "allow") ||
      timetable.requests.some(({ what }) => what === "backfill beside")
    );
  }

  /** Whether it was like this at one time or another: which run was decided by which terms is not told. */
  #anyTerms(isLike: (terms: Terms) => boolean): boolean {
    const { timetable } = this.#watch;
    return timetable !== undefined && termsOf(timetable).some(isLike);
  }

  /** When all is over: of one schedule, as it showed itself last, and what it has taken. */
  judge({ runId, status }: Run, shown: PublishedSchedule, taken: readonly Taken[]): void {
    const { saw, complain } = this.#watch;
    const { counts, open, waiting } = shown;
    const own = [...this.#started.values()].filter(({ schedule }) => schedule === runId);
    for (const started of own) this.#judgeRun(started, taken);
    this.#judgeBounds(runId, own, shown);
    if (status !== "succeeded") {
      if (status !== "cancelled") complain(`schedule ${runId} is ${status}`);
      saw("schedules that were deleted");
      if (counts.started > own.length)
        complain(`H1: schedule ${runId} counts ${counts.started} runs and has ${own.length}`);
      return;
    }
    saw("schedules that ended");
    if (open.length > 0 || waiting !== undefined)
      complain(`H3: schedule ${runId} has ended and waits for ${open.join()}`);
    if (counts.started !== own.length)
      complain(`H1: schedule ${runId} counts ${counts.started} runs and has ${own.length}`);
    if (counts.failed > 0) complain(`schedule ${runId}: a start failed: ${shown.lastError?.message}`);
    this.#judgeCounts(runId, shown, taken);
  }

  /** Each time, and each run that somebody asked for, is counted once. */
  #judgeCounts(runId: string, shown: PublishedSchedule, taken: readonly Taken[]): void {
    const { saw, complain } = this.#watch;
    const { counts, plan, anchor, cursor } = shown;
    saw("times kept", counts.started);
    saw("times skipped", counts.skipped);
    saw("times missed", counts.missed);
    const nominal = [...timesUpTo(plan, anchor, cursor, anchor, MANY)].length;
    const byHand = taken.filter(({ event }) => event.type === "trigger").length;
    const filledIn = taken.reduce(
      (total, { event }) =>
        total + (event.type === "backfill" ? countWithin(shown, event.from, event.to) : 0),
      0,
    );
    saw("times filled in", filledIn);
    const counted = counts.started + counts.skipped + counts.missed + counts.failed;
    const isUpdated = taken.some(({ event }) => event.type === "update");
    if (isUpdated) saw("schedules that were updated");
    // Times that are due when it is updated are nobody's: the new ones count from then on.
    const most = nominal + byHand + filledIn;
    const least = isUpdated ? byHand + filledIn : most;
    if (counted < least || counted > most)
      complain(
        `H1: schedule ${runId} had ${nominal} times, ${byHand} by hand and ${filledIn} to be filled in, and counts ${counted}`,
      );
  }

  #judgeBounds(runId: string, own: readonly Started[], { plan, anchor }: PublishedSchedule): void {
    const { until = Number.POSITIVE_INFINITY } = plan;
    const { timetable } = this.#watch;
    const limits = (timetable === undefined ? [] : termsOf(timetable)).map(
      ({ limit = Number.POSITIVE_INFINITY }) => limit,
    );
    const limit = limits.reduce((total, each) => total + each, 0);
    const times = own.filter((started) => !isByHand(started.runId)).map((started) => started.for);
    // What is filled in has no bounds but its own.
    if (this.#doesFillIn()) return;
    if (times.some((time) => time > until)) this.#watch.complain(`${runId} has kept a time after its last`);
    if (times.some((time) => time <= anchor))
      this.#watch.complain(`${runId} has kept a time of before it was made`);
    if (times.length > limit)
      this.#watch.complain(`${runId} has kept ${times.length} times, and may keep ${limit}`);
  }

  #judgeRun(started: Started, taken: readonly Taken[]): void {
    const { book, complain, saw } = this.#watch;
    const { runId, schedule, created, ended, asked, isCancelled } = started;
    const journal = book.of(schedule);
    const start = journal.findIndex(({ entry }) => entry.type === "child.started" && entry.runId === runId);
    const noted = journal[start];
    if (noted === undefined) {
      complain(`${runId} was started and its schedule has not recorded it`);
      return;
    }
    if (noted.at > created) complain(`${runId} was made before its schedule had recorded its start`);
    if (ended === undefined) complain(`${runId} is not over`);
    if (asked !== undefined && !this.#anyTerms(({ overlap }) => overlap === "cancel-other"))
      complain(`${runId} was asked to end, and nobody may take its place`);
    if (asked === undefined && isCancelled) complain(`${runId} is cancelled and nobody asked it to end`);
    if (asked !== undefined && isCancelled) saw("scheduled runs that made room");
    this.#judgeTime(started, journal.slice(0, start + 1));
    const word = taken.findLast(
      ({ seq, event }) => seq <= start && (event.type === "pause" || event.type === "resume"),
    );
    if (word?.event.type === "pause" && !isByHand(runId) && !this.#doesFillIn())
      complain(`${runId} was started although its schedule was paused`);
  }

  /** `journal`: of its schedule, up to its start. */
  #judgeTime({ runId, for: time }: Started, journal: readonly Noted[]): void {
    const { complain, doClocksDisagree, timetable } = this.#watch;
    const skewMs = doClocksDisagree() ? SKEW_MS : 0;
    const earlyMs = time - (journal.at(-1)?.entry.at ?? time);
    if (earlyMs > skewMs) complain(`T1: ${runId} was started ${earlyMs} ms before its time`);
    // What waits for another run, or is filled in, may be as late as it comes.
    const doesWait = this.#anyTerms(({ overlap }) => overlap === "buffer-one" || overlap === "cancel-other");
    if (doesWait || this.#doesFillIn() || isByHand(runId)) return;
    const decided = journal.findLast(({ entry }) => entry.type === "signal.timed_out");
    const lateMs = (decided?.entry.at ?? time) - time;
    const catchUpMs = Math.max(
      ...(timetable === undefined ? [] : termsOf(timetable)).map((terms) => terms.catchUpMs),
    );
    if (lateMs > catchUpMs + skewMs)
      complain(`${runId} was started ${lateMs} ms late, and ${catchUpMs} are caught up`);
  }

  #doesFillIn(): boolean {
    return this.#watch.timetable?.requests.some(({ what }) => what.startsWith("backfill")) === true;
  }
}

function isByHand(runId: string): boolean {
  return runId.includes(".trigger-");
}

function countWithin({ plan, anchor }: PublishedSchedule, from: number, to: number): number {
  let count = 0;
  for (let time = nextWithin(plan, from - 1, to, anchor); time !== undefined; count += 1)
    time = nextWithin(plan, time, to, anchor);
  return count;
}
