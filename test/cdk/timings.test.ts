import { Duration } from "aws-cdk-lib";
import { describe, expect, it } from "vitest";
import type { PerdureProps } from "../../lib/cdk/index.ts";
import { resolveTimings } from "../../lib/cdk/timings.ts";
import { checkSettings } from "../../lib/engine/index.ts";
import { WORKFLOWS } from "./synth.ts";

const hours = (amount: number) => Duration.hours(amount);
const minutes = (amount: number) => Duration.minutes(amount);
const seconds = (amount: number) => Duration.seconds(amount);
const millis = (amount: number) => Duration.millis(amount);

describe("the times of a deployment", () => {
  it("fit each other by default", () => {
    const { settings } = resolve({});
    expect(checkSettings(settings)).toEqual(settings);
  });

  it.each([
    [minutes(5), 60_000],
    [minutes(15), 180_000],
    [minutes(2), 30_000],
    [seconds(30), 15_000],
  ])(
    "hand off a fifth of the timeout before its end, at least 30 s, at most half: %o",
    (timeout, expected) => {
      expect(resolve({ activation: { timeout } }).settings.handOffBeforeMs).toBe(expected);
    },
  );

  it.each<[rule: string, props: Partial<PerdureProps>, message: string]>([
    [
      "T-A for activations",
      { activation: { timeout: minutes(5), queueVisibility: minutes(5) } },
      "The timeout of the activation (300 s) must be shorter than its queueVisibility (300 s)",
    ],
    [
      "T-A for step handlers",
      { stepHandlers: { shipping: { timeout: seconds(90), queueVisibility: seconds(60) } } },
      'The timeout of the step handler "shipping" (90 s) must be shorter than its queueVisibility (60 s)',
    ],
    [
      "T-B",
      { lease: seconds(20), renewedVisibility: seconds(20) },
      "lease (20 s) must be shorter than renewedVisibility (20 s)",
    ],
    [
      "T-C",
      { lease: seconds(20), renewEvery: millis(10_500) },
      "renewEvery (10500 ms) must be at most half of lease (20 s)",
    ],
    [
      "T-D",
      { activation: { timeout: minutes(1) }, handOffBefore: minutes(1) },
      "handOffBefore (60 s) must be shorter than the activation timeout (60 s)",
    ],
    ["T-E", { longTimer: minutes(16) }, "longTimer (960 s) must be at most 900 s"],
    [
      "T-F",
      { longTimer: seconds(60), scheduleLead: seconds(60) },
      "scheduleLead (60 s) must be shorter than longTimer (60 s)",
    ],
    ["T-G", { sweepEvery: seconds(90) }, "sweepEvery (90 s) must be a whole number of minutes"],
    [
      "T-H for Lambda",
      { activation: { timeout: minutes(16) } },
      "(960 s) must be at most 900 s, Lambda's limit",
    ],
    [
      "T-H for SQS",
      { activation: { queueVisibility: hours(13) } },
      "The queueVisibility of the activation (46800 s) must be at most 43200 s",
    ],
  ])("are refused when they break %s", (_rule, props, message) => {
    expect(() => resolve(props)).toThrow(message);
  });

  it("are refused with every rule they break", () => {
    const broken = () => resolve({ longTimer: minutes(16), sweepEvery: seconds(1) });
    expect(broken).toThrow("longTimer");
    expect(broken).toThrow("sweepEvery");
  });
});

function resolve(props: Partial<PerdureProps>) {
  return resolveTimings({ workflows: WORKFLOWS, ...props });
}
