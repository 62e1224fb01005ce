// The errors an author meets, few and named by what the caller should do, and the base of
// every error Perdure raises itself. Each code has a page in docs/errors/<CODE>.md; a test checks that.

import type { WriteRefusal } from "../ports/transaction.ts";
import type { Batch } from "./batch.ts";

/** Every code, with one sentence that ends a message with the way out. */
export const ERROR_CODES = {
  E_BAD_NAME: "Names are 1 to 128 characters without '/', '#' or control characters.",
  E_BAD_OPTION: "Change the option to one of the allowed values.",
  E_BODY_TOO_LARGE: "Send less, or send a reference to where the data is stored.",
  E_BATCH_FAILED: "The failures it holds say why; `tolerate` says how many may fail.",
  E_CALLBACK_CLOSED: "Nothing to do: the workflow no longer waits for it.",
  E_CALLBACK_COMPLETED: "Nothing to do: the first completion counts.",
  E_CALLBACK_FAILED: "The cause says what the other side reported.",
  E_CALLBACK_NOT_FOUND: "Check the token.",
  E_CANCELLED: "Nothing to do: somebody asked for the end.",
  E_CHILD_FAILED: "The cause says why the child run failed.",
  E_CONDITION_UNMET: "Look at what the last check saw; `maxChecks` and `every` say how long is waited.",
  E_CORRUPT: "Mend the item, from a backup if need be, then retry the run.",
  E_DEAD_LETTER: "Look at the function's log, fix the cause, then retry the run.",
  E_DUPLICATE_NAME: "Give each concurrent call a name of its own, for example with the item's id in it.",
  E_DUPLICATE_WORKFLOW: "Rename one of the two workflows.",
  E_FOREIGN_AWAIT: "Move the call into ctx.step, so that its result is recorded.",
  E_IDEMPOTENCY_CONFLICT: "Use another idempotency key, or send the same content again.",
  E_INTERNAL: "Look at the log; this is a fault of Perdure or of its surroundings.",
  E_INVALID_INPUT: "Correct the fields named in the answer and send it again.",
  E_MALFORMED_JSON: "Send a body that is valid JSON.",
  E_NEWER_FORMAT: "Deploy the newer version of Perdure again, then retry the run.",
  E_NONDETERMINISM: "Put the old code back or correct it, then retry the run.",
  E_NOT_FOUND: "Check the address.",
  E_NOT_SERIALIZABLE: "Return plain data: JSON values, Date, Map, Set, BigInt, Uint8Array or Error.",
  E_POISON: "Look at the function's log for what ends the process, fix it, then retry the run.",
  E_RUN_CLOSED: "Start a new run.",
  E_RUN_NOT_FOUND: "Check the run id.",
  E_RUN_NOT_FAILED: "Only a run that failed, was cancelled or timed out can be retried; fork it instead.",
  E_RUN_NOT_PAUSED: "Only a paused run can be resumed.",
  E_RUN_NOT_STALLED: "Only a stalled run can be revived.",
  E_RUN_STALLED: "Mend what it is stalled by, then retry it, or terminate it.",
  E_SCHEDULE_EXISTS: "Update it, or delete it first, or use another id.",
  E_SCHEDULE_NOT_FOUND: "Check the id; a schedule that has no more times, or was deleted, is gone.",
  E_STEP_FAILED: "The cause says why; a retry policy may help.",
  E_STEP_INTERRUPTED: "Find out whether it happened, then decide in the workflow what follows.",
  E_STEP_LOST: "Look at the step handler's log for what ends the process.",
  E_STEP_HANDLER_MISSING: "Deploy a step handler of that name, or correct the step's `on` option.",
  E_STEP_UNREACHABLE: "Deploy the same code to activations and step handlers.",
  E_TIMEOUT: "Allow more time or handle the TimeoutError.",
  E_TOO_LARGE: "Store the data elsewhere and keep a reference to it.",
  E_TX_REFUSED: "The reasons say which write was refused and why; decide in the workflow what follows.",
  E_TX_UNSUPPORTED:
    "Deploy it to AWS, or run it on a local DynamoDB; use ctx.step where that is not possible.",
  E_UNKNOWN_WORKFLOW: "Check the name, or deploy the workflow.",
  E_VERSION_UNSUPPORTED: "Deploy code that still has the branch, then retry the run.",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error raised by Perdure itself; `message` says what happened and why, and ends with what to do. */
export class PerdureError extends Error {
  override readonly name: string = "PerdureError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, what: string, options?: ErrorOptions) {
    super(`${code}  ${what} ${ERROR_CODES[code]}`, options);
    this.code = code;
  }
}

/**
 * Ends retrying: thrown in a step it fails the step at once, thrown in a workflow it fails the run.
 *
 * @example
 * throw new TerminalError("card was stolen");
 */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** A wait or an attempt took longer than it was allowed. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "E_TIMEOUT";
}

/** The run, or the scope or call that waited, was cancelled. What the code calls from then on is its cleaning up. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
  readonly code = "E_CANCELLED";
}

/** A child run ended otherwise than with a result. `cause` is what it ended with, as it was recorded. */
export class ChildRunError extends Error {
  override readonly name = "ChildRunError";
  readonly code = "E_CHILD_FAILED";
  readonly child: string;
  readonly runId: string;
  readonly status: "failed" | "cancelled" | "timed_out";

  constructor(child: string, runId: string, status: ChildRunError["status"], cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`child run "${child}" (${runId}) ended ${status}: ${why}`, { cause });
    this.child = child;
    this.runId = runId;
    this.status = status;
  }
}

/** A condition had not come true after as many checks as it was given (`maxChecks`). */
export class ConditionError extends Error {
  override readonly name = "ConditionError";
  readonly code = "E_CONDITION_UNMET";
  readonly condition: string;
  readonly checks: number;
  /** What the last check that did not fail returned, as it was recorded; `initial` when none did. */
  readonly last: unknown;

  /** `seen` says in a few words what the last check saw. */
  constructor(condition: string, checks: number, last: unknown, seen: string) {
    super(
      `condition "${condition}" did not come true in ${checks} ${checks === 1 ? "check" : "checks"}; last: ${seen}`,
    );
    this.condition = condition;
    this.checks = checks;
    this.last = last;
  }
}

/** Whoever was to complete a callback said that it failed. `cause` is what they said. */
export class CallbackError extends Error {
  override readonly name = "CallbackError";
  readonly code = "E_CALLBACK_FAILED";
  readonly callback: string;

  constructor(callback: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`callback "${callback}" was completed with an error: ${why}`, { cause });
    this.callback = callback;
  }
}

/** Of many pieces of work more failed than were tolerated. `cause` is the first failure. */
export class BatchError extends Error {
  override readonly name = "BatchError";
  readonly code = "E_BATCH_FAILED";
  readonly batch: Batch<unknown>;

  constructor(message: string, batch: Batch<unknown>, options?: ErrorOptions) {
    super(message, options);
    this.batch = batch;
  }
}

/** A write of `ctx.tx` was refused, most often because its condition did not hold. Nothing was written. */
export class TransactionError extends Error {
  override readonly name = "TransactionError";
  readonly code = "E_TX_REFUSED";
  readonly transaction: string;
  /** Which writes were refused, and why. */
  readonly reasons: readonly WriteRefusal[];

  constructor(transaction: string, reasons: readonly WriteRefusal[]) {
    const each = reasons.map(({ write, code, message }) =>
      write === undefined ? `${code}: ${message}` : `write ${write}: ${code}: ${message}`,
    );
    super(`transaction "${transaction}" was refused, nothing was written: ${each.join("; ")}`);
    this.transaction = transaction;
    this.reasons = reasons;
  }
}

/** A step failed for good. `cause` is what its last attempt threw, as it was recorded. */
export class StepError extends Error {
  override readonly name = "StepError";
  readonly code = "E_STEP_FAILED";
  readonly step: string;
  /** The attempt that ended it, 1-based. */
  readonly attempt: number;

  constructor(step: string, attempt: number, cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`step "${step}" failed at attempt ${attempt}: ${why}`, { cause });
    this.step = step;
    this.attempt = attempt;
  }
}
