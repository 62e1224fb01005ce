// What lies beside a journal: inbox facts, written once by outsiders, the claims of dispatched steps, and notes.
import { expect } from "vitest";
import type { Fact } from "../../lib/ports/journal.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aFact, aPayload, aRunId, MINUTE_MS, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import type { Behaviour } from "./suite.ts";

/** More than a page of 1 MB when there are six of them. */
const LONG_TEXT = "x".repeat(200_000);

export function describeStoreFacts(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a fact of every kind reads back as it was stored, before there is a run", async ({ store }) => {
    const runId = aRunId();
    const failure = {
      name: "Error",
      message: "no",
      code: "E1",
      error: { encoding: "devalue", gzip: new Uint8Array([1]) },
    } as const;
    const facts: Fact[] = [
      { kind: "input", key: "input", at: NOW, value: aPayload(LONG_TEXT) },
      aFact({ key: "signal/Grüße 🦄", at: NOW + 1 }),
      { kind: "step", key: "step/3", at: NOW + 2, seq: 3, outcome: { ok: true, value: aPayload("") } },
      { kind: "step", key: "step/4", at: NOW + 3, seq: 4, outcome: { ok: false, failure } },
    ];
    for (const fact of facts) {
      expect(await store.journal.putFact(runId, fact)).toEqual({ stored: true });
      expect(await store.journal.fact(runId, fact.key)).toEqual(fact);
    }
    expect(await store.journal.facts(runId)).toEqual(facts);
    expect((await store.journal.load(runId)).facts).toEqual(facts);
    expect(await store.runs.get(runId)).toBeUndefined();
  });

  behaviour(
    "a fact put again under its key is not stored, and the answer is what was there",
    async ({ store }) => {
      const runId = aRunId();
      const fact = aFact({ key: "k", value: aPayload("1") });
      await store.journal.putFact(runId, fact);
      const again = aFact({ key: "k", value: aPayload("2"), at: NOW + 1 });
      expect(await store.journal.putFact(runId, again)).toEqual({ stored: false, existing: fact });
      expect(await store.journal.facts(runId)).toEqual([fact]);
    },
  );

  behaviour("of many who put a fact under one key at once exactly one does", async ({ store }) => {
    const runId = aRunId();
    const rivals = Array.from({ length: 5 }, (_, i) => aFact({ key: "k", value: aPayload(String(i)) }));
    const answers = await Promise.all(rivals.map((rival) => store.journal.putFact(runId, rival)));
    expect(answers.filter((answer) => answer.stored)).toHaveLength(1);
    const held = await store.journal.fact(runId, "k");
    for (const answer of answers) if (!answer.stored) expect(answer.existing).toEqual(held);
  });
  describeFactReads(behaviour);
}

function describeFactReads(behaviour: Behaviour<StoreSubject>): void {
  behaviour("facts come in order of time, then key, more than a megabyte of them too", async ({ store }) => {
    const runId = aRunId();
    const value = aPayload(LONG_TEXT);
    for (const [key, at] of [
      ["b", 2],
      ["a", 2],
      ["z", 1],
      ["c", 10],
      ["y", 9],
      ["x", 3],
      ["d", 2],
    ] as const) {
      await store.journal.putFact(runId, aFact({ key, at: NOW + at, value }));
    }
    const expected = ["z", "a", "b", "d", "x", "y", "c"];
    expect((await store.journal.facts(runId)).map((fact) => fact.key)).toEqual(expected);
    expect((await store.journal.load(runId)).facts.map((fact) => fact.key)).toEqual(expected);
  });

  behaviour("a fact that nobody stored reads as nothing", async ({ store }) => {
    const runId = aRunId();
    await store.journal.putFact(runId, aFact({ key: "k" }));
    expect(await store.journal.fact(runId, "other")).toBeUndefined();
    expect(await store.journal.fact(aRunId(), "k")).toBeUndefined();
  });
}

export function describeStoreStepClaims(behaviour: Behaviour<StoreSubject>): void {
  const until = NOW + MINUTE_MS;

  behaviour(
    "a step is claimed once at a time; who comes too late sees the claim that stands",
    async ({ store }) => {
      const runId = aRunId();
      const claim = { seq: 7, owner: "a", leaseUntil: until, claims: 1 };
      expect(await claimStep(store, runId, "a", NOW, until)).toEqual({ ok: true, claim });
      expect(await claimStep(store, runId, "b", until - 1, until + 1)).toEqual({ ok: false, claim });
      expect((await store.journal.load(runId)).stepClaims).toEqual([claim]);
    },
  );

  behaviour("a step whose claim is over is claimed anew, and the count rises", async ({ store }) => {
    const runId = aRunId();
    await claimStep(store, runId, "a", NOW, until);
    const claim = { seq: 7, owner: "b", leaseUntil: until + 9, claims: 2 };
    expect(await claimStep(store, runId, "b", until, until + 9)).toEqual({ ok: true, claim });
    expect((await store.journal.load(runId)).stepClaims).toEqual([claim]);
  });

  behaviour(
    "of many who claim a step at once exactly one does, the first time and after an expiry",
    async ({ store }) => {
      const runId = aRunId();
      for (const [round, now] of [NOW, until].entries()) {
        const owners = ["a", "b", "c", "d"].map((owner) => `${owner}${round}`);
        const answers = await Promise.all(
          owners.map((owner) => claimStep(store, runId, owner, now, now + MINUTE_MS)),
        );
        expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
        for (const answer of answers) expect(answer.claim).toEqual(answers.find(({ ok }) => ok)?.claim);
        expect(answers[0]?.claim.claims).toBe(round + 1);
      }
    },
  );

  behaviour("its owner extends a step's claim as long as nobody took it", async ({ store }) => {
    const runId = aRunId();
    expect(await store.journal.renewStep({ runId, seq: 7, owner: "a", leaseUntil: until })).toBe(false);
    await claimStep(store, runId, "a", NOW, until);
    expect(await store.journal.renewStep({ runId, seq: 7, owner: "a", leaseUntil: until + 5 })).toBe(true);
    expect(await store.journal.renewStep({ runId, seq: 7, owner: "b", leaseUntil: until + 50 })).toBe(false);
    expect((await claimStep(store, runId, "b", until + 4, until + 9)).ok).toBe(false);
    expect((await claimStep(store, runId, "b", until + 5, until + 9)).ok).toBe(true);
    expect(await store.journal.renewStep({ runId, seq: 7, owner: "a", leaseUntil: until + 50 })).toBe(false);
    expect((await store.journal.load(runId)).stepClaims).toEqual([
      { seq: 7, owner: "b", leaseUntil: until + 9, claims: 2 },
    ]);
  });

  behaviour("step claims are one for each position, in order", async ({ store }) => {
    const runId = aRunId();
    for (const seq of [10, 2, 1])
      await store.journal.claimStep({ runId, seq, owner: "a", now: NOW, leaseUntil: until });
    expect((await store.journal.load(runId)).stepClaims.map((claim) => claim.seq)).toEqual([1, 2, 10]);
  });
}

async function claimStep(store: Store, runId: string, owner: string, now: number, leaseUntil: number) {
  return await store.journal.claimStep({ runId, seq: 7, owner, now, leaseUntil });
}

export function describeStoreNotes(behaviour: Behaviour<StoreSubject>): void {
  behaviour("of the notes under one name only the one of the highest order stands", async ({ store }) => {
    const runId = aRunId();
    const aNote = (order: number, text: string) => ({ name: "n", order, at: NOW, value: aPayload(text) });
    expect(await store.journal.note(runId, "n")).toBeUndefined();
    await store.journal.putNote(runId, aNote(2, "2"));
    for (const late of [aNote(1, "late"), aNote(2, "again")]) await store.journal.putNote(runId, late);
    expect(await store.journal.note(runId, "n")).toEqual(aNote(2, "2"));
    await store.journal.putNote(runId, aNote(3, "3"));
    const other = { ...aNote(1, "other"), name: "o" };
    await store.journal.putNote(runId, other);
    expect(await store.journal.note(runId, "n")).toEqual(aNote(3, "3"));
    expect((await store.journal.load(runId)).notes).toEqual([aNote(3, "3"), other]);
  });
}
