// Waits that somebody outside ends: by a token, or by a link for a person.
import type { Duration } from "./duration.ts";
import type { RetryPolicy, StepContext } from "./step.ts";

export interface CallbackOptions {
  /** Longest wait; then `TimeoutError`. Waits for ever when absent. */
  readonly timeout?: Duration;
  /** Longest silence: whoever has the token says with heartbeats that they are at it. Then `TimeoutError`. */
  readonly heartbeatTimeout?: Duration;
  /** For `submit`, which runs as a step. */
  readonly retry?: RetryPolicy;
}

/** Hands the token to the outside. Runs as a step; each attempt gets a token of its own, and all of them are good. */
export type Submit = (token: string, step: StepContext) => unknown;

/** What is asked of a person. Each link can be used once, by whoever has it. */
export interface ApprovalRequest {
  /** Opens a page that asks to confirm. */
  readonly approveUrl: string;
  readonly rejectUrl: string;
  /** Epoch ms when the links end, if they do. */
  readonly expiresAt: number | undefined;
}

export interface ApprovalOptions {
  /** Sends the links to a person. Runs as a step. */
  readonly to: (request: ApprovalRequest, step: StepContext) => unknown;
  /** Longest wait; then `TimeoutError`. */
  readonly timeout?: Duration;
  /** Whom to ask as well when nobody has answered for some time. */
  readonly escalate?: {
    /** Before the `timeout`. */
    readonly after: Duration;
    readonly to: (request: ApprovalRequest, step: StepContext) => unknown;
  };
}

/** What a person decided. */
export interface Approval {
  readonly approved: boolean;
  /** Who, as they called themselves; absent when they did not. */
  readonly by?: string;
  readonly note?: string;
  readonly at: Date;
}
