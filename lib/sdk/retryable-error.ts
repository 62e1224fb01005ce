// The error by which a body asks for another attempt. In a file of its own because it reads a duration, and what reads
// durations throws errors.
import { type Duration, durationMs } from "./duration.ts";

/**
 * Asks for another attempt, if the step's policy has one left, no earlier than `retryAfter`.
 *
 * @example
 * throw new RetryableError("rate limited", { retryAfter: "30s" });
 * @throws E_BAD_OPTION when `retryAfter` is no duration: that is then what the attempt has failed with
 */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
  /** Shortest wait before the next attempt, in milliseconds or as a duration; the policy's backoff when absent. */
  readonly retryAfter: Duration | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfter?: Duration } = {}) {
    super(message, options);
    const { retryAfter } = options;
    if (retryAfter !== undefined)
      durationMs(retryAfter, `retryAfter of RetryableError ${JSON.stringify(message)}`);
    this.retryAfter = retryAfter;
  }
}
