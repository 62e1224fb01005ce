// SQS, EventBridge Scheduler, S3 and the Lambda that reads a queue (lib/aws, lib/lambda).
import type { Area } from "../mutant.ts";

const queue = "lib/aws/sqs-queue.ts";
const timers = "lib/aws/scheduler-timers.ts";
const SQS = ["test/aws/sqs-queue.test.ts"];
const SCHEDULER = ["test/aws/scheduler-timers.test.ts"];
const RECORDS = ["test/lambda/handle-records.test.ts"];

export const queuesAws: Area = [
  {
    name: "sqs: times are rounded down",
    invariant: "T1, W2",
    why: "a message comes early, or shows again before its lease has ended",
    file: queue,
    find: "return Math.ceil(Math.max(0, ms) / 1_000);",
    replace: "return Math.floor(Math.max(0, ms) / 1_000);",
    noticedIn: SQS,
  },
  {
    name: "sqs: a receipt that is no longer good ends the activation",
    invariant: "W2",
    why: "work that is done is answered with an error",
    file: queue,
    find: "if (!isStale(error)) throw error;",
    replace: "throw error;",
    noticedIn: SQS,
  },
  {
    name: "sqs: messages do not say how often they were received",
    invariant: "code",
    why: "back-off and dead letters never come",
    file: queue,
    find: 'MessageSystemAttributeNames: ["ApproximateReceiveCount"],',
    replace: "",
    noticedIn: SQS,
  },
  {
    name: "scheduler: times are rounded down",
    invariant: "T1",
    why: "a timer fires early",
    file: timers,
    find: "new Date(Math.ceil(ms / 1_000) * 1_000)",
    replace: "new Date(Math.floor(ms / 1_000) * 1_000)",
    noticedIn: SCHEDULER,
  },
  {
    name: "scheduler: a timer that is armed already is an error",
    invariant: "J4",
    why: "an activation that repeats its suspension fails for ever",
    file: timers,
    find: "if (!(error instanceof ConflictException)) throw error;",
    replace: "throw error;",
    noticedIn: SCHEDULER,
  },
  {
    name: "scheduler: a timer that is gone cannot be disarmed",
    invariant: "J4",
    why: "a run whose timer has fired cannot close in order",
    file: timers,
    find: "if (!(error instanceof ResourceNotFoundException)) throw error;",
    replace: "throw error;",
    noticedIn: SCHEDULER,
  },
  {
    name: "scheduler: schedules stay when they have fired",
    invariant: "code",
    why: "the account's limit of schedules is reached",
    file: timers,
    find: 'ActionAfterCompletion: "DELETE",',
    replace: 'ActionAfterCompletion: "NONE",',
    noticedIn: SCHEDULER,
  },
  {
    name: "lambda: a message that must come back is deleted",
    invariant: "W2",
    why: "SQS deletes what is not reported: the run is lost",
    file: "lib/lambda/handle-records.ts",
    find: "return disposition.done ? [] :",
    replace: "return disposition.done || !disposition.done ? [] :",
    noticedIn: RECORDS,
  },
  {
    name: "lambda: one record that throws fails its whole batch",
    invariant: "W2",
    why: "records that are done come back",
    file: "lib/lambda/handle-records.ts",
    find: "return { done: false, retryInMs: retryAfterMs(receiveCount) };",
    replace: "throw error;",
    noticedIn: RECORDS,
  },
];
