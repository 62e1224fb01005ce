// `import { createTestEnvironment } from "perdure/testing"`: workflows in a test, with a virtual clock; their crashes; and
// saved journals against later code.
export type { OutgoingEvent } from "../ports/events.ts";
export type { CrashPoint } from "./crash-plan.ts";
export type { ChangedRun, Crashes, CrashReport, StepRuns, UnendedRun, Violation } from "./crash-report.ts";
export { exploreCrashes } from "./explore-crashes.ts";
export type { ExploreOptions } from "./explore-options.ts";
export type { JournalEntry } from "./journal-entry.ts";
export { type JournalSource, type ReplayOptions, type ReplayReport, replayAll } from "./replay-all.ts";
export { collectJournal, type SavedJournal } from "./saved-journal.ts";
export type { StepMock } from "./step-mock.ts";
export {
  createTestEnvironment,
  type StartOptions,
  type TestEnvironment,
  type TestEnvironmentOptions,
} from "./test-environment.ts";
export type { TestRun } from "./test-run.ts";
export type { ScheduleStanding, TestSchedule } from "./test-schedule.ts";
export type { Transact } from "./transacting-journal.ts";
export type { ChangeReport } from "./version-report.ts";
