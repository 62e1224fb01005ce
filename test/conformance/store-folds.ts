// What a run does without: stretches of its journal that a load leaves out, and facts that were used up.
import { expect } from "vitest";
import type { Store } from "../../lib/ports/store.ts";
import {
  aCheckpoint,
  aFact,
  anEntry,
  aPayload,
  aRun,
  aRunId,
  aSuspension,
  FAR_FUTURE_SECONDS,
  NOW,
} from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import type { Behaviour } from "./suite.ts";

export function describeStoreFolds(behaviour: Behaviour<StoreSubject>): void {
  describeLoad(behaviour);
  describeMeta(behaviour);
  describeRetire(behaviour);
}

/** Positions of the checkpoints, of two entries each: 1, 3, 5, … */
async function aJournal(store: Store, checkpoints: number): Promise<string> {
  const runId = aRunId();
  for (let i = 0; i < checkpoints; i += 1) {
    const first = 1 + 2 * i;
    const entries = [anEntry({ id: `a${i}` }), anEntry({ id: `b${i}` })];
    await store.journal.append(runId, aCheckpoint({ first, entries }));
  }
  return runId;
}

function describeLoad(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a load leaves out what lies in a fold, and nothing else", async ({ store }) => {
    const runId = await aJournal(store, 8);
    const firsts = async (...folds: readonly { from: number; to: number }[]) =>
      (await store.journal.load(runId, folds)).checkpoints.map(({ first }) => first);
    const all = [1, 3, 5, 7, 9, 11, 13, 15];
    expect(await firsts()).toEqual(all);
    expect(await firsts({ from: 3, to: 8 })).toEqual([1, 9, 11, 13, 15]);
    expect(await firsts({ from: 1, to: 14 })).toEqual([15]);
    expect(await firsts({ from: 1, to: 2 }, { from: 7, to: 8 }, { from: 11, to: 14 })).toEqual([3, 5, 9, 15]);
    // It begins within a checkpoint, which is read.
    expect(await firsts({ from: 4, to: 8 })).toEqual([1, 3, 9, 11, 13, 15]);
    expect(await firsts({ from: 9, to: 16 })).toEqual([1, 3, 5, 7]);
  });

  behaviour("a hole that no fold explains cannot be read", async ({ store }) => {
    const runId = await aJournal(store, 3);
    await store.journal.append(runId, aCheckpoint({ first: 11 }));
    await expect(store.journal.load(runId, [{ from: 1, to: 4 }])).rejects.toThrow("E_CORRUPT");
    await expect(store.journal.load(runId, [{ from: 9, to: 10 }])).rejects.toThrow("E_CORRUPT");
    expect((await store.journal.load(runId, [{ from: 7, to: 10 }])).checkpoints).toHaveLength(4);
  });

  behaviour("what was folded is there for whoever asks for it", async ({ store }) => {
    const runId = await aJournal(store, 8);
    await store.journal.load(runId, [{ from: 3, to: 14 }]);
    expect((await store.journal.page(runId, 0, 100)).map(({ first }) => first)).toHaveLength(8);
    expect((await store.journal.last(runId))?.first).toBe(15);
  });
}

function describeMeta(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "folds are META's from the suspension that brings them, until another brings others",
    async ({ store }) => {
      const { run } = await store.runs.create(aRun());
      const claim = async (n: number) => {
        const request = { runId: run.runId, n, owner: "o", now: NOW, leaseUntil: NOW + 1 };
        const answer = await store.runs.claim(request);
        if (!answer.ok) throw new Error(answer.reason);
        return answer.run;
      };
      const folds = [
        { from: 2, to: 9 },
        { from: 12, to: 900 },
      ];
      const first = await claim(1);
      expect(first.folds).toBeUndefined();
      await store.runs.suspend(aSuspension(first, { folds, wake: first.wake + 1 }));
      const second = await claim(2);
      expect(second.folds).toEqual(folds);
      await store.runs.suspend(aSuspension(second, { wake: second.wake + 1 }));
      const third = await claim(3);
      expect(third.folds).toEqual(folds);
      await store.runs.suspend(aSuspension(third, { wake: third.wake + 1, folds: [{ from: 1, to: 7 }] }));
      expect((await claim(4)).folds).toEqual([{ from: 1, to: 7 }]);
      const { fence } = (await store.runs.get(run.runId)) ?? run;
      const end = { runId: run.runId, fence, closedAt: NOW, lastSeq: 9, expiresAt: FAR_FUTURE_SECONDS };
      await store.runs.close({ ...end, status: "succeeded" });
      expect((await store.runs.get(run.runId))?.folds).toEqual([{ from: 1, to: 7 }]);
    },
  );
}

function describeRetire(behaviour: Behaviour<StoreSubject>): void {
  const nothing = { facts: [], notes: [], stepClaims: [] };

  behaviour("a retired fact is in no inbox, and is still known", async ({ store }) => {
    const runId = aRunId();
    const [gone, stays] = [aFact({ key: "signal-gone" }), aFact({ key: "signal-stays" })];
    for (const fact of [gone, stays]) await store.journal.putFact(runId, fact);
    expect(await store.journal.retired(runId, gone.key)).toBeUndefined();
    for (let times = 0; times < 2; times += 1) {
      await store.journal.retire({ ...nothing, runId, facts: [gone] });
      expect((await store.journal.load(runId)).facts).toEqual([stays]);
      expect(await store.journal.facts(runId)).toEqual([stays]);
      expect(await store.journal.fact(runId, gone.key)).toBeUndefined();
      expect(await store.journal.retired(runId, gone.key)).toEqual(gone);
      expect(await store.journal.retired(runId, stays.key)).toBeUndefined();
      expect(await store.journal.retired(aRunId(), gone.key)).toBeUndefined();
    }
  });

  behaviour("of two facts of one key the one that was retired first is known", async ({ store }) => {
    const runId = aRunId();
    const [first, second] = [aFact({ at: NOW }), aFact({ at: NOW + 1, value: aPayload("other") })];
    await store.journal.putFact(runId, first);
    await store.journal.retire({ ...nothing, runId, facts: [first] });
    expect(await store.journal.putFact(runId, second)).toEqual({ stored: true });
    expect(await store.journal.retired(runId, first.key)).toEqual(first);
    await store.journal.retire({ ...nothing, runId, facts: [second] });
    expect(await store.journal.retired(runId, first.key)).toEqual(first);
    expect(await store.journal.facts(runId)).toEqual([]);
  });

  behaviour("retired notes and step claims are gone, and others stay", async ({ store }) => {
    const runId = aRunId();
    const note = (name: string) => ({ name, order: 1, at: NOW, value: aPayload() });
    for (const name of ["progress-a", "progress-b"]) await store.journal.putNote(runId, note(name));
    for (const seq of [3, 4])
      await store.journal.claimStep({ runId, seq, owner: "o", now: NOW, leaseUntil: NOW + 1 });
    const request = { runId, facts: [], notes: ["progress-a", "none"], stepClaims: [3, 99] };
    await store.journal.retire(request);
    await store.journal.retire(request);
    const loaded = await store.journal.load(runId);
    expect(loaded.notes).toEqual([note("progress-b")]);
    expect(loaded.stepClaims.map(({ seq }) => seq)).toEqual([4]);
    expect(await store.journal.note(runId, "progress-a")).toBeUndefined();
  });

  behaviour("hundreds of facts are retired in one go", async ({ store }) => {
    const runId = aRunId();
    const facts = Array.from({ length: 300 }, (_, i) => aFact({ key: `signal-${i}` }));
    for (let first = 0; first < facts.length; first += 25)
      await Promise.all(facts.slice(first, first + 25).map((fact) => store.journal.putFact(runId, fact)));
    await store.journal.retire({ ...nothing, runId, facts: facts.slice(1) });
    expect(await store.journal.facts(runId)).toEqual(facts.slice(0, 1));
    expect(await store.journal.retired(runId, "signal-299")).toEqual(facts[299]);
  });
}
