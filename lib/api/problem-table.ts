// What each error code is over HTTP: the one place where codes meet statuses. Codes that no request can cause are 500,
// because meeting one here is a fault of ours.
import type { ErrorCode } from "../sdk/errors.ts";

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS: Readonly<Record<ErrorCode, ProblemKind>> = {
  E_BAD_NAME: { status: 400, title: "Bad name" },
  E_BAD_OPTION: { status: 400, title: "Bad option" },
  E_BATCH_FAILED: { status: 500, title: "Batch failed" },
  E_BODY_TOO_LARGE: { status: 413, title: "Body too large" },
  E_CALLBACK_CLOSED: { status: 410, title: "Callback closed" },
  E_CALLBACK_COMPLETED: { status: 409, title: "Callback completed" },
  E_CALLBACK_FAILED: { status: 500, title: "Callback failed" },
  E_CALLBACK_NOT_FOUND: { status: 404, title: "Callback not found" },
  E_CANCELLED: { status: 500, title: "Cancelled" },
  E_CHILD_FAILED: { status: 500, title: "Child failed" },
  E_CONDITION_UNMET: { status: 500, title: "Condition unmet" },
  E_CORRUPT: { status: 500, title: "Corrupt item" },
  E_DEAD_LETTER: { status: 500, title: "Dead letter" },
  E_DUPLICATE_NAME: { status: 500, title: "Duplicate name" },
  E_DUPLICATE_WORKFLOW: { status: 500, title: "Duplicate workflow" },
  E_FOREIGN_AWAIT: { status: 500, title: "Foreign await" },
  E_IDEMPOTENCY_CONFLICT: { status: 409, title: "Idempotency conflict" },
  E_INTERNAL: { status: 500, title: "Internal error" },
  E_INVALID_INPUT: { status: 422, title: "Invalid input" },
  E_MALFORMED_JSON: { status: 400, title: "Malformed JSON" },
  E_NEWER_FORMAT: { status: 500, title: "Newer format" },
  E_NONDETERMINISM: { status: 409, title: "Nondeterminism" },
  E_NOT_FOUND: { status: 404, title: "Not found" },
  E_NOT_SERIALIZABLE: { status: 422, title: "Not serializable" },
  E_POISON: { status: 500, title: "Poison" },
  E_RUN_CLOSED: { status: 409, title: "Run closed" },
  E_RUN_NOT_FOUND: { status: 404, title: "Run not found" },
  E_RUN_NOT_FAILED: { status: 409, title: "Run not failed" },
  E_RUN_NOT_PAUSED: { status: 409, title: "Run not paused" },
  E_RUN_NOT_STALLED: { status: 409, title: "Run not stalled" },
  E_RUN_STALLED: { status: 409, title: "Run stalled" },
  E_STEP_FAILED: { status: 500, title: "Step failed" },
  E_STEP_INTERRUPTED: { status: 500, title: "Step interrupted" },
  E_STEP_LOST: { status: 500, title: "Step lost" },
  E_STEP_HANDLER_MISSING: { status: 500, title: "Step handler missing" },
  E_STEP_UNREACHABLE: { status: 500, title: "Step unreachable" },
  E_TIMEOUT: { status: 500, title: "Timeout" },
  E_TOO_LARGE: { status: 413, title: "Too large" },
  E_TX_REFUSED: { status: 500, title: "Transaction refused" },
  E_TX_UNSUPPORTED: { status: 500, title: "Transaction unsupported" },
  E_UNKNOWN_WORKFLOW: { status: 404, title: "Unknown workflow" },
  E_VERSION_UNSUPPORTED: { status: 409, title: "Version unsupported" },
};
