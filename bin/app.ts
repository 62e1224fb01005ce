// CDK app of the demo stack. `npm run deploy` deploys it; `npm run synth` shows it and needs no account.
//
// Times can be lowered for a try-out: `cdk deploy -c longTimerSeconds=60 -c scheduleLeadSeconds=30`.
import path from "node:path";
import { App, Duration } from "aws-cdk-lib";
import type { TimingProps } from "../lib/cdk/index.ts";
import { DemoStack } from "./demo-stack.ts";

/** Timings that have a context key, which is their name and `Seconds`. */
const TIMINGS = [
  "longTimer",
  "scheduleLead",
  "sweepEvery",
  "sweepGrain",
  "lease",
  "renewEvery",
  "renewedVisibility",
  "handOffBefore",
] as const satisfies readonly (keyof TimingProps)[];

const app = new App();

new DemoStack(app, "PerdureDemo", {
  perdure: {
    workflows: path.resolve(import.meta.dirname, "../examples/workflows.ts"),
    ...timingsFromContext(),
  },
});

/** @throws Error when one is not a number of seconds */
function timingsFromContext(): TimingProps {
  const given = TIMINGS.flatMap((timing) => {
    const key = `${timing}Seconds`;
    const text: unknown = app.node.tryGetContext(key);
    if (text === undefined) return [];
    const seconds = Number(text);
    if (!(seconds > 0))
      throw new Error(`Context ${key} is ${JSON.stringify(text)}; it must be a number of seconds.`);
    return [[timing, Duration.millis(seconds * 1_000)]];
  });
  return Object.fromEntries(given);
}
