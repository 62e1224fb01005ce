// How a lease is taken: claim (W2), and why it is refused.
import { expect } from "vitest";
import { aRun, aRunId, aSuspension, FAR_FUTURE_SECONDS, MINUTE_MS, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import { aClaim, claimed, mustGet } from "./store-steps.ts";
import type { Behaviour } from "./suite.ts";

export function describeStoreClaims(behaviour: Behaviour<StoreSubject>): void {
  describeClaim(behaviour);
  describeClaimRaces(behaviour);
  describeRefusedClaim(behaviour);
  describeUntimelyClaim(behaviour);
}

function describeClaim(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "a claim takes the lease, raises fence and fails, and answers with the run after it",
    async ({ store }) => {
      const { run } = await store.runs.create(aRun());
      const answer = await store.runs.claim(aClaim(run.runId));
      const expected = {
        ...run,
        status: "running",
        fence: 1,
        fails: 1,
        leaseOwner: "worker-1",
        leaseUntil: NOW + MINUTE_MS,
      };
      expect(answer).toEqual({ ok: true, run: expected });
      expect(await store.runs.get(run.runId)).toEqual(expected);
    },
  );

  behaviour("a claim with a number ahead of wake raises wake to it (W2)", async ({ store }) => {
    const { run } = await store.runs.create(aRun());
    const answer = await store.runs.claim(aClaim(run.runId, { n: 4 }));
    expect(answer).toMatchObject({
      ok: true,
      run: { wake: 4, handled: 0, fence: 1, fails: 1, status: "running" },
    });
    expect((await mustGet(store, run.runId)).wake).toBe(4);
  });

  behaviour("a claim with a number behind wake leaves wake alone", async ({ store }) => {
    const { run } = await store.runs.create(aRun({ wake: 5, handled: 2 }));
    expect(await store.runs.claim(aClaim(run.runId, { n: 3 }))).toMatchObject({
      ok: true,
      run: { wake: 5, handled: 2 },
    });
  });
}

function describeClaimRaces(behaviour: Behaviour<StoreSubject>): void {
  behaviour("of many claims at once exactly one wins, and the others see its lease", async ({ store }) => {
    for (const n of [1, 3]) {
      const { run } = await store.runs.create(aRun());
      const owners = ["worker-1", "worker-2", "worker-3", "worker-4"];
      const answers = await Promise.all(
        owners.map((owner) => store.runs.claim(aClaim(run.runId, { owner, n }))),
      );
      const winners = answers.flatMap((answer) => (answer.ok ? [answer.run.leaseOwner] : []));
      expect(winners).toHaveLength(1);
      const losers = answers.filter((answer) => !answer.ok);
      for (const loser of losers) {
        expect(loser).toMatchObject({
          reason: "leased",
          run: { leaseOwner: winners[0], fence: 1, fails: 1 },
        });
      }
      expect(await mustGet(store, run.runId)).toMatchObject({
        fence: 1,
        fails: 1,
        wake: n,
        leaseOwner: winners[0],
      });
    }
  });

  behaviour("claims and raises at once lose neither", async ({ store }) => {
    const { run } = await store.runs.create(aRun());
    const { runId } = run;
    const raise = () => store.runs.raise({ runId, sweepAt: NOW + 10 * MINUTE_MS });
    const [, answer] = await Promise.all([raise(), store.runs.claim(aClaim(runId)), raise()]);
    expect(answer.ok).toBe(true);
    expect(await mustGet(store, runId)).toMatchObject({ wake: 3, fence: 1, leaseOwner: "worker-1" });
  });

  behaviour("a lease that is over is taken over under a higher fence", async ({ store }) => {
    const run = await claimed(store);
    const takeover = aClaim(run.runId, {
      owner: "worker-2",
      now: run.leaseUntil ?? 0,
      leaseUntil: NOW + 5 * MINUTE_MS,
    });
    expect(await store.runs.claim(takeover)).toMatchObject({
      ok: true,
      run: { fence: 2, fails: 2, leaseOwner: "worker-2", leaseUntil: NOW + 5 * MINUTE_MS },
    });
  });

  behaviour("a claim keeps what the last suspension wrote: waits, timer, next wake-up", async ({ store }) => {
    const written = {
      nextWakeAt: NOW + 1,
      checkAt: NOW + 2,
      timer: { name: "t", fireAt: NOW + 3 },
      waits: [{ kind: "sleep", id: "nap", until: NOW + 1 }],
    } as const;
    const { run } = await store.runs.create(aRun(written));
    expect(await store.runs.claim(aClaim(run.runId))).toMatchObject({ ok: true, run: written });
  });
}

function describeRefusedClaim(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a claim of an absent run is refused and creates nothing", async ({ store }) => {
    const runId = aRunId();
    expect(await store.runs.claim(aClaim(runId))).toEqual({ ok: false, reason: "absent" });
    expect(await store.runs.get(runId)).toBeUndefined();
  });

  behaviour("a claim of a closed run is refused with the run as it stands (C1)", async ({ store }) => {
    const { runId, fence } = await claimed(store);
    const ending = {
      runId,
      fence,
      status: "cancelled",
      closedAt: NOW,
      lastSeq: 1,
      expiresAt: FAR_FUTURE_SECONDS,
    } as const;
    await store.runs.close(ending);
    const run = await mustGet(store, runId);
    for (const n of [1, 9]) {
      expect(await store.runs.claim(aClaim(runId, { n }))).toEqual({ ok: false, reason: "closed", run });
    }
    expect(await store.runs.get(runId)).toEqual(run);
  });

  behaviour("a claim of a stalled run is refused with the run as it stands", async ({ store }) => {
    const { runId, fence } = await claimed(store);
    const reason = { code: "E_POISON", message: "dies", at: NOW };
    await store.runs.stall({ runId, fence, by: "owner", now: NOW, reason, sweepAt: NOW + 10 * MINUTE_MS });
    const run = await mustGet(store, runId);
    for (const n of [1, 9]) {
      expect(await store.runs.claim(aClaim(runId, { n }))).toEqual({ ok: false, reason: "stalled", run });
    }
    expect(await store.runs.get(runId)).toEqual(run);
  });
}

function describeUntimelyClaim(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "a claim with a number that was handled is refused with the run as it stands",
    async ({ store }) => {
      const { run } = await store.runs.create(aRun({ wake: 3, handled: 3, status: "suspended" }));
      for (const n of [1, 3]) {
        expect(await store.runs.claim(aClaim(run.runId, { n }))).toEqual({
          ok: false,
          reason: "handled",
          run,
        });
      }
      expect((await store.runs.claim(aClaim(run.runId, { n: 4 }))).ok).toBe(true);
    },
  );

  behaviour("a claim under a live lease is refused with the run as it stands (W2)", async ({ store }) => {
    const run = await claimed(store);
    for (const n of [1, 9]) {
      const late = aClaim(run.runId, { n, owner: "worker-2", now: (run.leaseUntil ?? 0) - 1 });
      expect(await store.runs.claim(late)).toEqual({ ok: false, reason: "leased", run });
    }
    expect(await store.runs.get(run.runId)).toEqual(run);
  });

  behaviour(
    "a handled number under a live lease is refused as handled: its message can go",
    async ({ store }) => {
      const run = await claimed(store, aRun({ wake: 1, handled: 0 }));
      await store.runs.suspend(aSuspension(run, { wake: 2 }));
      await store.runs.claim(aClaim(run.runId, { n: 2, owner: "worker-2" }));
      const late = await store.runs.claim(aClaim(run.runId, { n: 1, owner: "worker-3" }));
      expect(late).toMatchObject({ ok: false, reason: "handled" });
    },
  );
}
