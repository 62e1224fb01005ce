// What people say of a schedule, checked: every fault is a sentence that names the option, its value and what is allowed. A
// plan is a spec again, with all times and durations in ms, so that the same check reads what was recorded.
import {
  DEFAULT_CATCH_UP_MS,
  MAX_SCHEDULE_BYTES,
  MAX_SCHEDULE_ID_CHARS,
  MIN_CATCH_UP_MS,
  MIN_SCHEDULE_EVERY_MS,
} from "../../limits.ts";
import type { Attributes } from "../../ports/run.ts";
import { type Duration, durationMs } from "../../sdk/duration.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { checkName } from "../../sdk/names.ts";
import { checkKeys, shown } from "../../sdk/options.ts";
import type { OverlapPolicy, ScheduleSpec } from "../../sdk/schedule.ts";
import { timeMs } from "../../sdk/time.ts";
import { checkAttributes, checkAttributesSize } from "../attributes.ts";
import { encode } from "../codec.ts";
import { checkCron } from "./times.ts";

/** All times are epoch ms, durations ms. */
export interface Plan {
  readonly id: string;
  readonly workflow: string;
  readonly input?: unknown;
  readonly attributes?: Attributes;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly every?: number;
  readonly at?: number;
  readonly overlap: OverlapPolicy;
  readonly catchUp: number;
  readonly jitter: number;
  readonly from?: number;
  readonly until?: number;
  readonly limit?: number;
}

const OPTIONS = [
  "id",
  "workflow",
  "input",
  "attributes",
  "cron",
  "timeZone",
  "every",
  "at",
  "overlap",
  "catchUp",
  "jitter",
  "from",
  "until",
  "limit",
];
const POLICIES: readonly unknown[] = ["skip", "buffer-one", "allow", "cancel-other"];
/** The attributes that each run of a schedule has. */
const OWN_ATTRIBUTES = ["schedule", "scheduledFor"];

/** @throws E_BAD_OPTION, E_BAD_NAME, E_NOT_SERIALIZABLE, E_TOO_LARGE */
export function planOf(spec: ScheduleSpec): Plan {
  checkKeys("A schedule", spec, OPTIONS);
  const { id, workflow, overlap = "skip", limit } = spec;
  checkScheduleId(id);
  checkName("workflow", workflow);
  checkOverlap("overlap of the schedule", overlap);
  checkLimit(limit);
  const plan: Plan = {
    id,
    workflow,
    ...("input" in spec ? { input: spec.input } : {}),
    ...attributesOf(spec),
    ...timesOf(spec),
    overlap,
    catchUp: catchUpOf(spec.catchUp),
    jitter: spec.jitter === undefined ? 0 : durationMs(spec.jitter, "jitter of the schedule"),
    ...(limit === undefined ? {} : { limit }),
  };
  // As deep as it will lie in the state of its run.
  const sizeBytes = Buffer.byteLength(encode({ plan }).text);
  if (sizeBytes > MAX_SCHEDULE_BYTES) {
    const what = `Schedule "${id}" is ${sizeBytes} bytes as text with its input, the most is ${MAX_SCHEDULE_BYTES}.`;
    throw new PerdureError("E_TOO_LARGE", what);
  }
  return plan;
}

/** @throws E_BAD_OPTION */
export function checkScheduleId(id: unknown): asserts id is string {
  const isId = typeof id === "string" && /^[\w.:-]+$/.test(id) && !/^\.{1,2}$/.test(id);
  if (isId && id.length <= MAX_SCHEDULE_ID_CHARS) return;
  throw bad(
    `id of the schedule is ${shown(id)}; it must be 1 to ${MAX_SCHEDULE_ID_CHARS} letters, digits, '_', '.', ':' or '-'`,
  );
}

/** @throws E_BAD_OPTION */
export function checkOverlap(what: string, overlap: unknown): asserts overlap is OverlapPolicy {
  if (POLICIES.includes(overlap)) return;
  throw bad(`${what} is ${shown(overlap)}; it must be "skip", "buffer-one", "allow" or "cancel-other"`);
}

type When = Pick<Plan, "cron" | "timeZone" | "every" | "at" | "from" | "until">;

function timesOf(spec: ScheduleSpec): When {
  const { cron, timeZone, every, at } = spec;
  const given = Object.entries({ cron, every, at }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(" and ") || "none of them";
    throw bad(`A schedule has exactly one of cron, every and at; this one has ${names}`);
  }
  if (timeZone !== undefined && cron === undefined)
    throw bad(`timeZone of the schedule is ${shown(timeZone)}; it belongs to cron, which is not given`);
  const from = spec.from === undefined ? undefined : timeMs(spec.from, "from of the schedule");
  const until = spec.until === undefined ? undefined : timeMs(spec.until, "until of the schedule");
  if (from !== undefined && until !== undefined && until < from) {
    const times = `until of the schedule is ${isoOf(until)} and from is ${isoOf(from)}`;
    throw bad(`${times}; until must not be before from`);
  }
  const bounds = { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
  if (cron !== undefined) {
    checkCron(cron, timeZone);
    return { cron, timeZone: timeZone ?? "UTC", ...bounds };
  }
  if (every !== undefined) return { every: everyOf(every), ...bounds };
  return { at: timeMs(at, "at of the schedule"), ...bounds };
}

function everyOf(every: Duration): number {
  const ms = durationMs(every, "every of the schedule");
  if (ms >= MIN_SCHEDULE_EVERY_MS) return ms;
  throw bad(`every of the schedule is ${shown(every)}; it must be at least a second`);
}

function catchUpOf(catchUp: Duration = DEFAULT_CATCH_UP_MS): number {
  const ms = durationMs(catchUp, "catchUp of the schedule");
  if (ms >= MIN_CATCH_UP_MS) return ms;
  throw bad(`catchUp of the schedule is ${shown(catchUp)}; it must be at least 10 seconds`);
}

function checkLimit(limit: unknown): void {
  if (limit === undefined || (Number.isSafeInteger(limit) && Number(limit) >= 1)) return;
  throw bad(`limit of the schedule is ${shown(limit)}; it must be a whole number of runs from 1`);
}

function attributesOf({ id, attributes }: ScheduleSpec): Pick<Plan, "attributes"> {
  if (attributes === undefined) return {};
  checkAttributes("attributes of the schedule", attributes, false);
  const taken = OWN_ATTRIBUTES.find((name) => Object.hasOwn(attributes, name));
  if (taken !== undefined)
    throw bad(`attributes of the schedule: "${taken}" is set by the schedule itself; use another name`);
  checkAttributesSize("The attributes of each run", runAttributes({ id, attributes }, 0));
  return { attributes };
}

/** What a run of a schedule is found by. */
export function runAttributes({ id, attributes }: Pick<Plan, "id" | "attributes">, time: number): Attributes {
  return { ...attributes, schedule: id, scheduledFor: isoOf(time) };
}

export function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function bad(what: string): PerdureError {
  return new PerdureError("E_BAD_OPTION", `${what}.`);
}
