// Whether and when a failed attempt is tried again (lib/engine/retry.ts, kinds/step.ts, attempt.ts).
import type { Area } from "../mutant.ts";

const file = "lib/engine/retry.ts";
const RETRY = ["test/engine/retry.test.ts"];
const STEPS = ["test/engine/steps.test.ts"];

export const retries: Area = [
  {
    name: "a terminal error is tried again",
    invariant: "code",
    why: "a payment that was declined for good is asked for again",
    file,
    find: "error instanceof TerminalError || ",
    replace: "",
    noticedIn: RETRY,
  },
  {
    name: "a step has one attempt more than its policy",
    invariant: "code",
    why: "its side effect happens once more than was asked for",
    file,
    find: "attempt >= backoff.maxAttempts",
    replace: "attempt > backoff.maxAttempts",
    noticedIn: RETRY,
  },
  {
    name: "a retryable error's own wait is ignored",
    invariant: "code",
    why: "a service that asked for a minute is asked again in a second",
    file,
    find: "Math.max(jitteredMs, retryAfterMs(error))",
    replace: "jitteredMs",
    noticedIn: RETRY,
  },
  {
    name: "a step whose result cannot be recorded is tried again",
    invariant: "code",
    why: "its side effect happens again and cannot be recorded again",
    file,
    find: 'error.code === "E_NOT_SERIALIZABLE" || error.code === "E_TOO_LARGE"',
    replace: 'error.code === "E_INTERNAL"',
    noticedIn: RETRY,
  },
  {
    name: "the predicate of a policy is not asked",
    invariant: "code",
    why: "what must not be repeated is repeated",
    file,
    find: "return backoff.retryIf(error, attempt);",
    replace: "return true;",
    noticedIn: RETRY,
  },
  {
    name: "a retry does not wait",
    invariant: "T1",
    why: "a failing service is asked five times within a second",
    file: "lib/engine/kinds/step.ts",
    find: "if (call.state.notBefore > situation.now) ",
    replace: "if (call.state.notBefore < 0) ",
    noticedIn: STEPS,
  },
  {
    name: "attempts are not counted",
    invariant: "code",
    why: "the journal has two outcomes of one attempt",
    file: "lib/engine/kinds/step.ts",
    find: "attempt: entry.attempt + 1, notBefore: entry.retryAt",
    replace: "attempt: entry.attempt, notBefore: entry.retryAt",
    noticedIn: STEPS,
  },
  {
    name: "a step that has timed out is not told",
    invariant: "code",
    why: "it works on beside its next attempt",
    file: "lib/engine/attempt.ts",
    find: "if (!this.#finished.aborted) this.#overtime.abort(error);",
    replace: "",
    noticedIn: STEPS,
  },
  {
    name: "each attempt has its own idempotency key",
    invariant: "code",
    why: "the outside cannot tell a second attempt from a second order",
    file: "lib/engine/attempt.ts",
    find: "idempotencyKey: call.idempotencyKey,",
    replace: 'idempotencyKey: [call.idempotencyKey, attempt].join("/"),',
    noticedIn: STEPS,
  },
];
