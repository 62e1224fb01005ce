// The verdict itself: a chaos that finds nothing says something only if it would have found it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { crowdFaults, crowdsOf } from "./crowd.ts";
import { type Execution, readExecution, writeExecution } from "./effects.ts";
import { isExplained } from "./late.ts";
import { STEPS } from "./scenarios.ts";
import { judgeSteps, type Recorded } from "./verdict.ts";

const JOB = { scenario: "sleeps", n: 0 } as const;

const execution = (step: string, name: string, of: Partial<Execution> = {}): Execution => ({
  runId: "r",
  step,
  attempt: 1,
  execution: name,
  process: "a.0",
  holder: 1,
  tookOver: false,
  at: 0,
  ...of,
});
const recorded = (step: string, name: string, attempt = 1): Recorded => ({
  step,
  attempt,
  execution: name,
  isLast: true,
});
const wellRecorded = STEPS.sleeps.map((step) => recorded(step, `${step} 1`));
const wellExecuted = STEPS.sleeps.map((step) => execution(step, `${step} 1`));
const judgeIt = (
  executions: readonly Execution[],
  entries = wellRecorded,
  diedAt = new Map<string, number>(),
) => judgeSteps(entries, JOB, { executions, isExplained: (one, other) => isExplained(one, other, diedAt) });

describe("the verdict on side effects", () => {
  it("finds nothing when each step was recorded as it happened last", () => {
    const repeated = [execution("before", "lost"), ...wellExecuted];
    expect(judgeIt(repeated)).toEqual({ faults: [], repeats: 1, late: 0 });
  });

  it("finds a step that ran once more after it was recorded", () => {
    const { faults } = judgeIt([...wellExecuted, execution("before", "again", { process: "b.0" })]);
    expect(faults).toEqual([expect.stringContaining("step before ran after")]);
  });

  it("finds a step that is recorded and never happened, and one that is not recorded", () => {
    expect(judgeIt(wellExecuted.slice(1)).faults).toEqual([expect.stringContaining("never happened")]);
    expect(judgeIt(wellExecuted, wellRecorded.slice(1)).faults).toEqual([
      expect.stringContaining("are recorded"),
    ]);
  });

  it("finds an earlier attempt that comes after a later one", () => {
    const entries = [recorded("before", "before 2", 2), ...wellRecorded.slice(1)];
    const executions = [
      execution("before", "before 2", { attempt: 2 }),
      execution("before", "late"),
      ...wellExecuted.slice(1),
    ];
    expect(judgeIt(executions, entries).faults).toEqual([
      expect.stringContaining("attempt 1 of step before"),
    ]);
  });
});

describe("runs inside a limiter", () => {
  it("are counted from their first side effect to that of their last step", () => {
    const stays = [0, 3, 6].map((n, i) => ({ n, fromMs: i * 10, toMs: i * 10 + 20 }));
    expect(crowdsOf(stays).get("concurrency/k/line-0")).toBe(2);
    expect(crowdFaults(crowdsOf(stays))).toEqual([]);
  });

  it("are too many when one comes before another has left", () => {
    const stays = [0, 3, 6].map((n) => ({ n, fromMs: n, toMs: 30 }));
    expect(crowdFaults(crowdsOf(stays))).toEqual([
      expect.stringContaining("3 runs were inside concurrency/k/line-0"),
    ]);
  });
});

describe("two owners at the same time", () => {
  const newer = execution("before", "before 1", { process: "b.0", holder: 2, tookOver: true });
  const older = execution("before", "late", { at: 10 });

  it("explain a late side effect of the one who lost its lease while it lived", () => {
    expect(isExplained(newer, older, new Map())).toBe(true);
    expect(isExplained(older, { ...newer, at: 20 }, new Map())).toBe(true);
  });

  it("explain nothing when the older one was dead, or had given the run back", () => {
    expect(isExplained(older, { ...newer, at: 20 }, new Map([["a.0", 15]]))).toBe(false);
    expect(isExplained({ ...newer, tookOver: false }, older, new Map())).toBe(false);
  });

  it("explain what the local server does twice after it has stood still, and nothing long after", () => {
    const local = { process: "a.0", holder: 0, tookOver: false };
    const [first, again] = [
      { ...newer, ...local, at: 5_000 },
      { ...older, ...local, at: 5_020 },
    ];
    expect(isExplained(first, again, new Map(), [{ fromMs: 3_000, toMs: 4_900 }])).toBe(true);
    expect(isExplained(first, { ...again, at: 9_000 }, new Map(), [{ fromMs: 3_000, toMs: 4_900 }])).toBe(
      false,
    );
    expect(
      isExplained(first, { ...again, process: "a.1" }, new Map(), [{ fromMs: 3_000, toMs: 4_900 }]),
    ).toBe(false);
  });

  it("explain nothing under one lease, in one process, or where nobody says who holds what", () => {
    expect(isExplained({ ...newer, holder: 1 }, older, new Map())).toBe(false);
    expect(isExplained({ ...newer, process: "a.0" }, older, new Map())).toBe(false);
    expect(isExplained({ ...newer, holder: 0 }, { ...older, holder: 0 }, new Map())).toBe(false);
  });
});

it("reads a side effect as it was written", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "perdure-effects-"));
  const file = path.join(folder, "effects");
  const written = execution("before", "x", { tookOver: true, holder: 3, at: 5 });
  writeExecution(file, written);
  expect(readExecution(readFileSync(file, "utf8").trimEnd())).toEqual(written);
  rmSync(folder, { recursive: true });
});
