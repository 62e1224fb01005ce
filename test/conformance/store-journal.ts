// The journal of a run: one slot has one winner (J1), reads are whole and in order.
import { expect } from "vitest";
import { MAX_ENTRIES_PER_CHECKPOINT } from "../../lib/limits.ts";
import type { Checkpoint, Entry } from "../../lib/ports/journal.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aCheckpoint, aFact, anEntry, aPayload, aRunId, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import type { Behaviour } from "./suite.ts";

/** More than one page of 1 MB when there are eight of them; each below the 400 KB of one item. */
const LONG_TEXT = "x".repeat(200_000);

export function describeStoreJournal(behaviour: Behaviour<StoreSubject>): void {
  describeAppend(behaviour);
  describeEntryValues(behaviour);
  describeLoad(behaviour);
  describePage(behaviour);
}

function describeAppend(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "an appended checkpoint reads back as it was written, every type of entry in it",
    async ({ store }) => {
      const runId = aRunId();
      const checkpoint = aCheckpoint({ entries: everyEntry() });
      expect(await store.journal.append(runId, checkpoint)).toEqual({ ok: true });
      expect((await store.journal.load(runId)).checkpoints).toEqual([checkpoint]);
      expect(await store.journal.last(runId)).toEqual(checkpoint);
    },
  );

  behaviour("a taken slot refuses another checkpoint and shows the one it holds (J1)", async ({ store }) => {
    const runId = aRunId();
    const first = aCheckpoint({ fence: 2 });
    await store.journal.append(runId, first);
    const late = aCheckpoint({ fence: 3, entries: [anEntry({ id: "other" })] });
    expect(await store.journal.append(runId, late)).toEqual({ ok: false, existing: first });
    expect((await store.journal.load(runId)).checkpoints).toEqual([first]);
  });

  behaviour("a writer that finds its own mark in the slot has succeeded", async ({ store }) => {
    const runId = aRunId();
    const checkpoint = aCheckpoint();
    await store.journal.append(runId, checkpoint);
    expect(await store.journal.append(runId, checkpoint)).toEqual({ ok: true });
    expect((await store.journal.load(runId)).checkpoints).toEqual([checkpoint]);
  });

  behaviour("of many who append to one slot at once exactly one does (J1)", async ({ store }) => {
    const runId = aRunId();
    const rivals = Array.from({ length: 5 }, (_, i) => aCheckpoint({ fence: i + 1 }));
    const answers = await Promise.all(rivals.map((rival) => store.journal.append(runId, rival)));
    const winner = rivals[answers.findIndex((answer) => answer.ok)];
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    for (const answer of answers) if (!answer.ok) expect(answer.existing).toEqual(winner);
    expect((await store.journal.load(runId)).checkpoints).toEqual([winner]);
  });

  behaviour("the same slot of another run is another slot", async ({ store }) => {
    const [one, other] = [aRunId(), aRunId()];
    const [mine, theirs] = [aCheckpoint(), aCheckpoint()];
    await store.journal.append(one, mine);
    expect(await store.journal.append(other, theirs)).toEqual({ ok: true });
    expect((await store.journal.load(one)).checkpoints).toEqual([mine]);
  });
}

function describeEntryValues(behaviour: Behaviour<StoreSubject>): void {
  behaviour("entries keep gzip bytes, empty text and any Unicode", async ({ store }) => {
    const runId = aRunId();
    const entries = [
      anEntry({ id: "bytes", value: { encoding: "devalue", gzip: new Uint8Array([0, 31, 139, 255]) } }),
      anEntry({ id: "no bytes", value: { encoding: "json", gzip: new Uint8Array(0) } }),
      anEntry({
        id: "all bytes",
        value: { encoding: "json", gzip: Uint8Array.from({ length: 256 }, (_, i) => i) },
      }),
      anEntry({ id: "nothing", value: aPayload("") }),
      anEntry({ id: "Größe/世界/🦄", value: aPayload('"\u2028 \u0000 \\ \' 👩‍👩‍👧"') }),
    ];
    const checkpoint = aCheckpoint({ entries });
    await store.journal.append(runId, checkpoint);
    expect((await store.journal.load(runId)).checkpoints).toEqual([checkpoint]);
  });

  behaviour("changing an appended or a loaded checkpoint does not change the journal", async ({ store }) => {
    const runId = aRunId();
    const bytes = new Uint8Array([1, 2, 3]);
    const checkpoint = aCheckpoint({ entries: [anEntry({ value: { encoding: "json", gzip: bytes } })] });
    const asWritten = structuredClone(checkpoint);
    await store.journal.append(runId, checkpoint);
    bytes[0] = 99;
    const read = (await store.journal.load(runId)).checkpoints[0]?.entries[0];
    if (read?.type !== "step.succeeded" || !("gzip" in read.value))
      throw new Error("the entry has changed its type");
    read.value.gzip[1] = 99;
    expect((await store.journal.load(runId)).checkpoints).toEqual([asWritten]);
  });
}

function describeLoad(behaviour: Behaviour<StoreSubject>): void {
  behaviour("a run without a journal loads empty", async ({ store }) => {
    const runId = aRunId();
    expect(await store.journal.load(runId)).toEqual({
      checkpoints: [],
      facts: [],
      notes: [],
      stepClaims: [],
    });
    expect(await store.journal.last(runId)).toBeUndefined();
    expect(await store.journal.page(runId, 0, 10)).toEqual([]);
    expect(await store.journal.facts(runId)).toEqual([]);
  });

  behaviour(
    "load answers with more than a megabyte of journal, in order, and all facts and claims",
    async ({ store }) => {
      const runId = aRunId();
      const journal = await appendMany(store, runId, 8, 1, LONG_TEXT);
      const facts = [aFact({ key: "a", at: NOW + 1 }), aFact({ key: "z", at: NOW })];
      for (const fact of facts) await store.journal.putFact(runId, fact);
      await store.journal.claimStep({ runId, seq: 3, owner: "w", now: NOW, leaseUntil: NOW + 1 });
      const loaded = await store.journal.load(runId);
      expect(loaded.checkpoints.map((checkpoint) => checkpoint.first)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(loaded.checkpoints).toEqual(journal);
      expect(loaded.facts).toEqual(facts.toReversed());
      expect(loaded.stepClaims).toEqual([{ seq: 3, owner: "w", leaseUntil: NOW + 1, claims: 1 }]);
    },
  );

  behaviour("positions are ordered as numbers", async ({ store }) => {
    const runId = aRunId();
    const journal = await appendMany(store, runId, 12, MAX_ENTRIES_PER_CHECKPOINT);
    const firsts = (await store.journal.load(runId)).checkpoints.map((checkpoint) => checkpoint.first);
    expect(firsts).toEqual(journal.map((checkpoint) => checkpoint.first));
    expect(await store.journal.last(runId)).toEqual(journal.at(-1));
  });
}

function describePage(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "a page starts with the checkpoint that holds the next position, in its middle too",
    async ({ store }) => {
      const runId = aRunId();
      const journal = await appendMany(store, runId, 3, 4);
      expect(await store.journal.page(runId, 0, 100)).toEqual(journal);
      expect(await store.journal.page(runId, 3, 100)).toEqual(journal);
      expect(await store.journal.page(runId, 4, 100)).toEqual(journal.slice(1));
      expect(await store.journal.page(runId, 11, 100)).toEqual(journal.slice(2));
      expect(await store.journal.page(runId, 12, 100)).toEqual([]);
      expect(await store.journal.page(runId, 99, 100)).toEqual([]);
    },
  );

  behaviour(
    "pages of about the limit lead through the whole journal without gap or repetition",
    async ({ store }) => {
      const runId = aRunId();
      const journal = await appendMany(store, runId, 10, 3);
      const read: Checkpoint[] = [];
      for (let after = 0; after < 30; ) {
        const page = await store.journal.page(runId, after, 7);
        expect(page.length).toBeGreaterThan(0);
        const size = page.reduce((sum, checkpoint) => sum + checkpoint.entries.length, 0);
        expect(size).toBeLessThanOrEqual(7 + MAX_ENTRIES_PER_CHECKPOINT);
        read.push(...page);
        const last = page.at(-1);
        after = last === undefined ? 30 : last.first + last.entries.length - 1;
      }
      expect(read).toEqual(journal);
    },
  );

  behaviour(
    "a limit below the size of the next checkpoint still gives that checkpoint",
    async ({ store }) => {
      const runId = aRunId();
      const journal = await appendMany(store, runId, 2, 5);
      expect((await store.journal.page(runId, 0, 1))[0]).toEqual(journal[0]);
      expect((await store.journal.page(runId, 5, 1))[0]).toEqual(journal[1]);
    },
  );
}

/** `count` checkpoints of `size` entries each, one after the other from position 1. */
async function appendMany(
  store: Store,
  runId: string,
  count: number,
  size: number,
  text = "1",
): Promise<Checkpoint[]> {
  const journal = Array.from({ length: count }, (_, i) => {
    const entries = Array.from({ length: size }, (_, j) =>
      anEntry({ id: `step-${i}-${j}`, value: aPayload(text) }),
    );
    return aCheckpoint({ first: i * size + 1, entries });
  });
  for (const checkpoint of journal)
    expect(await store.journal.append(runId, checkpoint)).toEqual({ ok: true });
  return journal;
}

function everyEntry(): Entry[] {
  const failure = { name: "CardError", message: "declined", code: "card_declined", error: aPayload("{}") };
  return [
    { type: "step.retrying", id: "charge", attempt: 1, failure, retryAt: NOW + 1, at: NOW },
    { type: "step.succeeded", id: "charge", attempt: 2, value: aPayload(), at: NOW },
    {
      type: "step.failed",
      id: "ship",
      attempt: 3,
      failure: { name: "E", message: "", error: aPayload("") },
      at: NOW,
    },
    { type: "step.dispatched", id: "render", attempt: 1, handler: "gpu", at: NOW },
    { type: "sleep.started", id: "nap", wakeAt: NOW + 5, at: NOW },
    { type: "sleep.finished", id: "nap", at: NOW + 5 },
    { type: "signal.awaited", id: "ok", signal: "approved", deadline: NOW + 6, at: NOW },
    {
      type: "signal.received",
      id: "ok",
      signal: "approved",
      fact: "signal/1",
      value: aPayload("true"),
      at: NOW,
    },
    { type: "signal.timed_out", id: "no", signal: "approved", at: NOW },
    { type: "run.succeeded", value: aPayload("null"), at: NOW },
  ];
}
