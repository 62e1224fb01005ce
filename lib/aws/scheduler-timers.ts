// Timers on EventBridge Scheduler: a one-time schedule that puts a message on the activation queue and deletes itself.
// It fires within a minute after its time; whoever sets a timer allows for that (SCHEDULE_LEAD_MS). Its time has whole
// seconds and is rounded up (T1). A schedule that cannot deliver goes to the dead-letter queue; one that is lost costs
// time, no more: the sweeper wakes the run (W4).
import { createHash } from "node:crypto";
import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  type SchedulerClient,
} from "@aws-sdk/client-scheduler";
import type { Timers } from "../ports/timers.ts";

export interface SchedulerTimersOptions {
  readonly client: SchedulerClient;
  /** Schedule group: parts the timers of this application from all others of the account. */
  readonly group: string;
  /** Role that may send to the queue. */
  readonly roleArn: string;
  readonly queueArn: string;
  readonly deadLetterArn: string;
}

/** Scheduler refuses a time that has passed; a timer that is due fires this much late instead. */
const SHORTEST_LEAD_MS = 5_000;
const VALID_NAME = /^[0-9a-zA-Z-_.]{1,64}$/;

export function createSchedulerTimers(options: SchedulerTimersOptions): Timers {
  const { client, group, roleArn, queueArn, deadLetterArn } = options;
  return {
    async arm({ name, fireAt, message }) {
      const command = new CreateScheduleCommand({
        Name: scheduleName(name),
        GroupName: group,
        ScheduleExpression: `at(${wholeSecond(Math.max(fireAt, Date.now() + SHORTEST_LEAD_MS))})`,
        ScheduleExpressionTimezone: "UTC",
        FlexibleTimeWindow: { Mode: "OFF" },
        ActionAfterCompletion: "DELETE",
        Target: { Arn: queueArn, RoleArn: roleArn, Input: message, DeadLetterConfig: { Arn: deadLetterArn } },
      });
      try {
        await client.send(command);
      } catch (error) {
        // The name says what it wakes and when: it is armed already, by a request whose answer was lost for example.
        if (!(error instanceof ConflictException)) throw error;
      }
    },

    async disarm(name) {
      try {
        await client.send(new DeleteScheduleCommand({ Name: scheduleName(name), GroupName: group }));
      } catch (error) {
        // It has fired and deleted itself, or was disarmed before.
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}

/** The name itself where Scheduler takes it, otherwise what can be read of it and a hash: always the same for the same name. */
export function scheduleName(name: string): string {
  if (VALID_NAME.test(name)) return name;
  const readable = name.replaceAll(/[^0-9a-zA-Z-_.]/g, "-").slice(0, 20);
  return `${readable}-${createHash("sha256").update(name).digest("base64url")}`;
}

/** Epoch ms as Scheduler writes a second of UTC: `2026-01-31T23:59:59`. */
function wholeSecond(ms: number): string {
  return new Date(Math.ceil(ms / 1_000) * 1_000).toISOString().slice(0, "2026-01-31T23:59:59".length);
}
