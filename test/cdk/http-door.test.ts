import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { resourcesOf, synth } from "./synth.ts";

const ROUTE = "AWS::ApiGatewayV2::Route";

describe("the API's door", () => {
  it("asks for a signature on every route, of which there is one", () => {
    const routes = resourcesOf(synth().template, ROUTE);
    expect(
      routes.map(({ Properties: { RouteKey, AuthorizationType } }) => [RouteKey, AuthorizationType]),
    ).toEqual([["$default", "AWS_IAM"]]);
  });

  it("is open only when the user says so", () => {
    const { template } = synth({ auth: "none" });
    template.allResourcesProperties(ROUTE, { AuthorizationType: "NONE" });
  });

  it("writes an access log without query strings", () => {
    const { template } = synth();
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      StageName: "$default",
      AccessLogSettings: { DestinationArn: Match.anyValue(), Format: Match.stringLikeRegexp("requestId") },
    });
    const [stage] = resourcesOf(template, "AWS::ApiGatewayV2::Stage");
    expect(JSON.stringify(stage?.Properties)).not.toMatch(/query/i);
  });
});
