// What is done to a run from outside, whatever its state: an operator holds it and lets it go, or it is ended at once.
import { expect } from "vitest";
import { aRunId, aSuspension, MINUTE_MS, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import { aClaim, claimed, closed, ending, mustGet, SWEEP_AT, stall } from "./store-steps.ts";
import type { Behaviour } from "./suite.ts";

const LATER = NOW + 9 * MINUTE_MS;

export function describeStoreHolding(behaviour: Behaviour<StoreSubject>): void {
  describePause(behaviour);
  describeLeavingPaused(behaviour);
  describeResume(behaviour);
  describeSeize(behaviour);
}

function describePause(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a run that nobody holds is paused at once, with one more cause", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.suspend(aSuspension(run));
    const before = await mustGet(store, run.runId);
    const paused = await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(paused).toEqual({
      ...before,
      status: "paused",
      paused: true,
      wake: before.wake + 1,
      sweepAt: SWEEP_AT,
    });
    expect(await store.runs.get(run.runId)).toEqual(paused);
    const claim = aClaim(run.runId, { n: before.wake + 1, now: LATER, leaseUntil: 2 * LATER });
    expect(await store.runs.claim(claim)).toEqual({ ok: false, reason: "paused", run: paused });
    expect(await store.runs.get(run.runId)).toEqual(paused);
  });

  behaviour("pausing again changes nothing", async ({ store }) => {
    const run = await claimed(store);
    const paused = await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT })).toEqual(paused);
    expect(await store.runs.get(run.runId)).toEqual(paused);
  });

  behaviour("a run that is stalled, closed or absent is not paused", async ({ store }) => {
    const stalled = await claimed(store);
    await stall(store, stalled, "owner", NOW);
    for (const { runId } of [stalled, await closed(store)]) {
      const before = await mustGet(store, runId);
      expect(await store.runs.pause({ runId, sweepAt: SWEEP_AT })).toBeUndefined();
      expect(await store.runs.get(runId)).toEqual(before);
    }
    const absent = aRunId();
    expect(await store.runs.pause({ runId: absent, sweepAt: SWEEP_AT })).toBeUndefined();
    expect(await store.runs.get(absent)).toBeUndefined();
  });

  behaviour("a run that stalls or closes is no longer paused", async ({ store }) => {
    const [ill, done] = [await claimed(store), await claimed(store)];
    for (const { runId } of [ill, done]) await store.runs.pause({ runId, sweepAt: SWEEP_AT });
    await stall(store, ill, "owner", NOW);
    expect((await mustGet(store, ill.runId)).paused).toBeUndefined();
    const revived = await store.runs.revive({ runId: ill.runId, sweepAt: SWEEP_AT });
    const claim = aClaim(ill.runId, { n: revived?.wake ?? 0, now: LATER, leaseUntil: 2 * LATER });
    expect((await store.runs.claim(claim)).ok).toBe(true);
    expect(await store.runs.close(ending(done))).toEqual({ ok: true });
    expect((await mustGet(store, done.runId)).paused).toBeUndefined();
  });
}

function describeLeavingPaused(behaviour: Behaviour<StoreSubject>): void {
  behaviour("its owner keeps a run that is paused, and cannot leave without noticing", async ({ store }) => {
    const run = await claimed(store);
    const paused = await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(paused).toEqual({ ...run, paused: true, wake: run.wake + 1, sweepAt: SWEEP_AT });
    expect(await store.runs.suspend(aSuspension(run))).toEqual({ ok: false, run: paused });
    expect(await store.runs.suspend(aSuspension(paused ?? run))).toEqual({ ok: true });
    expect(await mustGet(store, run.runId)).toMatchObject({ status: "paused", paused: true, handled: 2 });
    expect((await mustGet(store, run.runId)).leaseUntil).toBeUndefined();
  });

  behaviour("a run that is given back while it is paused shows that somebody holds it", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    await store.runs.abandon(run);
    const after = await mustGet(store, run.runId);
    expect(after).toMatchObject({ status: "paused", paused: true, fails: 0 });
    expect(after.leaseUntil).toBeUndefined();
  });
}

function describeResume(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a run that is resumed can be claimed with a new cause", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.suspend(aSuspension(run));
    await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    const resumed = await store.runs.resume({ runId: run.runId, sweepAt: SWEEP_AT + MINUTE_MS });
    expect(resumed).toMatchObject({ status: "pending", wake: run.wake + 2, sweepAt: SWEEP_AT + MINUTE_MS });
    expect(resumed?.paused).toBeUndefined();
    expect(await store.runs.get(run.runId)).toEqual(resumed);
    const claim = aClaim(run.runId, { n: run.wake + 2, now: LATER, leaseUntil: 2 * LATER });
    expect((await store.runs.claim(claim)).ok).toBe(true);
  });

  behaviour("a run that is resumed before its owner has left stays its owner's", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    const resumed = await store.runs.resume({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(resumed).toEqual({ ...run, wake: run.wake + 2, sweepAt: SWEEP_AT });
    expect(await store.runs.get(run.runId)).toEqual(resumed);
  });

  behaviour("resume answers nothing for a run that is not paused", async ({ store }) => {
    const stalled = await claimed(store);
    await stall(store, stalled, "owner", NOW);
    for (const { runId } of [await claimed(store), stalled, await closed(store)]) {
      const before = await mustGet(store, runId);
      expect(await store.runs.resume({ runId, sweepAt: SWEEP_AT })).toBeUndefined();
      expect(await store.runs.get(runId)).toEqual(before);
    }
    expect(await store.runs.resume({ runId: aRunId(), sweepAt: SWEEP_AT })).toBeUndefined();
  });

  behaviour("of many who resume a run at once exactly one does", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.pause({ runId: run.runId, sweepAt: SWEEP_AT });
    const tries = Array.from({ length: 5 }, () => store.runs.resume({ runId: run.runId, sweepAt: SWEEP_AT }));
    expect((await Promise.all(tries)).filter((answer) => answer !== undefined)).toHaveLength(1);
  });
}

function describeSeize(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a run is seized from its owner, who can do nothing to it any more", async ({ store }) => {
    const run = await claimed(store);
    const { runId } = run;
    const seized = await store.runs.seize({ runId, owner: "terminator", leaseUntil: LATER });
    expect(seized).toEqual({ ...run, fence: run.fence + 1, leaseOwner: "terminator", leaseUntil: LATER });
    expect(await store.runs.renew({ runId, fence: run.fence, leaseUntil: 2 * LATER })).toBeUndefined();
    expect((await store.runs.suspend(aSuspension(run))).ok).toBe(false);
    expect(await store.runs.close(ending(run))).toEqual({ ok: false });
    expect(await store.runs.get(runId)).toEqual(seized);
    expect(await store.runs.close(ending(seized ?? run))).toEqual({ ok: true });
  });

  behaviour("a run that is stalled, paused or at rest can be seized as well", async ({ store }) => {
    const [stalled, paused, atRest] = [await claimed(store), await claimed(store), await claimed(store)];
    await stall(store, stalled, "owner", NOW);
    await store.runs.pause({ runId: paused.runId, sweepAt: SWEEP_AT });
    await store.runs.suspend(aSuspension(atRest));
    for (const { runId, fence } of [stalled, paused, atRest]) {
      const seized = await store.runs.seize({ runId, owner: "terminator", leaseUntil: LATER });
      expect(seized).toMatchObject({ status: "running", fence: fence + 1, leaseOwner: "terminator" });
      expect(seized?.paused).toBeUndefined();
      expect(seized?.stalled).toBeUndefined();
      expect(await store.runs.get(runId)).toEqual(seized);
    }
  });

  behaviour("a closed or absent run is not seized (C1)", async ({ store }) => {
    const run = await closed(store);
    for (const runId of [run.runId, aRunId()])
      expect(await store.runs.seize({ runId, owner: "terminator", leaseUntil: LATER })).toBeUndefined();
    expect(await store.runs.get(run.runId)).toEqual(run);
  });
}
