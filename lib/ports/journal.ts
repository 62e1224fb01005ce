// The ordered, append-only record of a run, and the messages stored for it before it has consumed them.
import type { Failure, Payload } from "./payload.ts";

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
export type SignalTimedOut = OfCall & { readonly type: "signal.timed_out"; readonly signal: string };
export type RunSucceeded = Stamp & { readonly type: "run.succeeded"; readonly value: Payload };
export type RunFailed = Stamp & { readonly type: "run.failed"; readonly failure: Failure };
export type RunTimedOut = Stamp & { readonly type: "run.timed_out"; readonly failure: Failure };

/** Entries of a ctx call. */
export type CallEntry =
  | StepSucceeded
  | StepFailed
  | StepRetrying
  | StepDispatched
  | SleepStarted
  | SleepFinished
  | SignalAwaited
  | SignalReceived
  | SignalRefused
  | SignalTimedOut;
/** The entry that ends a journal (C1). */
export type TerminalEntry = RunSucceeded | RunFailed | RunTimedOut;
export type Entry = CallEntry | TerminalEntry;

export function isTerminal(entry: Entry): entry is TerminalEntry {
  return entry.type === "run.succeeded" || entry.type === "run.failed" || entry.type === "run.timed_out";
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

/** A message stored for a run (signal, step result, input). Immutable, never deleted before the run. */
export type Fact =
  | {
      readonly kind: "signal";
      readonly key: string;
      readonly at: number;
      readonly signal: string;
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
  | { readonly kind: "input"; readonly key: string; readonly at: number; readonly value: Payload };

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
