// The table, as four narrow interfaces. Every method is one conditional write or one read, so that the engine, which
// orders them, is the only place where an interleaving has to be thought through. Reads are strongly consistent except
// where they say otherwise. Methods throw only when the store cannot be reached or answers nonsense; a refused
// condition is an answer. A write that was retried after a timeout and finds its own effect has succeeded.
import type { Checkpoint, Fact, Note, StepClaim } from "./journal.ts";
import type { LimitStore } from "./limits.ts";
import type { ArmedTimer, Attributes, ClosedStatus, Fold, Run, RunStatus, StallReason, Wait } from "./run.ts";
import type { TransactionWrite, WriteRefusal } from "./transaction.ts";

export type ClaimRefusal = "absent" | "closed" | "stalled" | "paused" | "handled" | "leased";

export interface Suspension {
  readonly runId: string;
  readonly fence: number;
  /** The value of `wake` when the inbox was last read (W1). */
  readonly seen: number;
  /** New value of `wake`: `seen`, or `seen + 1` when a message with that number was sent before (hand-off, short timer). */
  readonly wake: number;
  readonly status: "suspended" | "pending";
  readonly nextWakeAt?: number;
  readonly checkAt?: number;
  readonly timer?: ArmedTimer;
  readonly waits: readonly Wait[];
  readonly lastSeq: number;
  /** All that the run has now; they stay as they are when absent. */
  readonly attributes?: Attributes;
  /** They stay as they are when absent. */
  readonly folds?: readonly Fold[];
  readonly sweepAt: number;
}

export interface RunStore {
  /** Puts META if absent. `run` in the answer is what the store holds now. */
  create(run: Run): Promise<{ readonly created: boolean; readonly run: Run }>;
  get(runId: string): Promise<Run | undefined>;
  /**
   * Takes the lease for the wake-up numbered `n`: fence + 1, fails + 1, status `running`, wake = max(wake, n).
   * Refused unless open, not stalled, n > handled, and no lease is live at `now`. Answers with META after the update,
   * or as it stands when refused. After a success `run.wake >= n` (W2).
   */
  claim(request: {
    readonly runId: string;
    readonly n: number;
    readonly owner: string;
    readonly now: number;
    readonly leaseUntil: number;
  }): Promise<
    | { readonly ok: true; readonly run: Run }
    | { readonly ok: false; readonly reason: ClaimRefusal; readonly run?: Run }
  >;
  /** Extends the lease if `fence` still holds it; answers META after the update, or nothing when the lease is lost. */
  renew(request: {
    readonly runId: string;
    readonly fence: number;
    readonly leaseUntil: number;
  }): Promise<Run | undefined>;
  /** Gives the lease back without having handled anything, fails - 1: the activation met a fault that is not the run's. */
  abandon(request: { readonly runId: string; readonly fence: number }): Promise<void>;
  /** Drops the lease, handled = seen, fails = 0, if the fence holds and `wake = seen` (W1). Refused: META as it stands. */
  suspend(
    suspension: Suspension,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly run: Run | undefined }>;
  /** Closes META if the fence holds, and takes it out of the sweep index. Repeating it is success. */
  close(request: {
    readonly runId: string;
    readonly fence: number;
    readonly status: ClosedStatus;
    readonly closedAt: number;
    readonly lastSeq: number;
    /** All that the run has now; they stay as they are when absent. */
    readonly attributes?: Attributes;
    /** Epoch seconds. */
    readonly expiresAt: number;
  }): Promise<{ readonly ok: boolean }>;
  /**
   * Marks the run `stalled`, drops the lease and keeps the run in the sweep index. Refused when the fence has moved,
   * the run is closed, or, for an `onlooker` (not the lease's holder), when a lease is live at `now`.
   */
  stall(request: {
    readonly runId: string;
    readonly fence: number;
    readonly by: "owner" | "onlooker";
    readonly now: number;
    readonly reason: StallReason;
    readonly sweepAt: number;
  }): Promise<{ readonly ok: boolean }>;
  /** Takes the lease whoever has it, of any run that is open: fence + 1. Nothing when closed or absent. */
  seize(request: {
    readonly runId: string;
    readonly owner: string;
    readonly leaseUntil: number;
  }): Promise<Run | undefined>;
  /** wake + 1 unless closed; answers META after it, or nothing when closed or absent. */
  raise(request: { readonly runId: string; readonly sweepAt: number }): Promise<Run | undefined>;
  /**
   * A stalled run becomes `pending` again: fence + 1, so that nobody stalls it once more for what was mended; wake + 1,
   * fails = 0, and lastSeq = 0, so that nothing sent before it stalled is taken for granted. Nothing when it is not
   * stalled.
   */
  revive(request: { readonly runId: string; readonly sweepAt: number }): Promise<Run | undefined>;
  /**
   * Marks an open run that is not stalled as paused: status `paused` unless leased, wake + 1, so that an owner cannot
   * leave without noticing. Answers META after it, also when it was paused before; nothing when it cannot be paused.
   */
  pause(request: { readonly runId: string; readonly sweepAt: number }): Promise<Run | undefined>;
  /** Takes the mark away: status `pending` unless leased, wake + 1. Nothing when it is not paused. */
  resume(request: { readonly runId: string; readonly sweepAt: number }): Promise<Run | undefined>;
  /** Moves the run's place in the sweep index from `from` to `to`; does nothing when it moved meanwhile or is closed. */
  postpone(request: { readonly runId: string; readonly from: number; readonly to: number }): Promise<void>;
}

export interface Loaded {
  /** In order, without gaps but those that were asked for. */
  readonly checkpoints: readonly Checkpoint[];
  /** In the order of `byArrival`. */
  readonly facts: readonly Fact[];
  readonly stepClaims: readonly StepClaim[];
  readonly notes: readonly Note[];
}

/**
 * `refused`: the writes themselves cannot be done now, and nothing was written. `busy`: nothing was written because the
 * tables are throttled or another transaction was there; the same request may succeed in a moment.
 */
export type TransactionAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly existing: Checkpoint }
  | { readonly ok: false; readonly refused: readonly WriteRefusal[] }
  | { readonly ok: false; readonly busy: string };

export interface JournalStore {
  /** Puts the checkpoint if its slot is free (J1). Finding its own mark there is success; another's is `ok: false`. */
  append(
    runId: string,
    checkpoint: Checkpoint,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly existing: Checkpoint }>;
  /**
   * `append` together with writes of the user's: all of it happens or nothing does. The slot is looked at first, so that
   * a repetition finds its own mark and has succeeded, whatever its own writes have made of the user's conditions.
   * Absent where the user's tables are out of reach.
   */
  appendWith?(
    runId: string,
    checkpoint: Checkpoint,
    writes: readonly TransactionWrite[],
  ): Promise<TransactionAnswer>;
  /**
   * The whole partition: journal, facts, notes and step claims. Checkpoints that lie wholly in a fold need not be read and
   * are left out; one that lies partly in it is there.
   */
  load(runId: string, folds?: readonly Fold[]): Promise<Loaded>;
  /** Checkpoints that hold a position above `after`, in order, up to about `limit` entries. */
  page(runId: string, after: number, limit: number): Promise<readonly Checkpoint[]>;
  /** The checkpoint with the highest position. */
  last(runId: string): Promise<Checkpoint | undefined>;
  /** Stores a fact if its key is free; `existing` is what was there. Needs no run: input is stored before META. */
  putFact(
    runId: string,
    fact: Fact,
  ): Promise<{ readonly stored: true } | { readonly stored: false; readonly existing: Fact }>;
  /** All facts in the order of `byArrival`. */
  facts(runId: string): Promise<readonly Fact[]>;
  fact(runId: string, key: string): Promise<Fact | undefined>;
  /**
   * Takes what is used up out of what `load` and `facts` read. Facts are kept for `retired`, each before it leaves the
   * inbox; notes and step claims are gone. Repeatable; of two facts of one key the first that was retired is kept. A key
   * is free again then: who puts a fact there looks at `retired`, too (docs/design/protocol.md).
   */
  retire(request: {
    readonly runId: string;
    readonly facts: readonly Fact[];
    /** Names. */
    readonly notes: readonly string[];
    /** Positions. */
    readonly stepClaims: readonly number[];
  }): Promise<void>;
  /** A fact that was taken out of the inbox. */
  retired(runId: string, key: string): Promise<Fact | undefined>;
  /** Stores a note, unless the one that stands is of the same or a higher order. */
  putNote(runId: string, note: Note): Promise<void>;
  note(runId: string, name: string): Promise<Note | undefined>;
  /** Claims a dispatched step if nobody holds it at `now`; refused: the claim that stands. */
  claimStep(request: {
    readonly runId: string;
    readonly seq: number;
    readonly owner: string;
    readonly now: number;
    readonly leaseUntil: number;
  }): Promise<{ readonly ok: boolean; readonly claim: StepClaim }>;
  /** Extends a step's claim if `owner` still holds it. */
  renewStep(request: {
    readonly runId: string;
    readonly seq: number;
    readonly owner: string;
    readonly leaseUntil: number;
  }): Promise<boolean>;
}

export interface RunQuery {
  readonly workflows: readonly string[];
  readonly statuses?: readonly RunStatus[];
  /** Started at or after, epoch ms. */
  readonly from?: number;
  /** Started before, epoch ms. */
  readonly to?: number;
  /** Values as text (`hasAttributes`). */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly limit: number;
  /** From the page before. */
  readonly cursor?: string;
}

export interface RunIndex {
  /** Newest first; eventually consistent about which runs exist. @throws E_INVALID_INPUT on a cursor it did not make */
  list(query: RunQuery): Promise<{ readonly runs: readonly Run[]; readonly cursor?: string }>;
  /** Ids of runs whose sweepAt is at or before `now`, at most `limit`; may be stale, so read the run before acting. */
  due(now: number, limit: number): Promise<readonly string[]>;
}

export interface Store {
  readonly runs: RunStore;
  readonly journal: JournalStore;
  readonly index: RunIndex;
  readonly limits: LimitStore;
}
