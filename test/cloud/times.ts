// The times of the suite's deployment: as short as an emulator on a busy machine allows.
export const TIMES = {
  activationTimeoutMs: 12_000,
  /** Sleeps above it go through Scheduler. */
  longTimerMs: 20_000,
  /** ministack fires schedules up to ten seconds late. */
  scheduleLeadMs: 14_000,
  sweepGrainMs: 5_000,
  leaseMs: 5_000,
  visibilityMs: 6_000,
  /** The least EventBridge can do. */
  sweepEveryMs: 60_000,
} as const;
