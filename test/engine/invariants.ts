// What must hold of everything stored for a closed run, however it came about (docs/design/protocol.md).
import { expect } from "vitest";
import { isTerminal } from "../../lib/ports/journal.ts";
import { isClosed } from "../../lib/ports/run.ts";
import type { Lab } from "./lab.ts";

export async function checkInvariants(lab: Lab, runId: string): Promise<void> {
  const run = await lab.run(runId);
  const { checkpoints, facts } = await lab.store.journal.load(runId);
  const entries = checkpoints.flatMap((checkpoint) => checkpoint.entries);

  // J1: no gap, no overlap, and fences never fall.
  let next = 1;
  let fence = 0;
  for (const checkpoint of checkpoints) {
    expect(checkpoint.first, "J1: the next slot").toBe(next);
    expect(checkpoint.fence, "J1: fences never fall").toBeGreaterThanOrEqual(fence);
    next += checkpoint.entries.length;
    fence = checkpoint.fence;
  }
  // C1: one terminal entry, the last.
  expect(entries.findIndex(isTerminal), "C1: the terminal entry is the last").toBe(entries.length - 1);
  expect(isClosed(run.status), "J4: META follows the journal").toBe(true);
  expect(run.lastSeq, "J4: META knows the last position").toBe(entries.length);
  // W4: out of the sweep index, no lease, nothing armed.
  expect(run.sweepAt, "W4: closed runs are out of the sweep index").toBeUndefined();
  expect(run.leaseUntil, "no lease is left").toBeUndefined();
  expect(lab.timers.nextFireAt(), "no timer is left").toBeUndefined();
  // A step has one outcome, a signal is consumed once.
  const outcomes = entries.flatMap((entry) =>
    entry.type === "step.succeeded" || entry.type === "step.failed" ? [entry.id] : [],
  );
  expect(new Set(outcomes).size, "a step has one outcome").toBe(outcomes.length);
  const consumed = entries.flatMap((entry) => (entry.type === "signal.received" ? [entry.fact] : []));
  expect(new Set(consumed).size, "a signal is delivered once").toBe(consumed.length);
  for (const key of consumed) expect(facts.some((fact) => fact.key === key)).toBe(true);
  // T1: nothing fired early.
  const due = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type === "sleep.started") due.set(entry.id, entry.wakeAt);
    if (entry.type === "sleep.finished")
      expect(entry.at, "T1").toBeGreaterThanOrEqual(due.get(entry.id) ?? Number.POSITIVE_INFINITY);
  }
}
