// What the table says about a run as a whole: the META item (docs/design/protocol.md). The journal is the truth; this is a
// summary that any later owner can repair from it, plus the numbers that guard leases and wake-ups.
import type { Payload } from "./payload.ts";

export type OpenStatus = "pending" | "running" | "suspended" | "paused" | "stalled";
export type ClosedStatus = "succeeded" | "failed" | "cancelled" | "timed_out";
export type RunStatus = OpenStatus | ClosedStatus;

export const CLOSED_STATUSES: readonly ClosedStatus[] = ["succeeded", "failed", "cancelled", "timed_out"];
export const RUN_STATUSES: readonly RunStatus[] = [
  "pending",
  "running",
  "suspended",
  "paused",
  "stalled",
  ...CLOSED_STATUSES,
];

export function isClosed(status: RunStatus): status is ClosedStatus {
  return (CLOSED_STATUSES as readonly RunStatus[]).includes(status);
}

/** Something a suspended run waits for, in words for people. */
export interface Wait {
  readonly kind:
    | "sleep"
    | "signal"
    | "retry"
    | "condition"
    | "step-handler"
    | "callback"
    | "child"
    // Before it begins: for its time, for a slot, for the other run of a singleton, for its place at a rate.
    | "start"
    | "concurrency"
    | "singleton"
    | "rate";
  /** Id of the waiting call; before the run begins, the key of the limit, or the workflow when it has none. */
  readonly id: string;
  /** Epoch ms when it ends by itself; absent when only the outside can end it. */
  readonly until?: number;
  /** For a retry: the attempt that comes next, of how many, and the last error's message. */
  readonly attempt?: number;
  readonly maxAttempts?: number;
  readonly lastError?: string;
}

/** What becomes of a child run when its parent closes before it. */
export type ClosePolicy = "cancel" | "abandon" | "wait";

/** The run that started this one. */
export interface Parent {
  readonly runId: string;
  /** Key of the parent's call: its id, unique in all generations. */
  readonly id: string;
  /** Whether it is told how this run ends. */
  readonly awaits: boolean;
}

/** The schedule that started a run, and the time it was for. */
export interface ScheduledFor {
  /** Its id. */
  readonly schedule: string;
  /** Epoch ms. */
  readonly for: number;
}

/** The run whose journal this one began with. */
export interface Origin {
  readonly runId: string;
  /** Position of the last entry that was taken into account; what of it was left out is for a reason of the retry. */
  readonly seq: number;
  /** The run whose idempotency keys this one uses; its own when absent. */
  readonly keysOf?: string;
}

/** Why a run is stalled. */
export interface StallReason {
  readonly code: string;
  readonly message: string;
  /** Epoch ms. */
  readonly at: number;
}

/** A long timer that is armed for the run. */
export interface ArmedTimer {
  readonly name: string;
  readonly fireAt: number;
}

/** What runs are found by; small, because META carries it. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;
/** `null` takes an attribute away. */
export type AttributeChange = Readonly<Record<string, string | number | boolean | null>>;

/** Whether a run has these attributes; values are compared as text, which is what an address can hold. */
export function hasAttributes(
  { attributes = {} }: Pick<Run, "attributes">,
  wanted: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(wanted).every(
    ([name, text]) => Object.hasOwn(attributes, name) && String(attributes[name]) === text,
  );
}

/** Positions of a journal, both included, that replay does not need and `load` need not read. */
export interface Fold {
  readonly from: number;
  readonly to: number;
}

/** All times are epoch ms. */
export interface Run {
  readonly runId: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: RunStatus;
  /** The input itself when small, otherwise the key of the inbox fact that holds it. */
  readonly input: { readonly payload: Payload } | { readonly fact: string };
  /** Hash of the input as the caller sent it: tells a repeated start from a conflicting one. */
  readonly inputHash: string;
  readonly createdAt: number;
  readonly closedAt?: number;
  readonly parent?: Parent;
  readonly forkedFrom?: Origin;
  readonly scheduled?: ScheduledFor;
  /** What bounds it (engine/flow/limiters.ts); absent when nothing does. */
  readonly limiters?: readonly string[];
  /** Nothing of its code is executed before this time. */
  readonly startAt?: number;
  /** The run ends `timed_out` at this time. */
  readonly deadline?: number;

  /** Number of the engine's behaviour that the run was started with, and keeps. */
  readonly behaviour: number;
  /** Fencing token: raised with each lease. */
  readonly fence: number;
  readonly leaseOwner?: string;
  readonly leaseUntil?: number;
  /** Count of causes to look at the run. */
  readonly wake: number;
  /** Count of causes that a finished activation has looked at. */
  readonly handled: number;
  /** Claims since the last suspend. */
  readonly fails: number;
  /**
   * Position of the last entry when the run was last suspended or closed; the journal may be ahead. What the entries up
   * to it ask of step handlers, publish or emit has been sent. 0 after a retry.
   */
  readonly lastSeq: number;

  /** Exact time of the next timer; its message or schedule was made before this was written (W3). */
  readonly nextWakeAt?: number;
  /** The sweeper wakes the run at this time although no timer is due: something outside may have been lost. */
  readonly checkAt?: number;
  readonly timer?: ArmedTimer;
  readonly waits: readonly Wait[];
  readonly stalled?: StallReason;
  /** As of the last time the run was left; the journal may be ahead. */
  readonly attributes?: Attributes;
  /** In order, apart from each other. As of the last time the run was left; the journal may have folded more. */
  readonly folds?: readonly Fold[];
  /** An operator holds the run: nobody may claim it. Whoever has it goes on to the next point where it can leave. */
  readonly paused?: true;
  /** When the sweeper looks at it; absent exactly when closed (W4). */
  readonly sweepAt?: number;
  /** Epoch seconds after which the store may drop it; set when closed. */
  readonly expiresAt?: number;
}
