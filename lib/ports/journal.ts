// The ordered, append-only record of a run, and the messages stored for it before it has consumed them.
import type { Failure, Payload } from "./payload.ts";
import type { AttributeChange, ClosedStatus, ClosePolicy } from "./run.ts";

interface Stamp {
  /** Epoch ms of the worker that wrote it. */
  readonly at: number;
}
interface OfCall extends Stamp {
  /** Id of the ctx call it belongs to. */
  readonly id: string;
}

export type StepSucceeded = OfCall & {
  readonly type: "step.succeeded";
  readonly attempt: number;
  readonly value: Payload;
};
export type StepFailed = OfCall & {
  readonly type: "step.failed";
  readonly attempt: number;
  readonly failure: Failure;
};
export type StepRetrying = OfCall & {
  readonly type: "step.retrying";
  /** The attempt that failed. */
  readonly attempt: number;
  readonly failure: Failure;
  readonly retryAt: number;
};
export type StepDispatched = OfCall & {
  readonly type: "step.dispatched";
  readonly attempt: number;
  readonly handler: string;
};
/** An at-most-once attempt is about to start; found without an outcome by a later activation, it has died. */
export type StepStarted = OfCall & { readonly type: "step.started"; readonly attempt: number };
/** A check of `waitForCondition` found the condition not yet true. */
export type StepPolled = OfCall & {
  readonly type: "step.polled";
  readonly attempt: number;
  readonly value: Payload;
  /** The next check, epoch ms. */
  readonly nextAt: number;
};
/** All attempts together took longer than they were allowed. */
export type StepTimedOut = OfCall & {
  readonly type: "step.timed_out";
  readonly attempt: number;
  readonly failure: Failure;
};
export type SleepStarted = OfCall & { readonly type: "sleep.started"; readonly wakeAt: number };
export type SleepFinished = OfCall & { readonly type: "sleep.finished" };
export type SignalAwaited = OfCall & {
  readonly type: "signal.awaited";
  readonly signal: string;
  readonly deadline: number;
};
export type SignalReceived = OfCall & {
  readonly type: "signal.received";
  readonly signal: string;
  /** Key of the inbox fact it consumed. */
  readonly fact: string;
  readonly value: Payload;
};
export type SignalRefused = OfCall & {
  readonly type: "signal.refused";
  readonly signal: string;
  /** Key of the inbox fact it consumed. */
  readonly fact: string;
  /** Why the payload did not fit the schema of the call. */
  readonly failure: Failure;
};
export type CallbackAwaited = OfCall & {
  readonly type: "callback.awaited";
  /** When the wait ends by itself, epoch ms. */
  readonly deadline?: number;
};
export type CallbackCompleted = OfCall & { readonly type: "callback.completed"; readonly value: Payload };
export type CallbackFailed = OfCall & { readonly type: "callback.failed"; readonly failure: Failure };
/** `silent`: not the wait took too long, but no heartbeat came. */
export type CallbackTimedOut = OfCall & { readonly type: "callback.timed_out"; readonly silent?: true };
export type CallbackWithdrawn = OfCall & { readonly type: "callback.withdrawn" };
export type ChildStarted = OfCall & {
  readonly type: "child.started";
  readonly runId: string;
  readonly onParentClose: ClosePolicy;
};
export type ChildSucceeded = OfCall & { readonly type: "child.succeeded"; readonly value: Payload };
export type ChildFailed = OfCall & {
  readonly type: "child.failed";
  readonly failure: Failure;
  /** How it ended; absent when it could not be started. */
  readonly status?: ClosedStatus;
};
/** The code gave up waiting, and the child was told to end. */
export type ChildCancelled = OfCall & { readonly type: "child.cancelled" };
export type SignalTimedOut = OfCall & { readonly type: "signal.timed_out"; readonly signal: string };
/** The code has said how it stands; `GET /runs/{id}` shows the latest. */
export type StatePublished = OfCall & { readonly type: "state.published"; readonly value: Payload };
export type AttributesSet = OfCall & {
  readonly type: "attributes.set";
  readonly attributes: AttributeChange;
};
/** The run would have had more than META can carry. */
export type AttributesRefused = OfCall & { readonly type: "attributes.refused"; readonly failure: Failure };
/** Sent once it is in the journal, under the id `<runId>/<seq>`. */
export type EventEmitted = OfCall & {
  readonly type: "event.emitted";
  readonly event: string;
  readonly source: string;
  readonly value: Payload;
};
/** In one transaction with the author's own writes: this entry is there exactly when they are. */
export type TxCommitted = OfCall & { readonly type: "tx.committed" };
/** Nothing was written. */
export type TxRefused = OfCall & { readonly type: "tx.refused"; readonly failure: Failure };
interface Ends {
  /**
   * Keys of signals that were recorded for calls of it which had been given up in the same moment, and that nobody has taken:
   * who leaves out what has ended cannot tell.
   */
  readonly untaken?: readonly string[];
}
/** A turn of a loop has ended: the next one begins with this state. A fold (docs/design/protocol.md). */
export type LoopTurned = OfCall &
  Ends & {
    readonly type: "loop.turned";
    /** Number of the turn that begins, from 1. */
    readonly turn: number;
    /** Its state. */
    readonly value: Payload;
    /** From here up to this entry there are only entries of turns that have ended: replay does not need them. */
    readonly from: number;
  };
/** The code began much later than the run was made or was to start: its times count from here. The first entry, if any. */
export type RunBegan = Stamp & { readonly type: "run.began" };
/** Somebody asked for the end: every open call rejects with `CancelledError`. */
export type RunCancelRequested = Stamp & { readonly type: "run.cancel_requested"; readonly reason?: string };
/** The run's time is up: its code goes no further, what it registered is undone. */
export type RunExpired = Stamp & { readonly type: "run.expired" };

/** The code asked for a branch of a change for the first time in this run. */
export type RunVersionMarked = Stamp & {
  readonly type: "run.version_marked";
  readonly change: string;
  readonly version: number;
};

/** The code begins anew with this input; replay needs nothing that was before. */
export type RunContinued = Stamp &
  Ends & {
    readonly type: "run.continued";
    /** How often the code has begun, this time included: 2 or more. */
    readonly generation: number;
    readonly value: Payload;
  };
/** The code cannot begin anew with the input it gave: the run fails. */
export type RunContinueRefused = Stamp & { readonly type: "run.continue_refused"; readonly failure: Failure };

/** What became of one compensation. */
export interface Undone {
  /** Id of the step, or the name given to a compensation added by hand. */
  readonly id: string;
  readonly ok: boolean;
  /** The last error, when it could not be undone. */
  readonly error?: string;
}
interface Undo {
  /** Compensations that ran, in their order; absent when there were none. */
  readonly undone?: readonly Undone[];
}
export type RunSucceeded = Stamp & { readonly type: "run.succeeded"; readonly value: Payload };
export type RunFailed = Stamp & Undo & { readonly type: "run.failed"; readonly failure: Failure };
export type RunTimedOut = Stamp & Undo & { readonly type: "run.timed_out"; readonly failure: Failure };

export type RunCancelled = Stamp &
  Undo & {
    readonly type: "run.cancelled";
    readonly failure: Failure;
    /** Ended from outside at once, without a word to its code. */
    readonly terminated?: true;
  };

/** Entries of a ctx call. */
export type CallEntry =
  | StepSucceeded
  | StepFailed
  | StepRetrying
  | StepDispatched
  | StepStarted
  | StepPolled
  | StepTimedOut
  | SleepStarted
  | SleepFinished
  | SignalAwaited
  | SignalReceived
  | SignalRefused
  | SignalTimedOut
  | CallbackAwaited
  | CallbackCompleted
  | CallbackFailed
  | CallbackTimedOut
  | CallbackWithdrawn
  | ChildStarted
  | ChildSucceeded
  | ChildFailed
  | ChildCancelled
  | LoopTurned
  | StatePublished
  | AttributesSet
  | AttributesRefused
  | EventEmitted
  | TxCommitted
  | TxRefused;
/** The entry that ends a journal (C1). */
export type TerminalEntry = RunSucceeded | RunFailed | RunTimedOut | RunCancelled;
/** Entries about the run as a whole that do not end it. */
export type RunEntry =
  | RunBegan
  | RunCancelRequested
  | RunExpired
  | RunVersionMarked
  | RunContinued
  | RunContinueRefused;
export type Entry = CallEntry | RunEntry | TerminalEntry;

const TERMINAL = ["run.succeeded", "run.failed", "run.timed_out", "run.cancelled"];

export function isTerminal(entry: Entry): entry is TerminalEntry {
  return TERMINAL.includes(entry.type);
}

export function isRunEntry(entry: Entry): entry is RunEntry {
  return entry.type.startsWith("run.") && !isTerminal(entry);
}

/** Entries written by one conditional put. Entry `i` of it has the position `first + i`; the first position of a run is 1. */
export interface Checkpoint {
  readonly first: number;
  readonly entries: readonly Entry[];
  /** Fencing token of the lease under which it was written. */
  readonly fence: number;
  /** Unique for this write: a writer that repeats a timed-out put knows its own entry by it. */
  readonly mark: string;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * A message stored for a run (signal, step result, input). Immutable, never deleted before the run; taken out of the inbox
 * once the journal has used it up and replay no longer comes to where it did.
 */
export type Fact =
  | {
      readonly kind: "signal";
      readonly key: string;
      readonly at: number;
      readonly signal: string;
      /** Grows with each signal that one sender sends: tells those of one millisecond apart. */
      readonly order?: string;
      readonly value: Payload;
    }
  | {
      readonly kind: "step";
      readonly key: string;
      readonly at: number;
      /** Position of the `step.dispatched` entry it answers. */
      readonly seq: number;
      readonly outcome: { readonly ok: true; readonly value: Payload } | StepFailure;
    }
  | { readonly kind: "input"; readonly key: string; readonly at: number; readonly value: Payload }
  /** What became of a child run that its parent waits for. */
  | {
      readonly kind: "child";
      readonly key: string;
      readonly at: number;
      /** Key of the parent's call. */
      readonly call: string;
      readonly status: ClosedStatus;
      readonly outcome:
        | { readonly ok: true; readonly value: Payload }
        | { readonly ok: false; readonly failure: Failure };
    }
  /** The end of a callback: whoever stores it first decides whether it was completed in time. */
  | {
      readonly kind: "callback";
      readonly key: string;
      readonly at: number;
      /** Key of the call it ends. */
      readonly call: string;
      readonly outcome:
        | { readonly ok: true; readonly value: Payload }
        | { readonly ok: false; readonly failure: Failure }
        | { readonly closed: "timed_out" | "withdrawn" };
    }
  /** A token by which a callback can be completed; the key holds its hash, never the token. */
  | {
      readonly kind: "token";
      readonly key: string;
      readonly at: number;
      /** Key of the call it completes. */
      readonly callback: string;
      /** What the token stands for, when it can say one thing only: an approval link. */
      readonly decision?: "approve" | "reject";
      /** Epoch ms. */
      readonly expiresAt?: number;
    }
  /** Somebody asked for the run's end: `terminate` without a word to its code. */
  | {
      readonly kind: "cancel" | "terminate";
      readonly key: string;
      readonly at: number;
      readonly reason?: string;
    };

/** Facts in the order in which they came, as far as clocks tell it. */
export function byArrival(a: Fact, b: Fact): number {
  if (a.at !== b.at) return a.at - b.at;
  const [one, other] = [orderOf(a), orderOf(b)];
  return one === other ? 0 : one < other ? -1 : 1;
}

function orderOf(fact: Fact): string {
  return fact.kind === "signal" && fact.order !== undefined ? `0 ${fact.order}` : `1 ${fact.key}`;
}

/**
 * The latest of something that only its latest matters of: progress of a step, sign of life of a callback, published
 * state. Unlike a fact it is replaced, by one of a higher order only.
 */
export interface Note {
  readonly name: string;
  readonly order: number;
  readonly at: number;
  readonly value: Payload;
}

export interface StepFailure {
  readonly ok: false;
  readonly failure: Failure;
  /** What the step's retry policy says, asked where the error was still the one that was thrown. */
  readonly retry?: { readonly again: false } | { readonly again: true; readonly delayMs: number };
}

/** The claim of a step that runs in a step handler. */
export interface StepClaim {
  /** Position of the `step.dispatched` entry. */
  readonly seq: number;
  readonly owner: string;
  /** Epoch ms. */
  readonly leaseUntil: number;
  /** Deliveries that claimed it, this one included. */
  readonly claims: number;
}
