import { describe, expect, it } from "vitest";
import { AWS_SETTINGS } from "../../lib/engine/index.ts";
import { readEnvironment, readStepHandlerName } from "../../lib/lambda/environment.ts";

const COMPLETE = {
  PERDURE_TABLE: "runs",
  PERDURE_BUCKET: "blobs",
  PERDURE_ACTIVATION_QUEUE_URL: "https://queue",
  PERDURE_STEP_QUEUES: '{"shipping":"https://steps"}',
  PERDURE_EVENT_BUS: "arn:bus",
  PERDURE_SCHEDULE_GROUP: "timers",
  PERDURE_SCHEDULE_ROLE_ARN: "arn:role",
  PERDURE_SCHEDULE_TARGET_ARN: "arn:queue",
  PERDURE_SCHEDULE_DEAD_LETTER_ARN: "arn:dead",
};

describe("a function's environment", () => {
  it("names the resources, and the engine's own times where it names none", () => {
    expect(readEnvironment(COMPLETE)).toEqual({
      table: "runs",
      bucket: "blobs",
      activationQueueUrl: "https://queue",
      stepQueues: new Map([["shipping", "https://steps"]]),
      eventBus: "arn:bus",
      schedules: { group: "timers", roleArn: "arn:role", targetArn: "arn:queue", deadLetterArn: "arn:dead" },
      settings: AWS_SETTINGS,
    });
  });

  it.each(Object.keys(COMPLETE).filter((name) => name !== "PERDURE_STEP_QUEUES"))(
    "is refused without %s, which the error names",
    (name) => {
      for (const value of [undefined, ""]) {
        expect(() => readEnvironment({ ...COMPLETE, [name]: value })).toThrow(name);
      }
    },
  );

  it("needs no step handlers", () => {
    const { PERDURE_STEP_QUEUES: _, ...rest } = COMPLETE;
    expect(readEnvironment(rest).stepQueues.size).toBe(0);
  });

  it.each(["", "shipping", "[]", "null", '{"shipping":1}'])("is refused with the step queues %j", (text) => {
    expect(() => readEnvironment({ ...COMPLETE, PERDURE_STEP_QUEUES: text })).toThrow("PERDURE_STEP_QUEUES");
  });

  it("sets times, and is refused with one that is no whole number or does not fit the others", () => {
    const read = (variables: object) => readEnvironment({ ...COMPLETE, ...variables }).settings;
    expect(read({ PERDURE_LEASE_MS: "15000" })).toEqual({ ...AWS_SETTINGS, leaseMs: 15_000 });
    for (const text of ["soon", "-1", "1.5", "1e3", ""]) {
      expect(() => read({ PERDURE_LEASE_MS: text })).toThrow("PERDURE_LEASE_MS");
    }
    expect(() => read({ PERDURE_LEASE_MS: "60000" })).toThrow(/leaseMs \(60000\) must be below visibilityMs/);
  });

  it("may say where the API is reached", () => {
    expect(readEnvironment({ ...COMPLETE, PERDURE_PUBLIC_URL: "https://api" }).publicUrl).toBe("https://api");
    expect(readEnvironment(COMPLETE)).not.toHaveProperty("publicUrl");
  });

  it("says which step handler a function is", () => {
    expect(readStepHandlerName({ PERDURE_STEP_HANDLER: "shipping" })).toBe("shipping");
    expect(() => readStepHandlerName({})).toThrow("PERDURE_STEP_HANDLER");
  });
});
