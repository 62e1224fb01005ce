// What a schedule is told: by people, and by runs that it started when they end. All under one signal, so that it is taken in
// the order in which it came.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CLOSED_STATUSES, type ClosedStatus } from "../../ports/run.ts";
import type { OverlapPolicy } from "../../sdk/schedule.ts";
import { checkOverlap, type Plan, planOf } from "./plan.ts";

/** Name of the signal. */
export const SCHEDULE_SIGNAL = "schedule";

export type ScheduleEvent =
  | { readonly type: "closed"; readonly runId: string; readonly status: ClosedStatus }
  | { readonly type: "pause"; readonly reason?: string }
  | { readonly type: "resume" }
  | { readonly type: "update"; readonly plan: Plan }
  | { readonly type: "trigger"; readonly overlap?: OverlapPolicy }
  | {
      readonly type: "backfill";
      /** Epoch ms, both included. */
      readonly from: number;
      readonly to: number;
      readonly overlap?: "wait" | "allow";
    };

/** A schema whose reader throws a sentence, or gives what was meant. */
export function schemaOf<Value>(read: (value: unknown) => Value): StandardSchemaV1<Value, Value> {
  return {
    "~standard": {
      version: 1,
      vendor: "perdure",
      validate: (value) => {
        try {
          return { value: read(value) };
        } catch (error) {
          return { issues: [{ message: error instanceof Error ? error.message : String(error) }] };
        }
      },
    },
  };
}

/** What is no event never gets to the schedule. */
export const EventSchema: StandardSchemaV1<ScheduleEvent, ScheduleEvent> = schemaOf(readEvent);

function readEvent(value: unknown): ScheduleEvent {
  const { type, runId, status, reason, plan, from, to, overlap } = recordOf(value);
  const isFine =
    type === "closed"
      ? typeof runId === "string" && CLOSED_STATUSES.includes(status as ClosedStatus)
      : type === "pause"
        ? reason === undefined || typeof reason === "string"
        : type === "backfill"
          ? Number.isSafeInteger(from) && Number.isSafeInteger(to) && isBackfillOverlap(overlap)
          : type === "resume" || type === "update" || type === "trigger";
  if (!isFine) throw new Error("is not something that a schedule is told");
  if (type === "update") return { type, plan: planOf(plan as Plan) };
  if (type === "trigger" && overlap !== undefined) checkOverlap("overlap", overlap);
  return value as ScheduleEvent;
}

export function isBackfillOverlap(overlap: unknown): boolean {
  return overlap === undefined || overlap === "wait" || overlap === "allow";
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
