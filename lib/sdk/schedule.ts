// Schedules: what starts runs again and again, or once at a time. What people may say of one; the engine checks it and
// keeps to it (engine/schedules/).
import type { Attributes } from "../ports/run.ts";
import type { Duration } from "./duration.ts";

/**
 * What becomes of a time that is due while a run that the schedule has started is still open: it is skipped; it is kept, one
 * at most, until the run has ended; its run is started beside the other; or the other is asked to end, and the new one
 * started when it has.
 */
export type OverlapPolicy = "skip" | "buffer-one" | "allow" | "cancel-other";

/** A Date, an ISO time, or epoch milliseconds. */
export type TimeGiven = Date | number | string;

interface ScheduleBase {
  /** Unique among the schedules there are; 1 to 64 letters, digits, '_', '.', ':' or '-'. */
  readonly id: string;
  /** Name of the workflow whose runs are started. */
  readonly workflow: string;
  /** Of each run; checked against the workflow's schema now, and again at each start. */
  readonly input?: unknown;
  /** What each run is found by, besides `schedule` and `scheduledFor`. */
  readonly attributes?: Attributes;
  /** @default "skip" */
  readonly overlap?: OverlapPolicy;
  /** A time that could not be kept for longer than this is missed, and its run is not started any more. @default "1 hour" */
  readonly catchUp?: Duration;
  /** Each start is put off by a chance part of this, always the same for one time. @default - none */
  readonly jitter?: Duration;
  /** No times before. @default - now */
  readonly from?: TimeGiven;
  /** No times after; then the schedule ends. @default - none */
  readonly until?: TimeGiven;
  /** Runs that are started, those by hand not counted; then the schedule ends. @default - no limit */
  readonly limit?: number;
}

/** Exactly one of `cron`, `every` and `at`. */
export interface ScheduleSpec extends ScheduleBase {
  /** Minute, hour, day of the month, month, day of the week; with a field for seconds before them if need be. */
  readonly cron?: string;
  /** IANA name of the time zone that `cron` is read in, such as "Europe/Berlin". @default "UTC" */
  readonly timeZone?: string;
  /** A rate: again and again at this distance, counted from `from`, or from when the schedule was created. */
  readonly every?: Duration;
  /** Once, at this time; then the schedule ends. */
  readonly at?: TimeGiven;
}

/** Which time of which schedule a run was started for. */
export interface Scheduled {
  /** Id of the schedule. */
  readonly schedule: string;
  /** The time as the schedule has it, whenever the run was really started. */
  readonly for: Date;
}
