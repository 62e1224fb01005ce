// JournalStore on the tables `checkpoint`, `fact`, `retired_fact`, `note` and `step_claim`. Checkpoints and facts never change once they are
// there, so a refused insert may be followed by a read of its own; a step claim is taken by one statement that holds
// its condition.
import { assertGapless } from "../../engine/stored-forms.ts";
import { byArrival, type Checkpoint, type Fact, type Note, type StepClaim } from "../../ports/journal.ts";
import type { Fold } from "../../ports/run.ts";
import type { JournalStore, Loaded } from "../../ports/store.ts";
import { PerdureError } from "../../sdk/errors.ts";
import { lastPosition, takeEntries } from "../journal-order.ts";
import type { Database } from "./database.ts";
import { readCheckpoint, readFact, readNote, writeDocument } from "./document.ts";
import { integerOf, type Row, textOf } from "./row.ts";

type Request<Method extends "claimStep" | "renewStep" | "retire"> = Parameters<JournalStore[Method]>[0];

export class SqliteJournal implements JournalStore {
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  async append(runId: string, checkpoint: Checkpoint) {
    const { first, mark } = checkpoint;
    const { changes } = this.#statements.append.run(runId, first, writeDocument(checkpoint));
    if (changes === 1) return { ok: true } as const;
    const existing = toCheckpoint(this.#statements.checkpoint.get(runId, first));
    return existing.mark === mark ? ({ ok: true } as const) : ({ ok: false, existing } as const);
  }

  async load(runId: string, folds: readonly Fold[] = []): Promise<Loaded> {
    const loaded = this.#database.read(() => ({
      checkpoints: this.#checkpoints(runId, folds),
      facts: this.#statements.facts.all(runId).map(toFact).toSorted(byArrival),
      notes: this.#statements.notes.all(runId).map(toNote),
      stepClaims: this.#statements.stepClaims.all(runId).map(toStepClaim),
    }));
    assertGapless(runId, loaded.checkpoints, folds);
    return loaded;
  }

  async page(runId: string, after: number, limit: number) {
    const rows = this.#statements.page.iterate({ runId, next: after + 1 });
    const newer = rows.map(toCheckpoint).filter((checkpoint) => lastPosition(checkpoint) > after);
    return takeEntries(newer, limit);
  }

  async last(runId: string) {
    const row = this.#statements.last.get(runId);
    return row === undefined ? undefined : toCheckpoint(row);
  }

  async putFact(runId: string, fact: Fact) {
    const { changes } = this.#statements.putFact.run(runId, fact.key, fact.at, writeDocument(fact));
    if (changes === 1) return { stored: true } as const;
    return { stored: false, existing: toFact(this.#statements.fact.get(runId, fact.key)) } as const;
  }

  async facts(runId: string) {
    return this.#statements.facts.all(runId).map(toFact).toSorted(byArrival);
  }

  async fact(runId: string, key: string) {
    const row = this.#statements.fact.get(runId, key);
    return row === undefined ? undefined : toFact(row);
  }

  async retire({ runId, facts, notes, stepClaims }: Request<"retire">) {
    const statements = this.#statements;
    this.#database.write(() => {
      for (const fact of facts) {
        statements.keepRetired.run(runId, fact.key, writeDocument(fact));
        statements.dropFact.run(runId, fact.key);
      }
      for (const name of notes) statements.dropNote.run(runId, name);
      for (const seq of stepClaims) statements.dropStepClaim.run(runId, seq);
    });
  }

  async retired(runId: string, key: string) {
    const row = this.#statements.retired.get(runId, key);
    return row === undefined ? undefined : toFact(row);
  }

  async putNote(runId: string, note: Note) {
    this.#statements.putNote.run(runId, note.name, note.order, writeDocument(note));
  }

  async note(runId: string, name: string) {
    const row = this.#statements.note.get(runId, name);
    return row === undefined ? undefined : toNote(row);
  }

  async claimStep({ runId, seq, owner, now, leaseUntil }: Request<"claimStep">) {
    const taken = this.#statements.claimStep.get({ runId, seq, owner, now, leaseUntil });
    if (taken !== undefined) return { ok: true, claim: toStepClaim(taken) };
    const standing = this.#statements.stepClaim.get(runId, seq);
    if (standing === undefined)
      throw new PerdureError("E_INTERNAL", `The claim of step ${seq} of run ${runId} is gone.`);
    return { ok: false, claim: toStepClaim(standing) };
  }

  async renewStep({ runId, seq, owner, leaseUntil }: Request<"renewStep">) {
    return this.#statements.renewStep.run(leaseUntil, runId, seq, owner).changes === 1;
  }

  /** What lies before the first fold, between folds and after the last. */
  #checkpoints(runId: string, folds: readonly Fold[]): Checkpoint[] {
    const starts = [1, ...folds.map(({ to }) => to + 1)];
    return starts.flatMap((start, i) => {
      const end = folds[i]?.from ?? Number.MAX_SAFE_INTEGER;
      return this.#statements.checkpoints.all(runId, start, end).map(toCheckpoint);
    });
  }
}

function prepareStatements(database: Database) {
  return {
    append: database.prepare(
      "INSERT INTO checkpoint (run_id, first, doc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    checkpoint: database.prepare("SELECT run_id, first, doc FROM checkpoint WHERE run_id = ? AND first = ?"),
    checkpoints: database.prepare(
      "SELECT run_id, first, doc FROM checkpoint WHERE run_id = ? AND first >= ? AND first < ? ORDER BY first",
    ),
    last: database.prepare(
      "SELECT run_id, first, doc FROM checkpoint WHERE run_id = ? ORDER BY first DESC LIMIT 1",
    ),
    // The next position lies in the last checkpoint that starts at or before it, if anywhere.
    page: database.prepare(`
      SELECT run_id, first, doc FROM checkpoint
      WHERE run_id = :runId AND first >= coalesce(
        (SELECT max(first) FROM checkpoint WHERE run_id = :runId AND first <= :next), 0)
      ORDER BY first`),
    putFact: database.prepare(
      "INSERT INTO fact (run_id, key, at, doc) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    fact: database.prepare("SELECT run_id, key, doc FROM fact WHERE run_id = ? AND key = ?"),
    facts: database.prepare("SELECT run_id, key, doc FROM fact WHERE run_id = ?"),
    keepRetired: database.prepare(
      "INSERT INTO retired_fact (run_id, key, doc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    dropFact: database.prepare("DELETE FROM fact WHERE run_id = ? AND key = ?"),
    retired: database.prepare("SELECT run_id, key, doc FROM retired_fact WHERE run_id = ? AND key = ?"),
    dropNote: database.prepare("DELETE FROM note WHERE run_id = ? AND name = ?"),
    dropStepClaim: database.prepare("DELETE FROM step_claim WHERE run_id = ? AND seq = ?"),
    putNote: database.prepare(`
      INSERT INTO note (run_id, name, ord, doc) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET ord = excluded.ord, doc = excluded.doc WHERE ord < excluded.ord`),
    note: database.prepare("SELECT run_id, name, doc FROM note WHERE run_id = ? AND name = ?"),
    notes: database.prepare("SELECT run_id, name, doc FROM note WHERE run_id = ? ORDER BY name"),
    claimStep: database.prepare(`
      INSERT INTO step_claim (run_id, seq, owner, lease_until, claims) VALUES (:runId, :seq, :owner, :leaseUntil, 1)
      ON CONFLICT DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until, claims = claims + 1
        WHERE lease_until <= :now
      RETURNING seq, owner, lease_until, claims`),
    stepClaim: database.prepare("SELECT * FROM step_claim WHERE run_id = ? AND seq = ?"),
    stepClaims: database.prepare("SELECT * FROM step_claim WHERE run_id = ? ORDER BY seq"),
    renewStep: database.prepare(
      "UPDATE step_claim SET lease_until = ? WHERE run_id = ? AND seq = ? AND owner = ?",
    ),
  };
}

function toCheckpoint(row: Row | undefined): Checkpoint {
  return readCheckpoint(textOf(row, "run_id"), integerOf(row, "first"), textOf(row, "doc"));
}

function toFact(row: Row | undefined): Fact {
  return readFact(textOf(row, "run_id"), textOf(row, "key"), textOf(row, "doc"));
}

function toNote(row: Row): Note {
  return readNote(textOf(row, "run_id"), textOf(row, "name"), textOf(row, "doc"));
}

function toStepClaim(row: Row): StepClaim {
  return {
    seq: integerOf(row, "seq"),
    owner: textOf(row, "owner"),
    leaseUntil: integerOf(row, "lease_until"),
    claims: integerOf(row, "claims"),
  };
}
