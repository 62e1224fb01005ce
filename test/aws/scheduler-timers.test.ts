// What is asked of Scheduler. How it then behaves is tested on an emulator that fires schedules (suites.ts).
import { randomUUID } from "node:crypto";
import {
  ConflictException,
  type CreateScheduleCommandInput,
  ResourceNotFoundException,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { expect, test } from "vitest";
import { createSchedulerTimers, scheduleName } from "../../lib/aws/scheduler-timers.ts";
import { emulatorAccess } from "./suites.ts";

const FIRE_AT = Date.parse("2099-01-31T23:59:58.001Z");

test("a timer becomes a one-time schedule in UTC that deletes itself, rounded up to the second (T1)", async () => {
  const { timers, requests } = subject();
  await timers.arm({ name: "timer-1", fireAt: FIRE_AT, message: '{"kind":"timer"}' });
  await timers.arm({ name: "timer-1", fireAt: FIRE_AT - 1, message: '{"kind":"timer"}' });
  expect(requests).toEqual([
    {
      Name: "timer-1",
      GroupName: "perdure",
      ScheduleExpression: "at(2099-01-31T23:59:59)",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
      Target: {
        Arn: "arn:queue",
        RoleArn: "arn:role",
        Input: '{"kind":"timer"}',
        DeadLetterConfig: { Arn: "arn:dead" },
      },
    },
    expect.objectContaining({ ScheduleExpression: "at(2099-01-31T23:59:58)" }),
  ]);
});

test("a time that has passed, which Scheduler refuses, becomes one that is near", async () => {
  const { timers, requests } = subject();
  const before = Date.now();
  await timers.arm({ name: "late", fireAt: before - 60_000, message: "" });
  const at = /^at\((.*)\)$/.exec(requests[0]?.ScheduleExpression ?? "")?.[1];
  const fireAt = Date.parse(`${at}Z`);
  expect(fireAt).toBeGreaterThan(before);
  expect(fireAt).toBeLessThan(before + 10_000);
});

test("a timer that is armed already, and one that is gone, are success; other refusals are not", async () => {
  const common = { message: "no", $metadata: {} };
  const timer = { name: "timer-1", fireAt: FIRE_AT, message: "" };
  const armed = subject(new ConflictException({ ...common, Message: "exists" }));
  await armed.timers.arm(timer);
  await expect(armed.timers.disarm("timer-1")).rejects.toThrow(ConflictException);
  const gone = subject(new ResourceNotFoundException({ ...common, Message: "no such schedule" }));
  await gone.timers.disarm("timer-1");
  await expect(gone.timers.arm(timer)).rejects.toThrow(ResourceNotFoundException);
});

test("a schedule is named as its timer where Scheduler allows it, and otherwise by a name that fits and stays unique", () => {
  expect(scheduleName("run_01K.timer-1")).toBe("run_01K.timer-1");
  const odd = ["order/sleep#2", "order/sleep#3", "x".repeat(65), randomUUID().repeat(4), "Größe", ""];
  for (const name of odd) {
    expect(scheduleName(name)).toMatch(/^[0-9a-zA-Z-_.]{1,64}$/);
    expect(scheduleName(name)).toBe(scheduleName(name));
  }
  expect(new Set(odd.map(scheduleName)).size).toBe(odd.length);
});

function subject(refusal?: Error) {
  const client = new SchedulerClient(emulatorAccess);
  const requests: CreateScheduleCommandInput[] = [];
  client.middlewareStack.add(
    () => async (args) => {
      if (refusal !== undefined) throw refusal;
      requests.push(args.input as CreateScheduleCommandInput);
      return { response: {}, output: { $metadata: {} } };
    },
    { step: "initialize", name: "answerAtOnce", priority: "low" },
  );
  const arns = { roleArn: "arn:role", queueArn: "arn:queue", deadLetterArn: "arn:dead" };
  return { timers: createSchedulerTimers({ client, group: "perdure", ...arns }), requests };
}
