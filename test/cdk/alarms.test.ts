import { readFileSync } from "node:fs";
import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { STALLED_MESSAGE } from "../../lib/cdk/alarms.ts";
import { synth } from "./synth.ts";

describe("the alarms", () => {
  it("ring at the first stalled run, by the line that the engine writes", () => {
    const { template } = synth();
    template.hasResourceProperties("AWS::Logs::MetricFilter", {
      FilterPattern: `{ $.message = "${STALLED_MESSAGE}" }`,
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", { MetricName: "StalledRuns", Threshold: 1 });
    const source = readFileSync(new URL("../../lib/engine/leave.ts", import.meta.url), "utf8");
    expect(source).toContain(`log.error("${STALLED_MESSAGE}"`);
  });

  it("ring when a wake-up, or a dead letter of any queue, gets old", () => {
    const { template } = synth();
    const old = Match.objectLike({
      MetricName: "ApproximateAgeOfOldestMessage",
      TreatMissingData: "notBreaching",
    });
    template.resourcePropertiesCountIs("AWS::CloudWatch::Alarm", old, 4);
  });
});
