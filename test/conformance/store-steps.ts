// Steps that several store suites take before they come to their point.
import { expect } from "vitest";
import type { Run } from "../../lib/ports/run.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aRun, MINUTE_MS, NOW } from "./samples.ts";

export async function mustGet(store: Store, runId: string): Promise<Run> {
  const run = await store.runs.get(runId);
  if (run === undefined) throw new Error(`run ${runId} is not in the store`);
  return run;
}

/** The claim of owner `worker-1` with cause 1, at NOW, for a minute. */
export function aClaim(
  runId: string,
  overrides: { n?: number; owner?: string; now?: number; leaseUntil?: number } = {},
) {
  return { runId, n: 1, owner: "worker-1", now: NOW, leaseUntil: NOW + MINUTE_MS, ...overrides };
}

/** A run in the store under a lease of `worker-1` that lasts a minute from NOW. */
export async function claimed(store: Store, run: Run = aRun()): Promise<Run> {
  await store.runs.create(run);
  const answer = await store.runs.claim(aClaim(run.runId));
  expect(answer.ok).toBe(true);
  return await mustGet(store, run.runId);
}
