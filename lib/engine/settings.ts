// How long the engine waits for what, and how much it takes at once. Deployment decides these; the engine only checks
// that they fit each other. None of them may change what a run comes to: test/engine/modes.ts holds them at their ends.
import {
  DEFAULT_RETENTION_DAYS,
  MAX_CHECKPOINTS_PER_ACTIVATION,
  MAX_ENTRIES_PER_CHECKPOINT,
  MAX_IN_PROCESS_WAIT_MS,
  MAX_QUEUE_DELAY_MS,
  OFFLOAD_ABOVE_BYTES,
  SCHEDULE_LEAD_MS,
} from "../limits.ts";
import { PerdureError } from "../sdk/errors.ts";

export interface Settings {
  /** A lease that was not renewed for this long is free. */
  readonly leaseMs: number;
  /** The holder renews lease and message this often. */
  readonly renewEveryMs: number;
  /** A message being worked on comes back this long after its last renewal. */
  readonly visibilityMs: number;
  /** An activation with less time left hands off at the next step boundary. */
  readonly handOffBeforeMs: number;
  /** Waits up to this long stay in the process, longer ones suspend the run; 0 suspends at every wait. */
  readonly inProcessWaitMs: number;
  /** An activation that has appended this often hands off at the next step boundary: nobody holds a run for ever. */
  readonly checkpointsPerActivation: number;
  /** Entries that are written together at most; one makes each entry a write of its own. */
  readonly maxEntriesPerCheckpoint: number;
  /** Packed values above this go to the blob store, smaller ones ride in their entry; 0 sends every value there. */
  readonly offloadAboveBytes: number;
  /** Wake-ups further away than this go through Timers. */
  readonly longTimerMs: number;
  /** Timers fire this much early; the queue's delay does the rest. */
  readonly scheduleLeadMs: number;
  /** Places in the sweep index are rounded up to this; what is lost is found again after one to two of them. */
  readonly sweepGrainMs: number;
  /** Closed runs are kept this long. */
  readonly retentionDays: number;
}

export const AWS_SETTINGS: Settings = {
  leaseMs: 20_000,
  renewEveryMs: 6_000,
  visibilityMs: 25_000,
  handOffBeforeMs: 30_000,
  inProcessWaitMs: MAX_IN_PROCESS_WAIT_MS,
  checkpointsPerActivation: MAX_CHECKPOINTS_PER_ACTIVATION,
  maxEntriesPerCheckpoint: MAX_ENTRIES_PER_CHECKPOINT,
  offloadAboveBytes: OFFLOAD_ABOVE_BYTES,
  longTimerMs: MAX_QUEUE_DELAY_MS,
  scheduleLeadMs: SCHEDULE_LEAD_MS,
  sweepGrainMs: 10 * 60_000,
  retentionDays: DEFAULT_RETENTION_DAYS,
};

/** A killed local server has its runs going again within two seconds of its restart. */
export const LOCAL_SETTINGS: Settings = {
  ...AWS_SETTINGS,
  leaseMs: 1_500,
  renewEveryMs: 400,
  visibilityMs: 1_800,
  sweepGrainMs: 10_000,
};

/** @throws E_BAD_OPTION when the times cannot work together */
export function checkSettings(settings: Settings): Settings {
  const { leaseMs, renewEveryMs, visibilityMs, inProcessWaitMs, longTimerMs, scheduleLeadMs } = settings;
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isFinite(value) || value < 0)
      throw new PerdureError("E_BAD_OPTION", `${name} is ${value}; it must be a positive number.`);
  }
  requireCount("maxEntriesPerCheckpoint", settings.maxEntriesPerCheckpoint, MAX_ENTRIES_PER_CHECKPOINT);
  requireCount("checkpointsPerActivation", settings.checkpointsPerActivation, MAX_CHECKPOINTS_PER_ACTIVATION);
  if (settings.offloadAboveBytes > OFFLOAD_ABOVE_BYTES) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `offloadAboveBytes (${settings.offloadAboveBytes}) must be at most ${OFFLOAD_ABOVE_BYTES}, so that a checkpoint of several values fits an item of the table.`,
    );
  }
  if (renewEveryMs * 2 > leaseMs) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `renewEveryMs (${renewEveryMs}) must be at most half of leaseMs (${leaseMs}), so that one lost renewal does not lose the lease.`,
    );
  }
  if (leaseMs >= visibilityMs) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `leaseMs (${leaseMs}) must be below visibilityMs (${visibilityMs}), so that a message that comes back finds the lease expired.`,
    );
  }
  if (longTimerMs > MAX_QUEUE_DELAY_MS) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `longTimerMs (${longTimerMs}) is more than the ${MAX_QUEUE_DELAY_MS} that SQS can delay.`,
    );
  }
  if (scheduleLeadMs > longTimerMs) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `scheduleLeadMs (${scheduleLeadMs}) must be at most longTimerMs (${longTimerMs}), so that a timer that is still armed has not fired.`,
    );
  }
  if (inProcessWaitMs > MAX_QUEUE_DELAY_MS) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `inProcessWaitMs (${inProcessWaitMs}) must be at most ${MAX_QUEUE_DELAY_MS}, the longest that a Lambda lives.`,
    );
  }
  return settings;
}

function requireCount(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new PerdureError("E_BAD_OPTION", `${name} is ${value}; it must be a whole number from 1 to ${most}.`);
}

/** Place in the sweep index for something to be looked at after `at`: rounded up, so that META updates rarely move it. */
export function sweepTime(at: number, { sweepGrainMs }: Settings): number {
  return (Math.floor(at / sweepGrainMs) + 1) * sweepGrainMs;
}

/** What is older than this may have been deleted. */
export function retentionMs({ retentionDays }: Settings): number {
  return retentionDays * 86_400_000;
}
