// The environment variables of Perdure's functions: written by the CDK construct, read by environment.ts. It imports
// nothing but a type, because it is what the `cdk` and `lambda` rooms share: the two must be one version.
import type { Settings } from "../engine/settings.ts";

/** Names of resources. Every function is told all of them; what it may do with them is its role's to say. */
export const VARIABLES = {
  table: "PERDURE_TABLE",
  bucket: "PERDURE_BUCKET",
  activationQueueUrl: "PERDURE_ACTIVATION_QUEUE_URL",
  /** JSON: name of a step handler → URL of its queue. */
  stepQueues: "PERDURE_STEP_QUEUES",
  /** Set on the function of a step handler only: its name. */
  stepHandler: "PERDURE_STEP_HANDLER",
  /** Name or ARN. */
  eventBus: "PERDURE_EVENT_BUS",
  /** Where the API is reached from outside; set on the functions that send links. */
  publicUrl: "PERDURE_PUBLIC_URL",
  scheduleGroup: "PERDURE_SCHEDULE_GROUP",
  scheduleRoleArn: "PERDURE_SCHEDULE_ROLE_ARN",
  scheduleTargetArn: "PERDURE_SCHEDULE_TARGET_ARN",
  scheduleDeadLetterArn: "PERDURE_SCHEDULE_DEAD_LETTER_ARN",
} as const;

/** Timings and measures; each may be absent, then AWS_SETTINGS decides. */
export const SETTING_VARIABLES = {
  leaseMs: "PERDURE_LEASE_MS",
  renewEveryMs: "PERDURE_RENEW_EVERY_MS",
  visibilityMs: "PERDURE_VISIBILITY_MS",
  handOffBeforeMs: "PERDURE_HAND_OFF_BEFORE_MS",
  inProcessWaitMs: "PERDURE_IN_PROCESS_WAIT_MS",
  checkpointsPerActivation: "PERDURE_CHECKPOINTS_PER_ACTIVATION",
  maxEntriesPerCheckpoint: "PERDURE_MAX_ENTRIES_PER_CHECKPOINT",
  offloadAboveBytes: "PERDURE_OFFLOAD_ABOVE_BYTES",
  longTimerMs: "PERDURE_LONG_TIMER_MS",
  scheduleLeadMs: "PERDURE_SCHEDULE_LEAD_MS",
  sweepGrainMs: "PERDURE_SWEEP_GRAIN_MS",
  retentionDays: "PERDURE_RETENTION_DAYS",
} as const satisfies Record<keyof Settings, string>;
