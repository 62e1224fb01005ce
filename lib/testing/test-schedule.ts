// A schedule as a test holds it: asks and acts from outside, as a caller of the API would.
import {
  backfillSchedule,
  deleteSchedule,
  pauseSchedule,
  readSchedule,
  resumeSchedule,
  triggerSchedule,
  updateSchedule,
} from "../engine/index.ts";
import type { ClosedStatus } from "../ports/run.ts";
import type { OverlapPolicy, ScheduleSpec, TimeGiven } from "../sdk/schedule.ts";
import type { Laboratory } from "./laboratory.ts";
import { type TestRun, testRun } from "./test-run.ts";

/** How a schedule stands. */
export interface ScheduleStanding {
  /** The first few times to come. */
  readonly next: readonly Date[];
  readonly isPaused: boolean;
  readonly counts: {
    readonly started: number;
    readonly skipped: number;
    readonly missed: number;
    readonly failed: number;
  };
  /** The last few, newest first. */
  readonly recent: readonly {
    readonly runId: string;
    readonly scheduledFor: Date;
    readonly status: "open" | ClosedStatus;
  }[];
}

/** What is done to it reaches it when it may move: in `settle` or `advance`. All throw E_SCHEDULE_NOT_FOUND. */
export interface TestSchedule {
  readonly id: string;
  standing(): Promise<ScheduleStanding>;
  /** Its last few runs, oldest first. */
  runs(): Promise<readonly TestRun[]>;
  pause(reason?: string): Promise<void>;
  resume(): Promise<void>;
  /** Starts a run now. */
  trigger(options?: { readonly overlap?: OverlapPolicy }): Promise<void>;
  /** @throws E_BAD_OPTION */
  backfill(request: {
    readonly from: TimeGiven;
    readonly to: TimeGiven;
    readonly overlap?: "wait" | "allow";
  }): Promise<void>;
  /** All of it: what is not named is not kept. @throws E_BAD_OPTION, E_INVALID_INPUT */
  update(spec: Omit<ScheduleSpec, "id">): Promise<void>;
  /** Runs that it has started go on. */
  delete(): Promise<void>;
}

export function testSchedule(lab: Laboratory, id: string): TestSchedule {
  const { engine } = lab;
  const shown = async () => (await readSchedule(engine, id)).shown;
  // Signals are in the order of their time: as outside, no two are sent in the same instant.
  const told = async (telling: Promise<unknown>) => {
    await telling;
    await lab.clock.advance(1);
  };
  return {
    id,
    standing: async () => {
      const { times, paused, counts, recent } = await shown();
      return {
        next: times.map((time) => new Date(time)),
        isPaused: paused !== undefined,
        counts,
        recent: recent.map(({ runId, time, status }) => ({ runId, scheduledFor: new Date(time), status })),
      };
    },
    runs: async () => (await shown()).recent.map(({ runId }) => testRun(lab, runId)).toReversed(),
    pause: async (reason) => await told(pauseSchedule(engine, id, reason === undefined ? {} : { reason })),
    resume: async () => await told(resumeSchedule(engine, id)),
    trigger: async (options = {}) => await told(triggerSchedule(engine, id, options)),
    backfill: async (request) => await told(backfillSchedule(engine, id, request)),
    update: async (spec) => await told(updateSchedule(engine, { ...spec, id })),
    delete: async () => void (await deleteSchedule(engine, id)),
  };
}
