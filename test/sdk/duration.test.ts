import { describe, expect, it } from "vitest";
import { durationMs } from "../../lib/sdk/duration.ts";

describe("a duration", () => {
  it.each([
    [0, 0],
    [1500, 1_500],
    ["250ms", 250],
    ["5m", 300_000],
    ["1.5 hours", 5_400_000],
    ["1h 30m", 5_400_000],
    ["3 days", 259_200_000],
    ["1 week", 604_800_000],
    ["2 Mins", 120_000],
    [{ hours: 1, seconds: 1 }, 3_601_000],
  ])("%j is %d ms", (duration, ms) => {
    expect(durationMs(duration)).toBe(ms);
  });

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    "soon",
    "5 parsecs",
    "5",
    "m",
    { fortnights: 1 },
    null,
    "11 years",
    { weeks: 900 },
    {},
  ])("%j is refused with the option's name, the value and what is allowed", (duration) => {
    expect(() => durationMs(duration as never, "timeout")).toThrow(/E_BAD_OPTION {2}timeout is .*"3 days"/);
  });

  it.each([
    [Number.POSITIVE_INFINITY, "Infinity"],
    [5n, "5n"],
    ["soon", '"soon"'],
    [{ fortnights: 1 }, '{"fortnights":1}'],
    [{ hours: 1n }, "an object"],
    [() => 1, "function"],
  ])("that is refused is shown as it was written (%#)", (duration, shown) => {
    expect(() => durationMs(duration as never, "timeout")).toThrow(`timeout is ${shown}; a duration`);
  });
});
