// How a lease is kept and given back: renew, abandon, suspend (W1).
import { expect } from "vitest";
import { aRun, aRunId, aSuspension, FAR_FUTURE_SECONDS, MINUTE_MS, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import { aClaim, claimed, mustGet } from "./store-steps.ts";
import type { Behaviour } from "./suite.ts";

export function describeStoreLeases(behaviour: Behaviour<StoreSubject>): void {
  describeRenew(behaviour);
  describeAbandon(behaviour);
  describeSuspend(behaviour);
  describeRefusedSuspend(behaviour);
  describeSuspendOfAnothersRun(behaviour);
}

function describeRenew(behaviour: Behaviour<StoreSubject>): void {
  const later = NOW + 9 * MINUTE_MS;

  behaviour(
    "its owner extends a lease and gets the run, causes that came in meanwhile included",
    async ({ store }) => {
      const run = await claimed(store);
      await store.runs.raise({ runId: run.runId, sweepAt: NOW + 20 * MINUTE_MS });
      const renewed = await store.runs.renew({ runId: run.runId, fence: run.fence, leaseUntil: later });
      expect(renewed).toEqual({
        ...run,
        wake: run.wake + 1,
        sweepAt: NOW + 20 * MINUTE_MS,
        leaseUntil: later,
      });
      expect(await store.runs.get(run.runId)).toEqual(renewed);
    },
  );

  behaviour("a lease cannot be extended once somebody else holds it", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.claim(
      aClaim(run.runId, { owner: "worker-2", now: later, leaseUntil: later + MINUTE_MS }),
    );
    const taken = await mustGet(store, run.runId);
    expect(
      await store.runs.renew({ runId: run.runId, fence: run.fence, leaseUntil: later * 2 }),
    ).toBeUndefined();
    expect(await store.runs.get(run.runId)).toEqual(taken);
  });

  behaviour("a lease that was given back, by any way, cannot be extended back to life", async ({ store }) => {
    const reason = { code: "E_POISON", message: "dies", at: NOW };
    const sweepAt = NOW + 10 * MINUTE_MS;
    const ways = [
      (run: { runId: string; fence: number }) => store.runs.abandon(run),
      async (run: { runId: string }) =>
        await store.runs.suspend(aSuspension(await mustGet(store, run.runId))),
      (run: { runId: string; fence: number }) =>
        store.runs.stall({ ...run, by: "owner", now: NOW, reason, sweepAt }),
      (run: { runId: string; fence: number }) =>
        store.runs.close({
          ...run,
          status: "failed",
          closedAt: NOW,
          lastSeq: 1,
          expiresAt: FAR_FUTURE_SECONDS,
        }),
    ];
    for (const giveBack of ways) {
      const { runId, fence } = await claimed(store);
      await giveBack({ runId, fence });
      const after = await mustGet(store, runId);
      expect(await store.runs.renew({ runId, fence, leaseUntil: later })).toBeUndefined();
      expect(await store.runs.get(runId)).toEqual(after);
    }
    expect(await store.runs.renew({ runId: aRunId(), fence: 0, leaseUntil: later })).toBeUndefined();
  });
}

function describeAbandon(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "an abandoned run can be claimed at once with the same number, and does not count as failed",
    async ({ store }) => {
      const run = await claimed(store);
      await store.runs.abandon({ runId: run.runId, fence: run.fence });
      const after = await mustGet(store, run.runId);
      expect(after).toMatchObject({ fence: 1, fails: 0, wake: 1, handled: 0 });
      expect(after.leaseOwner).toBeUndefined();
      expect(after.leaseUntil).toBeUndefined();
      expect(await store.runs.claim(aClaim(run.runId, { owner: "worker-2" }))).toMatchObject({
        ok: true,
        run: { fence: 2, fails: 1 },
      });
    },
  );

  behaviour("abandoning with a stale fencing token, or twice, does nothing", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.abandon({ runId: run.runId, fence: run.fence - 1 });
    expect(await store.runs.get(run.runId)).toEqual(run);
    await store.runs.abandon({ runId: run.runId, fence: run.fence });
    const after = await mustGet(store, run.runId);
    await store.runs.abandon({ runId: run.runId, fence: run.fence });
    expect(await store.runs.get(run.runId)).toEqual(after);
    const absent = aRunId();
    await store.runs.abandon({ runId: absent, fence: 1 });
    expect(await store.runs.get(absent)).toBeUndefined();
  });
}

function describeSuspend(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "a suspended run has no lease, its causes are handled, its record is clean",
    async ({ store }) => {
      const run = await claimed(store);
      const suspension = aSuspension(run, {
        nextWakeAt: NOW + 7,
        checkAt: NOW + 8,
        timer: { name: "t-2", fireAt: NOW + 9 },
        waits: [{ kind: "step-handler", id: "render" }],
        lastSeq: 3,
      });
      expect(await store.runs.suspend(suspension)).toEqual({ ok: true });
      const { leaseOwner: _owner, leaseUntil: _until, ...free } = run;
      expect(await store.runs.get(run.runId)).toEqual({
        ...free,
        status: "suspended",
        handled: 1,
        wake: 1,
        fails: 0,
        nextWakeAt: NOW + 7,
        checkAt: NOW + 8,
        timer: { name: "t-2", fireAt: NOW + 9 },
        waits: [{ kind: "step-handler", id: "render" }],
        lastSeq: 3,
        sweepAt: suspension.sweepAt,
      });
    },
  );

  behaviour(
    "a suspension without timer, next wake-up and check clears those of the one before",
    async ({ store }) => {
      const before = aRun({
        nextWakeAt: NOW,
        checkAt: NOW,
        timer: { name: "t", fireAt: NOW },
        waits: [{ kind: "sleep", id: "nap" }],
      });
      const run = await claimed(store, before);
      await store.runs.suspend(aSuspension(run));
      const after = await mustGet(store, run.runId);
      for (const gone of ["nextWakeAt", "checkAt", "timer"] as const)
        expect(after[gone], gone).toBeUndefined();
      expect(after.waits).toEqual([]);
    },
  );

  behaviour(
    "repeating a suspension is success and changes nothing, also when causes came since",
    async ({ store }) => {
      const run = await claimed(store);
      const suspension = aSuspension(run, { wake: run.wake + 1 });
      await store.runs.suspend(suspension);
      const raised = await store.runs.raise({ runId: run.runId, sweepAt: NOW + 10 * MINUTE_MS });
      expect(await store.runs.suspend(suspension)).toEqual({ ok: true });
      expect(await store.runs.get(run.runId)).toEqual(raised);
    },
  );

  behaviour("a hand-off leaves one cause open, and its message can claim", async ({ store }) => {
    const run = await claimed(store);
    expect(await store.runs.suspend(aSuspension(run, { wake: run.wake + 1, status: "pending" }))).toEqual({
      ok: true,
    });
    expect(await mustGet(store, run.runId)).toMatchObject({ status: "pending", wake: 2, handled: 1 });
    expect((await store.runs.claim(aClaim(run.runId, { n: 1, owner: "worker-2" }))).ok).toBe(false);
    expect((await store.runs.claim(aClaim(run.runId, { n: 2, owner: "worker-2" }))).ok).toBe(true);
  });
}

function describeRefusedSuspend(behaviour: Behaviour<StoreSubject>): void {
  behaviour("suspend is refused when wake moved after the inbox was read (W1)", async ({ store }) => {
    const run = await claimed(store);
    const raised = await store.runs.raise({ runId: run.runId, sweepAt: NOW + 10 * MINUTE_MS });
    expect(await store.runs.suspend(aSuspension(run))).toEqual({ ok: false, run: raised });
    expect(await store.runs.suspend(aSuspension(run, { wake: run.wake + 2 }))).toEqual({
      ok: false,
      run: raised,
    });
    expect(await store.runs.get(run.runId)).toEqual(raised);
    expect(await store.runs.suspend(aSuspension(run, { seen: 2, wake: 2 }))).toEqual({ ok: true });
  });

  behaviour("between raise and suspend at once no wake-up is lost (W1)", async ({ store }) => {
    for (let round = 0; round < 5; round += 1) {
      const run = await claimed(store);
      const [suspended, raised] = await Promise.all([
        store.runs.suspend(aSuspension(run)),
        store.runs.raise({ runId: run.runId, sweepAt: NOW + 10 * MINUTE_MS }),
      ]);
      // Either the suspension was refused, or the raise came after it and leaves a cause that is not handled.
      const after = await mustGet(store, run.runId);
      expect(raised?.wake).toBe(2);
      expect(after).toMatchObject(
        suspended.ok
          ? { wake: 2, handled: 1, status: "suspended" }
          : { wake: 2, handled: 0, status: "running" },
      );
    }
  });
}

function describeSuspendOfAnothersRun(behaviour: Behaviour<StoreSubject>): void {
  behaviour("suspend is refused when the fence moved", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.claim(
      aClaim(run.runId, { owner: "worker-2", now: NOW + 2 * MINUTE_MS, leaseUntil: NOW + 3 * MINUTE_MS }),
    );
    const taken = await mustGet(store, run.runId);
    expect(await store.runs.suspend(aSuspension(run))).toEqual({ ok: false, run: taken });
    expect(await store.runs.get(run.runId)).toEqual(taken);
  });

  behaviour("suspend does not bring a run back that an onlooker has stalled", async ({ store }) => {
    const run = await claimed(store);
    const { runId, fence } = run;
    const reason = { code: "E_DEAD_LETTER", message: "given up", at: NOW };
    const sweepAt = NOW + 30 * MINUTE_MS;
    await store.runs.stall({ runId, fence, by: "onlooker", now: run.leaseUntil ?? 0, reason, sweepAt });
    const stalled = await mustGet(store, runId);
    expect(await store.runs.suspend(aSuspension(run))).toEqual({ ok: false, run: stalled });
    expect(await store.runs.get(runId)).toEqual(stalled);
  });

  behaviour("suspend is refused when the run is closed or absent", async ({ store }) => {
    const { runId, fence, ...rest } = await claimed(store);
    await store.runs.close({
      runId,
      fence,
      status: "failed",
      closedAt: NOW,
      lastSeq: 1,
      expiresAt: FAR_FUTURE_SECONDS,
    });
    const closed = await mustGet(store, runId);
    expect(await store.runs.suspend(aSuspension({ ...rest, runId, fence }))).toEqual({
      ok: false,
      run: closed,
    });
    expect(await store.runs.get(runId)).toEqual(closed);
    const absent = await store.runs.suspend(aSuspension(aRun()));
    expect(absent.ok).toBe(false);
    expect(!absent.ok && absent.run).toBeUndefined();
  });
}
