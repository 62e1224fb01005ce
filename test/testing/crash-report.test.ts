// The report tells a broken promise from a kept one. The engine never breaks it, so the runs are made up here.
import { describe, expect, it } from "vitest";
import { crashReport } from "../../lib/testing/crash-report.ts";
import type { CrashRun } from "../../lib/testing/crash-run.ts";

const body = { runId: "run_1", step: "charge", idempotencyKey: "run_1/charge", attempt: 1, readsKey: true };
const calm: CrashRun = {
  crashes: [],
  ended: { status: "succeeded", result: 1 },
  observation: undefined,
  bodies: [{ ...body, wasRecorded: false }],
  calls: ["runs.claim", "journal.append"],
};
const point = { call: 2, name: "journal.append", when: "after" } as const;

describe("a crash report", () => {
  it("calls a body that ran although its outcome was recorded a violation, and is not ok", () => {
    const bodies = [...calm.bodies, { ...body, wasRecorded: true }];
    const report = crashReport("order", calm, [{ ...calm, crashes: [point], bodies }]);
    expect(report).toMatchObject({
      ok: false,
      crashPoints: 4,
      violations: [{ crashes: [point], step: "charge", idempotencyKey: "run_1/charge" }],
      steps: [{ step: "charge", repeatedAt: [] }],
    });
    expect(report.text).toContain(
      'step "charge" ran again although its outcome was recorded, with a crash after call 2 (journal.append).',
    );
  });

  it("calls a body that ran again before its outcome was recorded a repetition, and is ok", () => {
    const report = crashReport("order", calm, [
      { ...calm, crashes: [point], bodies: [...calm.bodies, ...calm.bodies] },
    ]);
    expect(report).toMatchObject({
      ok: true,
      violations: [],
      steps: [{ step: "charge", mostRuns: 2, repeatedAt: [[point]] }],
    });
  });

  it("tells the first differences of a kind, how many more there are, and cuts long values", () => {
    const crashed = Array.from({ length: 8 }, () => ({
      ...calm,
      crashes: [point],
      ended: { status: "failed", result: "x".repeat(1_000) } as const,
    }));
    const { text, changed } = crashReport("order", calm, crashed);
    expect(changed.length).toBe(8);
    expect(text.match(/another result/g)).toHaveLength(5);
    expect(text).toContain("… and 3 more of that kind.");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(600);
  });
});
