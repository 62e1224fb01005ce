// The times of a deployment, filled in and checked at synth, so that a deployment that cannot work never leaves the desk.
//
// A function's timeout, its lease and its message's visibility are often one chain (timeout < lease < visibility). Here
// lease and message are short and renewed together while work goes on (lib/engine/lease.ts), so that a crash is noticed
// within seconds. That leaves these rules:
//
//   T-A  activation timeout < visibility of the activation queue      Lambda demands it of an event source, and until
//        step handler timeout < visibility of its queue               the first renewal the queue's own time counts
//   T-B  lease < renewed visibility                                   a message that comes back finds the lease over
//   T-C  2 x renewal <= lease                                         one lost renewal does not lose the lease
//   T-D  hand-off margin < activation timeout                         otherwise every activation would hand off at once
//   T-E  long-timer boundary <= 15 minutes                            SQS delays no longer
//   T-F  schedule lead < long-timer boundary                          a schedule is never set in the past
//   T-G  sweeps are whole minutes apart                               EventBridge counts in minutes
//   T-H  timeouts <= 15 minutes, visibilities <= 12 hours             Lambda's and SQS's own limits
import { Duration } from "aws-cdk-lib";
import { AWS_SETTINGS, type Settings } from "../engine/settings.ts";
import { MAX_QUEUE_DELAY_MS } from "../limits.ts";
import type { PerdureProps } from "./props.ts";

/** Time of one function and its queue. */
export interface WorkTimes {
  readonly timeout: Duration;
  readonly queueVisibility: Duration;
}

export interface Timings {
  readonly settings: Settings;
  readonly sweepEvery: Duration;
  readonly activation: WorkTimes;
  readonly stepHandlers: Readonly<Record<string, WorkTimes>>;
}

const DEFAULT_TIMEOUT = Duration.minutes(5);
const MAX_TIMEOUT = Duration.minutes(15);
const MAX_VISIBILITY = Duration.hours(12);
/** A message outlives its function: it must not come back while the function is being stopped. */
const VISIBILITY_MARGIN = Duration.seconds(30);
const LEAST_HAND_OFF_MS = 30_000;
const LEASE_RENEWALS = 10 / 3;
const LEASE_TO_VISIBILITY_MS = AWS_SETTINGS.visibilityMs - AWS_SETTINGS.leaseMs;

/** @throws Error that names every rule that is broken */
export function resolveTimings(props: PerdureProps): Timings {
  const activation = workTimes(props.activation ?? {});
  const stepHandlers = Object.fromEntries(
    Object.entries(props.stepHandlers ?? {}).map(([name, handler]) => [name, workTimes(handler)]),
  );
  const settings = resolveSettings(props, activation.timeout.toMilliseconds());
  const timings = { settings, sweepEvery: props.sweepEvery ?? Duration.minutes(1), activation, stepHandlers };
  const broken = [...brokenRules(timings)];
  if (broken.length > 0)
    throw new Error(`Perdure cannot be deployed with these times.\n${broken.join("\n")}`);
  return timings;
}

function workTimes({ timeout = DEFAULT_TIMEOUT, queueVisibility }: Partial<WorkTimes>): WorkTimes {
  return { timeout, queueVisibility: queueVisibility ?? timeout.plus(VISIBILITY_MARGIN) };
}

function resolveSettings(props: PerdureProps, timeoutMs: number): Settings {
  const leaseMs = props.lease?.toMilliseconds() ?? AWS_SETTINGS.leaseMs;
  const handOffMs = Math.min(Math.max(timeoutMs / 5, LEAST_HAND_OFF_MS), timeoutMs / 2);
  return {
    ...AWS_SETTINGS,
    leaseMs,
    renewEveryMs: props.renewEvery?.toMilliseconds() ?? Math.floor(leaseMs / LEASE_RENEWALS),
    visibilityMs: props.renewedVisibility?.toMilliseconds() ?? leaseMs + LEASE_TO_VISIBILITY_MS,
    handOffBeforeMs: props.handOffBefore?.toMilliseconds() ?? handOffMs,
    longTimerMs: props.longTimer?.toMilliseconds() ?? AWS_SETTINGS.longTimerMs,
    scheduleLeadMs: props.scheduleLead?.toMilliseconds() ?? AWS_SETTINGS.scheduleLeadMs,
    sweepGrainMs: props.sweepGrain?.toMilliseconds() ?? AWS_SETTINGS.sweepGrainMs,
    retentionDays: props.retentionDays ?? AWS_SETTINGS.retentionDays,
  };
}

/** One sentence for each rule that does not hold, with the figures and the way out. */
function* brokenRules({ settings, sweepEvery, activation, stepHandlers }: Timings): Generator<string> {
  const { leaseMs, renewEveryMs, visibilityMs, handOffBeforeMs, longTimerMs, scheduleLeadMs } = settings;
  yield* brokenWorkRules("activation", activation);
  for (const [name, times] of Object.entries(stepHandlers)) {
    yield* brokenWorkRules(`step handler "${name}"`, times);
  }
  if (leaseMs >= visibilityMs) {
    yield `lease (${show(leaseMs)}) must be shorter than renewedVisibility (${show(visibilityMs)}), so that a message that comes back finds the lease over.`;
  }
  if (renewEveryMs * 2 > leaseMs) {
    yield `renewEvery (${show(renewEveryMs)}) must be at most half of lease (${show(leaseMs)}), so that one lost renewal does not lose the lease.`;
  }
  const timeoutMs = activation.timeout.toMilliseconds();
  if (handOffBeforeMs >= timeoutMs) {
    yield `handOffBefore (${show(handOffBeforeMs)}) must be shorter than the activation timeout (${show(timeoutMs)}), otherwise every activation would hand off at once.`;
  }
  if (longTimerMs > MAX_QUEUE_DELAY_MS) {
    yield `longTimer (${show(longTimerMs)}) must be at most ${show(MAX_QUEUE_DELAY_MS)}, the longest delay SQS has.`;
  }
  if (scheduleLeadMs >= longTimerMs) {
    yield `scheduleLead (${show(scheduleLeadMs)}) must be shorter than longTimer (${show(longTimerMs)}), so that no schedule is set in the past.`;
  }
  if (sweepEvery.toSeconds({ integral: false }) % 60 !== 0 || sweepEvery.toMilliseconds() === 0) {
    yield `sweepEvery (${show(sweepEvery.toMilliseconds())}) must be a whole number of minutes, the unit of EventBridge.`;
  }
}

function* brokenWorkRules(what: string, { timeout, queueVisibility }: WorkTimes): Generator<string> {
  const [timeoutMs, hiddenMs] = [timeout.toMilliseconds(), queueVisibility.toMilliseconds()];
  if (timeoutMs >= hiddenMs) {
    yield `The timeout of the ${what} (${show(timeoutMs)}) must be shorter than its queueVisibility (${show(hiddenMs)}), so that its message does not come back while it works.`;
  }
  if (timeoutMs > MAX_TIMEOUT.toMilliseconds()) {
    yield `The timeout of the ${what} (${show(timeoutMs)}) must be at most ${show(MAX_TIMEOUT.toMilliseconds())}, Lambda's limit.`;
  }
  if (hiddenMs > MAX_VISIBILITY.toMilliseconds()) {
    yield `The queueVisibility of the ${what} (${show(hiddenMs)}) must be at most ${show(MAX_VISIBILITY.toMilliseconds())}, the limit of SQS.`;
  }
}

function show(ms: number): string {
  return Number.isInteger(ms / 1_000) ? `${ms / 1_000} s` : `${ms} ms`;
}
