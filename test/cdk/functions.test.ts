import { Duration } from "aws-cdk-lib";
import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { AWS_SETTINGS } from "../../lib/engine/index.ts";
import { readEnvironment } from "../../lib/lambda/environment.ts";
import { type Resource, resourcesOf, synth } from "./synth.ts";

const FUNCTION = "AWS::Lambda::Function";
const SOURCE = "AWS::Lambda::EventSourceMapping";

describe("the functions", () => {
  it("are five, run on Node 24, and may call themselves through a queue for ever", () => {
    const { template } = synth();
    template.resourceCountIs(FUNCTION, 5);
    template.allResourcesProperties(FUNCTION, {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      RecursiveLoop: "Allow",
      LoggingConfig: Match.objectLike({ LogFormat: "JSON", LogGroup: Match.anyValue() }),
    });
  });

  it("are told what they read at their start, and the times of the deployment", () => {
    const { template, perdure } = synth({ lease: Duration.seconds(30), longTimer: Duration.minutes(10) });
    for (const fn of resourcesOf(template, FUNCTION)) {
      const { settings, stepQueues } = readEnvironment(variablesOf(fn));
      expect(settings).toEqual(perdure.settings);
      expect([...stepQueues.keys()]).toEqual(["shipping"]);
    }
    expect(perdure.settings).toMatchObject({ leaseMs: 30_000, longTimerMs: 600_000 });
  });

  it("work with the settings of the engine unless the user says otherwise", () => {
    expect(synth().perdure.settings).toEqual({ ...AWS_SETTINGS, handOffBeforeMs: 60_000 });
  });

  it("get one message at a time, which fails alone, and not more of them at once than is paid for", () => {
    const { template } = synth({
      activation: { maxConcurrency: 7 },
      stepHandlers: { shipping: { reservedConcurrency: 5 } },
    });
    template.allResourcesProperties(SOURCE, {
      BatchSize: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    const most = resourcesOf(template, SOURCE).map(
      ({ Properties: { ScalingConfig: config } }) =>
        (config as { MaximumConcurrency: number }).MaximumConcurrency,
    );
    expect(most).toEqual(expect.arrayContaining([7, 5]));
  });

  it("judge the dead letters of every queue, and of Scheduler", () => {
    const { template, perdure } = synth();
    // Activations and steps, and three queues of dead letters.
    template.resourceCountIs(SOURCE, 5);
    expect(perdure.deadLetterQueues).toHaveLength(3);
  });

  it("sweep as often as asked", () => {
    synth({ sweepEvery: Duration.minutes(3) }).template.hasResourceProperties("AWS::Events::Rule", {
      ScheduleExpression: "rate(3 minutes)",
      State: "ENABLED",
    });
  });

  it("get the user's variables, where the user's code runs", () => {
    const { template } = synth({ environment: { STRIPE_URL: "https://stripe.example" } });
    const told = resourcesOf(template, FUNCTION).filter((fn) => variablesOf(fn)["STRIPE_URL"] !== undefined);
    expect(told).toHaveLength(3);
  });
});

/** Variables as text; names that are known only at deployment as JSON. */
function variablesOf({ Properties: { Environment: environment } }: Resource): Record<string, string> {
  const { Variables: variables } = environment as { Variables: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, asText(value)]));
}

/** Texts with placeholders are joined of parts. */
function asText(value: unknown): string {
  if (typeof value === "string") return value;
  const join = (value as { "Fn::Join"?: [string, unknown[]] })["Fn::Join"];
  return join === undefined
    ? "name"
    : join[1].map((part) => (typeof part === "string" ? part : "name")).join("");
}
