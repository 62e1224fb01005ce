// The engine's public door for the rooms that drive it: api, local, lambda, testing.
export { cancelRun } from "./cancel-run.ts";
export { type Completion, completeCallback, decideApproval, heartbeatCallback } from "./complete-callback.ts";
export { handleDeadLetter } from "./dead-letter.ts";
export { type Disposition, type Engine, faultBackoffMs, type Host } from "./engine.ts";
export { forkRun, retryRun } from "./fork-run.ts";
export { handleMessage } from "./handle-message.ts";
export { pauseRun, resumeRun } from "./pause-run.ts";
export { describeThrown, unpack } from "./payloads.ts";
export { type ApprovalState, readApproval } from "./read-approval.ts";
export { readState } from "./read-state.ts";
export { createRegistry, ownWorkflows, type Registry, workflowsOf } from "./registry.ts";
export { replay, replayWhole } from "./replay.ts";
export { reviveRun } from "./revive-run.ts";
export { savedHead, saveEntry, saveInput } from "./save-journal.ts";
export {
  backfillSchedule,
  createSchedule,
  deleteSchedule,
  listSchedules,
  pauseSchedule,
  readSchedule,
  resumeSchedule,
  type ScheduleView,
  triggerSchedule,
  updateSchedule,
} from "./schedules/manage.ts";
export { sendSignal } from "./send-signal.ts";
export { AWS_SETTINGS, checkSettings, LOCAL_SETTINGS, type Settings } from "./settings.ts";
export { signalWithStart } from "./signal-with-start.ts";
export { startRun } from "./start-run.ts";
export { asCheckpoint } from "./stored-forms.ts";
export { sweep } from "./sweep.ts";
export { terminateRun } from "./terminate-run.ts";
export { InputError, type Issue, issueOf } from "./validate.ts";
export type { AskedVersion } from "./versions.ts";
