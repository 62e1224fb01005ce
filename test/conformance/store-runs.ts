// RunStore without its leases: create, get, raise, stall, revive, postpone, close.
import { expect } from "vitest";
import { checkAttributes } from "../../lib/engine/attributes.ts";
import type { Run } from "../../lib/ports/run.ts";
import {
  aCheckpoint,
  aPayload,
  aRun,
  aRunId,
  aSuspension,
  FAR_FUTURE_SECONDS,
  MINUTE_MS,
  NOW,
} from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import { claimed, closed, ending, mustGet, REASON, SWEEP_AT, stall } from "./store-steps.ts";
import type { Behaviour } from "./suite.ts";

export function describeStoreRuns(behaviour: Behaviour<StoreSubject>): void {
  describeCreate(behaviour);
  describeCreateAgain(behaviour);
  describeRaise(behaviour);
  describeStall(behaviour);
  describeRevive(behaviour);
  describePostpone(behaviour);
  describeClose(behaviour);
}

function describeCreate(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a created run reads back as it was written", async ({ store }) => {
    const run = aRun({
      deadline: NOW + MINUTE_MS,
      nextWakeAt: NOW + 1,
      checkAt: NOW + 2,
      timer: { name: "t-1", fireAt: NOW + 3 },
      waits: [
        {
          kind: "retry",
          id: "charge",
          until: NOW + 4,
          attempt: 2,
          maxAttempts: 5,
          lastError: "card declined 💳",
        },
        { kind: "signal", id: "approved" },
      ],
    });
    expect(await store.runs.create(run)).toEqual({ created: true, run });
    expect(await store.runs.get(run.runId)).toEqual(run);
  });

  behaviour("a run keeps a compressed, an offloaded, an empty and a Unicode input", async ({ store }) => {
    const inputs: Run["input"][] = [
      { payload: { encoding: "devalue", gzip: new Uint8Array([31, 139, 0, 255, 0]) } },
      { payload: { encoding: "json", gzip: new Uint8Array(0) } },
      { payload: { encoding: "json", blob: "some/key", sizeBytes: 70_000 } },
      { payload: aPayload("") },
      { payload: aPayload('"Grüße, 世界 🦄 \\u0000 \' \\" \n"') },
      { fact: "input" },
    ];
    for (const input of inputs) {
      const run = aRun({ input });
      await store.runs.create(run);
      expect((await mustGet(store, run.runId)).input).toEqual(input);
    }
  });

  behaviour("attributes come back as they were, up to the ends of what may be one", async ({ store }) => {
    const attributes = {
      largest: Number.MAX_SAFE_INTEGER,
      least: -Number.MAX_SAFE_INTEGER,
      finest: 1e-130,
      fraction: 0.1 + 0.2,
      text: "\u{1f4a9}\uffff\u0000",
      none: 0,
    };
    expect(() => checkAttributes("They", attributes, false)).not.toThrow();
    const { run } = await store.runs.create(aRun({ attributes }));
    const entry = { type: "attributes.set", id: "attributes", at: NOW, attributes } as const;
    await store.journal.append(run.runId, aCheckpoint({ first: 1, entries: [entry] }));
    expect((await mustGet(store, run.runId)).attributes).toEqual(attributes);
    expect((await store.journal.load(run.runId)).checkpoints[0]?.entries).toEqual([entry]);
  });

  behaviour("a run that does not exist reads as nothing", async ({ store }) => {
    expect(await store.runs.get(aRunId())).toBeUndefined();
  });
}

function describeCreateAgain(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "creating a run again answers with the run as it stands and changes nothing",
    async ({ store }) => {
      const run = await claimed(store);
      const again = aRun({ runId: run.runId, inputHash: "other", workflow: "other" });
      expect(await store.runs.create(again)).toEqual({ created: false, run });
      expect(await store.runs.get(run.runId)).toEqual(run);
    },
  );

  behaviour("of many who create one run at once exactly one does", async ({ store }) => {
    const runId = aRunId();
    const callers = ["a", "b", "c", "d", "e"];
    const answers = await Promise.all(
      callers.map((inputHash) => store.runs.create(aRun({ runId, inputHash }))),
    );
    expect(answers.filter((answer) => answer.created)).toHaveLength(1);
    const held = await mustGet(store, runId);
    for (const answer of answers) expect(answer.run).toEqual(held);
  });

  behaviour("changing what a read answered does not change the store", async ({ store }) => {
    const run = aRun({ waits: [{ kind: "sleep", id: "nap" }] });
    await store.runs.create(run);
    Object.assign((await mustGet(store, run.runId)).waits[0] ?? {}, { id: "changed" });
    expect((await mustGet(store, run.runId)).waits).toEqual([{ kind: "sleep", id: "nap" }]);
  });
}

function describeRaise(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "raise counts one more cause, moves the sweep time and answers with the run",
    async ({ store }) => {
      const run = aRun();
      await store.runs.create(run);
      const raised = await store.runs.raise({ runId: run.runId, sweepAt: SWEEP_AT });
      expect(raised).toEqual({ ...run, wake: 2, sweepAt: SWEEP_AT });
      expect(await store.runs.get(run.runId)).toEqual(raised);
    },
  );

  behaviour("raise leaves lease and status of a running run alone", async ({ store }) => {
    const run = await claimed(store);
    const raised = await store.runs.raise({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(raised).toEqual({ ...run, wake: run.wake + 1, sweepAt: SWEEP_AT });
  });

  behaviour("no raise is lost among many at once, and each gets a number of its own", async ({ store }) => {
    const { runId } = (await store.runs.create(aRun())).run;
    const raises = Array.from({ length: 10 }, () => store.runs.raise({ runId, sweepAt: SWEEP_AT }));
    const numbers = (await Promise.all(raises)).map((run) => run?.wake ?? 0);
    expect(numbers.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  behaviour("raise answers nothing for a run that is closed or absent", async ({ store }) => {
    const run = await closed(store);
    expect(await store.runs.raise({ runId: run.runId, sweepAt: SWEEP_AT })).toBeUndefined();
    expect(await store.runs.get(run.runId)).toEqual(run);
    const absent = aRunId();
    expect(await store.runs.raise({ runId: absent, sweepAt: SWEEP_AT })).toBeUndefined();
    expect(await store.runs.get(absent)).toBeUndefined();
  });
}

function describeStall(behaviour: Behaviour<StoreSubject>): void {
  behaviour("its owner stalls a run: reason kept, lease dropped, still to be swept", async ({ store }) => {
    const run = await claimed(store);
    expect(await stall(store, run, "owner", NOW)).toEqual({ ok: true });
    const after = await mustGet(store, run.runId);
    expect(after).toMatchObject({
      status: "stalled",
      stalled: REASON,
      sweepAt: SWEEP_AT,
      fence: run.fence,
      wake: run.wake,
    });
    expect(after.leaseOwner).toBeUndefined();
    expect(after.leaseUntil).toBeUndefined();
  });

  behaviour("an owner whose lease has run out still stalls a run that nobody took", async ({ store }) => {
    const run = await claimed(store);
    expect(await stall(store, run, "owner", (run.leaseUntil ?? 0) + MINUTE_MS)).toEqual({ ok: true });
  });

  behaviour(
    "an onlooker cannot stall a run under a live lease, and can when the lease is over",
    async ({ store }) => {
      const run = await claimed(store);
      const leaseUntil = run.leaseUntil ?? 0;
      expect(await stall(store, run, "onlooker", leaseUntil - 1)).toEqual({ ok: false });
      expect(await store.runs.get(run.runId)).toEqual(run);
      expect(await stall(store, run, "onlooker", leaseUntil)).toEqual({ ok: true });
      expect((await mustGet(store, run.runId)).status).toBe("stalled");
    },
  );

  behaviour("an onlooker stalls a run that nobody holds", async ({ store }) => {
    const { run } = await store.runs.create(aRun());
    expect(await stall(store, run, "onlooker", NOW)).toEqual({ ok: true });
    expect((await mustGet(store, run.runId)).status).toBe("stalled");
  });

  behaviour("a run is not stalled under a fence that has moved, whoever asks", async ({ store }) => {
    const run = await claimed(store);
    const stale = { ...run, fence: run.fence - 1 };
    expect(await stall(store, stale, "owner", NOW)).toEqual({ ok: false });
    expect(await stall(store, stale, "onlooker", (run.leaseUntil ?? 0) + 1)).toEqual({ ok: false });
    expect(await store.runs.get(run.runId)).toEqual(run);
  });

  behaviour("a closed or absent run is not stalled", async ({ store }) => {
    const run = await closed(store);
    expect(await stall(store, run, "owner", NOW)).toEqual({ ok: false });
    expect(await stall(store, run, "onlooker", NOW)).toEqual({ ok: false });
    expect(await store.runs.get(run.runId)).toEqual(run);
    const absent = aRun();
    expect(await stall(store, absent, "onlooker", NOW)).toEqual({ ok: false });
    expect(await store.runs.get(absent.runId)).toBeUndefined();
  });
}

function describeRevive(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "revive makes a stalled run pending with one more cause and a clean record",
    async ({ store }) => {
      const run = await claimed(store);
      await stall(store, run, "owner", NOW);
      const revived = await store.runs.revive({ runId: run.runId, sweepAt: NOW + 40 * MINUTE_MS });
      expect(revived).toMatchObject({
        lastSeq: 0,
        status: "pending",
        wake: run.wake + 1,
        handled: run.wake,
        fence: run.fence + 1,
        fails: 0,
        sweepAt: NOW + 40 * MINUTE_MS,
      });
      expect(revived?.stalled).toBeUndefined();
      expect(await store.runs.get(run.runId)).toEqual(revived);
    },
  );

  behaviour("who was at a run before it was revived cannot stall it again", async ({ store }) => {
    const run = await claimed(store);
    await stall(store, run, "owner", NOW);
    await store.runs.revive({ runId: run.runId, sweepAt: SWEEP_AT });
    const revived = await mustGet(store, run.runId);
    expect((await stall(store, run, "onlooker", NOW)).ok).toBe(false);
    expect((await stall(store, run, "owner", NOW)).ok).toBe(false);
    expect(await mustGet(store, run.runId)).toEqual(revived);
  });

  behaviour("wake-ups of before a run was revived have no say any more (W2)", async ({ store }) => {
    const run = await claimed(store);
    await stall(store, run, "owner", NOW);
    await store.runs.revive({ runId: run.runId, sweepAt: SWEEP_AT });
    const claim = { runId: run.runId, owner: "late", now: NOW + MINUTE_MS, leaseUntil: NOW + 2 * MINUTE_MS };
    expect(await store.runs.claim({ ...claim, n: run.wake })).toMatchObject({ ok: false, reason: "handled" });
    expect(await store.runs.claim({ ...claim, n: run.wake + 1 })).toMatchObject({ ok: true });
  });

  behaviour("of many who revive a run at once exactly one does", async ({ store }) => {
    const run = await claimed(store);
    await stall(store, run, "owner", NOW);
    const tries = Array.from({ length: 5 }, () => store.runs.revive({ runId: run.runId, sweepAt: SWEEP_AT }));
    expect((await Promise.all(tries)).filter((answer) => answer !== undefined)).toHaveLength(1);
    expect((await mustGet(store, run.runId)).wake).toBe(run.wake + 1);
  });

  behaviour("revive answers nothing for a run that is not stalled", async ({ store }) => {
    const running = await claimed(store);
    const done = await closed(store);
    for (const run of [running, done]) {
      expect(await store.runs.revive({ runId: run.runId, sweepAt: SWEEP_AT })).toBeUndefined();
      expect(await store.runs.get(run.runId)).toEqual(run);
    }
    expect(await store.runs.revive({ runId: aRunId(), sweepAt: SWEEP_AT })).toBeUndefined();
  });
}

function describePostpone(behaviour: Behaviour<StoreSubject>): void {
  behaviour("postpone moves the sweep time and nothing else", async ({ store }) => {
    const { run } = await store.runs.create(aRun());
    const from = run.sweepAt ?? 0;
    await store.runs.postpone({ runId: run.runId, from, to: SWEEP_AT });
    expect(await store.runs.get(run.runId)).toEqual({ ...run, sweepAt: SWEEP_AT });
  });

  behaviour("postpone does nothing when the sweep time moved meanwhile", async ({ store }) => {
    const { run } = await store.runs.create(aRun());
    await store.runs.postpone({ runId: run.runId, from: (run.sweepAt ?? 0) - 10 * MINUTE_MS, to: SWEEP_AT });
    expect(await store.runs.get(run.runId)).toEqual(run);
  });

  behaviour("postpone brings neither a closed nor an absent run into the sweep index", async ({ store }) => {
    const run = await closed(store);
    await store.runs.postpone({ runId: run.runId, from: NOW + 10 * MINUTE_MS, to: SWEEP_AT });
    expect(await store.runs.get(run.runId)).toEqual(run);
    const absent = aRunId();
    await store.runs.postpone({ runId: absent, from: NOW, to: SWEEP_AT });
    expect(await store.runs.get(absent)).toBeUndefined();
  });
}

function describeClose(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a closed run has its end, and no lease, wait or place in the sweep index", async ({ store }) => {
    const created = aRun({
      nextWakeAt: NOW,
      checkAt: NOW,
      waits: [{ kind: "sleep", id: "nap", until: NOW }],
    });
    const run = await claimed(store, created);
    expect(await store.runs.close(ending(run))).toEqual({ ok: true });
    const after = await mustGet(store, run.runId);
    expect(after).toMatchObject({
      status: "succeeded",
      closedAt: NOW + 5,
      lastSeq: 7,
      expiresAt: FAR_FUTURE_SECONDS,
      fence: run.fence,
      waits: [],
    });
    for (const gone of ["leaseOwner", "leaseUntil", "sweepAt", "nextWakeAt", "checkAt"] as const) {
      expect(after[gone], gone).toBeUndefined();
    }
  });

  behaviour("repeating a close is success and changes nothing", async ({ store }) => {
    const run = await closed(store);
    expect(await store.runs.close(ending(run))).toEqual({ ok: true });
    expect(await store.runs.get(run.runId)).toEqual(run);
  });

  behaviour("a run stays closed as it was closed first (C1)", async ({ store }) => {
    const run = await closed(store);
    expect(await store.runs.close({ ...ending(run), status: "failed" })).toEqual({ ok: false });
    expect(await store.runs.get(run.runId)).toEqual(run);
  });

  behaviour("a stale fencing token closes nothing", async ({ store }) => {
    const run = await claimed(store);
    expect(await store.runs.close({ ...ending(run), fence: run.fence - 1 })).toEqual({ ok: false });
    expect(await store.runs.get(run.runId)).toEqual(run);
    const absent = aRun();
    expect(await store.runs.close(ending(absent))).toEqual({ ok: false });
    expect(await store.runs.get(absent.runId)).toBeUndefined();
  });

  behaviour("a run is closed although causes came in meanwhile: the journal has ended", async ({ store }) => {
    const run = await claimed(store);
    await store.runs.raise({ runId: run.runId, sweepAt: SWEEP_AT });
    expect(await store.runs.close(ending(run))).toEqual({ ok: true });
    expect((await store.runs.suspend(aSuspension(run))).ok).toBe(false);
  });
}
