// Steps that several store suites take before they come to their point.
import { expect } from "vitest";
import type { Run } from "../../lib/ports/run.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aRun, FAR_FUTURE_SECONDS, MINUTE_MS, NOW } from "./samples.ts";

export const REASON = { code: "E_POISON", message: "The process died 5 times.", at: NOW };
export const SWEEP_AT = NOW + 30 * MINUTE_MS;

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

export function ending(run: Run) {
  return {
    runId: run.runId,
    fence: run.fence,
    status: "succeeded",
    closedAt: NOW + 5,
    lastSeq: 7,
    expiresAt: FAR_FUTURE_SECONDS,
  } as const;
}

/** A run in the store that has ended. */
export async function closed(store: Store): Promise<Run> {
  const run = await claimed(store);
  expect(await store.runs.close(ending(run))).toEqual({ ok: true });
  return await mustGet(store, run.runId);
}

export async function stall(store: Store, { runId, fence }: Run, by: "owner" | "onlooker", now: number) {
  return await store.runs.stall({ runId, fence, by, now, reason: REASON, sweepAt: SWEEP_AT });
}
