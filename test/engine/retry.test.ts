import { describe, expect, it } from "vitest";
import { type Backoff, backoffOf, decideRetry } from "../../lib/engine/retry.ts";
import { PerdureError, TerminalError, TimeoutError } from "../../lib/sdk/errors.ts";
import { RetryableError } from "../../lib/sdk/retryable-error.ts";

const error = new Error("no");
const stepAt = (attempt: number, backoff: Backoff, isAtMostOnce = false) => ({
  failures: attempt - 1,
  backoff,
  isAtMostOnce,
});

describe("a retry policy", () => {
  it("doubles the wait up to its longest", () => {
    const backoff = backoffOf({ initial: "1s", max: "5s", jitter: 0, maxAttempts: 10 });
    const delays = [1, 2, 3, 4, 5].map((attempt) => decideRetry(stepAt(attempt, backoff), error, 0));
    expect(delays).toEqual([1_000, 2_000, 4_000, 5_000, 5_000].map((delayMs) => ({ again: true, delayMs })));
  });

  it("leaves its jitter part to chance", () => {
    const backoff = backoffOf({ initial: "10s", jitter: 0.5 });
    expect(decideRetry(stepAt(1, backoff), error, 0)).toEqual({ again: true, delayMs: 10_000 });
    expect(decideRetry(stepAt(1, backoff), error, 0.999_999)).toEqual({ again: true, delayMs: 5_000 });
  });

  it("ends at its last attempt", () => {
    expect(decideRetry(stepAt(3, backoffOf({ maxAttempts: 3 })), error, 0)).toEqual({ again: false });
  });

  it("never repeats a terminal error", () => {
    expect(decideRetry(stepAt(1, backoffOf()), new TerminalError("t"), 0)).toEqual({ again: false });
  });

  it("never repeats a step whose result could not be recorded", () => {
    expect(decideRetry(stepAt(1, backoffOf()), new PerdureError("E_NOT_SERIALIZABLE", "x."), 0)).toEqual({
      again: false,
    });
  });

  it.each([
    new TimeoutError("took longer than 5000 ms"),
    new PerdureError("E_STEP_LOST", "x."),
    new PerdureError("E_STEP_INTERRUPTED", "x."),
  ])("repeats an at-most-once step only after a failure that its body reported: %s", (ours) => {
    expect(decideRetry(stepAt(1, backoffOf(), true), ours, 0)).toEqual({ again: false });
    expect(decideRetry(stepAt(1, backoffOf(), true), error, 0).again).toBe(true);
    expect(decideRetry(stepAt(1, backoffOf(), false), new TimeoutError("took longer"), 0).again).toBe(true);
  });

  it("waits at least as long as a retryable error asks", () => {
    const asked = new RetryableError("busy", { retryAfter: "1h" });
    expect(decideRetry(stepAt(1, backoffOf()), asked, 0)).toEqual({ again: true, delayMs: 3_600_000 });
  });

  it.each(["soon", "30", null, -1, {}])(
    "refuses an error that asks for %j, when it is made",
    (retryAfter) => {
      expect(() => new RetryableError("busy", { retryAfter: retryAfter as never })).toThrow(
        `E_BAD_OPTION  retryAfter of RetryableError "busy" is ${JSON.stringify(retryAfter)}; a duration is`,
      );
    },
  );

  it("asks its predicate, and takes one that throws for a no", () => {
    expect(decideRetry(stepAt(1, backoffOf({ retryIf: () => false })), error, 0).again).toBe(false);
    const throwing = () => {
      throw new Error("bug");
    };
    expect(decideRetry(stepAt(1, backoffOf({ retryIf: throwing })), error, 0).again).toBe(false);
  });

  it.each([
    [{ maxAttempts: 0 }, "retry.maxAttempts is 0"],
    [{ maxAttempts: 2.5 }, "retry.maxAttempts is 2.5; it must be a whole number from 1 to 10000."],
    [{ maxAttempts: null }, "retry.maxAttempts is null"],
    [{ factor: 0 }, "retry.factor is 0; it must be a number from 1 to 100."],
    [{ jitter: 2 }, "retry.jitter is 2"],
    [{ initial: "soon" }, 'retry.initial is "soon"'],
    [{ initial: null }, "retry.initial is null"],
    [{ max: null }, "retry.max is null"],
    [
      { initial: "10m", max: "5m" },
      'retry.max is "5m", which is below retry.initial ("10m"); it must be at least as long.',
    ],
    [{ retryIf: "yes" }, 'retry.retryIf is "yes"; it must be a function.'],
  ])("%j is refused by name", (policy, message) => {
    expect(() => backoffOf(policy as never)).toThrow(`E_BAD_OPTION  ${message}`);
  });

  it.each([
    [{}, 1_000, 300_000],
    [{ initial: "10m" }, 600_000, 600_000],
    [{ initial: 0 }, 0, 300_000],
    [{ max: "200ms" }, 200, 200],
    [{ max: "1h" }, 1_000, 3_600_000],
    [{ initial: "5m", max: "5m" }, 300_000, 300_000],
  ])("%j: what is not said gives way to what is", (policy, initialMs, maxMs) => {
    expect(backoffOf(policy)).toMatchObject({ initialMs, maxMs });
  });
});
