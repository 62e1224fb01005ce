// How long the engine waits for what. Deployment decides these; the engine only checks that they fit each other.
import { DEFAULT_RETENTION_DAYS, MAX_QUEUE_DELAY_MS, SCHEDULE_LEAD_MS } from "../limits.ts";
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
  const { leaseMs, renewEveryMs, visibilityMs, longTimerMs, scheduleLeadMs } = settings;
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isFinite(value) || value < 0)
      throw new PerdureError("E_BAD_OPTION", `${name} is ${value}; it must be a positive number.`);
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
  return settings;
}

/** Place in the sweep index for something to be looked at after `at`: rounded up, so that META updates rarely move it. */
export function sweepTime(at: number, { sweepGrainMs }: Settings): number {
  return (Math.floor(at / sweepGrainMs) + 1) * sweepGrainMs;
}
