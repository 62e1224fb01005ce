// JournalStore in memory: one partition for each run, with checkpoints by their first position (J1: a slot that is
// taken stays as it is), facts by key and step claims by position.
import { assertGapless } from "../engine/stored-forms.ts";
import { byArrival, type Checkpoint, type Fact, type Note, type StepClaim } from "../ports/journal.ts";
import type { Fold } from "../ports/run.ts";
import type { JournalStore, Loaded } from "../ports/store.ts";
import { copyData } from "./copy-data.ts";
import { isInFold, lastPosition, takeEntries } from "./journal-order.ts";

interface Partition {
  readonly checkpoints: Map<number, Checkpoint>;
  readonly facts: Map<string, Fact>;
  readonly retired: Map<string, Fact>;
  readonly notes: Map<string, Note>;
  readonly stepClaims: Map<number, StepClaim>;
}

type Request<Method extends "claimStep" | "renewStep" | "retire"> = Parameters<JournalStore[Method]>[0];

export class MemoryJournal implements JournalStore {
  readonly #partitions = new Map<string, Partition>();

  async append(runId: string, checkpoint: Checkpoint) {
    const existing = this.standing(runId, checkpoint.first);
    if (existing === undefined) {
      this.#partition(runId).checkpoints.set(checkpoint.first, copyData(checkpoint));
      return { ok: true } as const;
    }
    if (existing.mark === checkpoint.mark) return { ok: true } as const;
    return { ok: false, existing: copyData(existing) } as const;
  }

  /** What has taken a slot. */
  protected standing(runId: string, first: number): Checkpoint | undefined {
    return this.#partition(runId).checkpoints.get(first);
  }

  async load(runId: string, folds: readonly Fold[] = []): Promise<Loaded> {
    const { notes, stepClaims } = this.#partition(runId);
    const checkpoints = this.#inOrder(runId).filter((checkpoint) => !isInFold(checkpoint, folds));
    assertGapless(runId, checkpoints, folds);
    return copyData({
      checkpoints,
      facts: this.#factsInOrder(runId),
      notes: [...notes.values()],
      stepClaims: [...stepClaims.values()].toSorted((a, b) => a.seq - b.seq),
    });
  }

  async page(runId: string, after: number, limit: number) {
    const newer = this.#inOrder(runId).filter((checkpoint) => lastPosition(checkpoint) > after);
    return copyData(takeEntries(newer, limit));
  }

  async last(runId: string) {
    return copyData(this.#inOrder(runId).at(-1));
  }

  async putFact(runId: string, fact: Fact) {
    const { facts } = this.#partition(runId);
    const existing = facts.get(fact.key);
    if (existing !== undefined) return { stored: false, existing: copyData(existing) } as const;
    facts.set(fact.key, copyData(fact));
    return { stored: true } as const;
  }

  async facts(runId: string) {
    return copyData(this.#factsInOrder(runId));
  }

  async fact(runId: string, key: string) {
    return copyData(this.#partition(runId).facts.get(key));
  }

  async retire({ runId, facts, notes, stepClaims }: Request<"retire">) {
    const partition = this.#partition(runId);
    for (const fact of facts) {
      if (!partition.retired.has(fact.key)) partition.retired.set(fact.key, structuredClone(fact));
      partition.facts.delete(fact.key);
    }
    for (const name of notes) partition.notes.delete(name);
    for (const seq of stepClaims) partition.stepClaims.delete(seq);
  }

  async retired(runId: string, key: string) {
    return structuredClone(this.#partition(runId).retired.get(key));
  }

  async putNote(runId: string, note: Note) {
    const { notes } = this.#partition(runId);
    const standing = notes.get(note.name);
    if (standing === undefined || standing.order < note.order) notes.set(note.name, structuredClone(note));
  }

  async note(runId: string, name: string) {
    return structuredClone(this.#partition(runId).notes.get(name));
  }

  async claimStep({ runId, seq, owner, now, leaseUntil }: Request<"claimStep">) {
    const { stepClaims } = this.#partition(runId);
    const standing = stepClaims.get(seq);
    if (standing !== undefined && now < standing.leaseUntil) return { ok: false, claim: { ...standing } };
    const claim = { seq, owner, leaseUntil, claims: (standing?.claims ?? 0) + 1 };
    stepClaims.set(seq, claim);
    return { ok: true, claim: { ...claim } };
  }

  async renewStep({ runId, seq, owner, leaseUntil }: Request<"renewStep">) {
    const { stepClaims } = this.#partition(runId);
    const standing = stepClaims.get(seq);
    if (standing?.owner !== owner) return false;
    stepClaims.set(seq, { ...standing, leaseUntil });
    return true;
  }

  #partition(runId: string): Partition {
    const known = this.#partitions.get(runId);
    if (known !== undefined) return known;
    const partition: Partition = {
      checkpoints: new Map(),
      facts: new Map(),
      retired: new Map(),
      notes: new Map(),
      stepClaims: new Map(),
    };
    this.#partitions.set(runId, partition);
    return partition;
  }

  #inOrder(runId: string): Checkpoint[] {
    return [...this.#partition(runId).checkpoints.values()].toSorted((a, b) => a.first - b.first);
  }

  #factsInOrder(runId: string): Fact[] {
    return [...this.#partition(runId).facts.values()].toSorted(byArrival);
  }
}
