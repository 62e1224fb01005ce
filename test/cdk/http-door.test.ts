import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { openBench } from "../api/bench.ts";
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

  it("needs no signature where a token is the authority, if the user says so, and is throttled there", async () => {
    const { template } = synth({ openRoutes: ["approvals", "callbacks"] });
    const routes = resourcesOf(template, ROUTE).map(
      ({ Properties: { RouteKey, AuthorizationType } }) => [RouteKey, AuthorizationType] as const,
    );
    const open = [
      "GET /approvals/{token}",
      "POST /approvals/{token}",
      "POST /callbacks/{token}",
      "POST /callbacks/{token}/heartbeat",
    ];
    expect(Object.fromEntries(routes)).toEqual({
      $default: "AWS_IAM",
      ...Object.fromEntries(open.map((key) => [key, "NONE"])),
    });
    const [stage] = Object.values(template.findResources("AWS::ApiGatewayV2::Stage"));
    const settings: Record<string, unknown> = stage?.["Properties"].RouteSettings;
    expect(Object.keys(settings).toSorted()).toEqual(open.toSorted());
    for (const setting of Object.values(settings)) {
      expect(setting).toEqual({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 });
    }
    // The routes come first, and lead to the one function.
    expect(stage?.["DependsOn"]).toEqual(
      expect.arrayContaining(
        Object.entries(template.findResources(ROUTE)).flatMap(([id, { Properties }]) =>
          Properties.RouteKey === "$default" ? [] : [id],
        ),
      ),
    );
    template.resourceCountIs("AWS::ApiGatewayV2::Integration", 1);
    const served = await openBench([]).get("/openapi.json");
    const { paths } = (await served.json()) as { paths: Record<string, object> };
    const withToken = Object.entries(paths).flatMap(([path, operations]) =>
      path.includes("{token}")
        ? Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)
        : [],
    );
    expect(withToken.toSorted()).toEqual(open.toSorted());
  });

  it("opens only the routes that the user names", () => {
    const { template } = synth({ openRoutes: ["callbacks"] });
    const keys = resourcesOf(template, ROUTE).map(({ Properties }) => Properties["RouteKey"]);
    expect(keys.filter((key) => String(key).includes("approvals"))).toEqual([]);
    expect(keys).toHaveLength(3);
  });

  it("tells those who send links its own address, or the one that people know", () => {
    const linkers = (props = {}) =>
      resourcesOf(synth(props).template, "AWS::Lambda::Function").flatMap(({ Properties }) => {
        const { Variables: variables } = Properties["Environment"] as { Variables: Record<string, unknown> };
        return "PERDURE_PUBLIC_URL" in variables ? [variables["PERDURE_PUBLIC_URL"]] : [];
      });
    // Activations and the one step handler.
    expect(linkers()).toHaveLength(2);
    expect(JSON.stringify(linkers()[0])).toContain("ApiEndpoint");
    const publicUrl = "https://perdure.example.com/";
    expect(linkers({ publicUrl })).toEqual(["https://perdure.example.com", "https://perdure.example.com"]);
    for (const wrong of ["perdure.example.com", "http://perdure.example.com", "https://a b", ""]) {
      expect(() => synth({ publicUrl: wrong })).toThrow("publicUrl");
    }
  });

  it("writes an access log without paths and query strings, which may hold tokens", () => {
    const { template } = synth();
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      StageName: "$default",
      AccessLogSettings: { DestinationArn: Match.anyValue(), Format: Match.stringLikeRegexp("requestId") },
    });
    const [stage] = resourcesOf(template, "AWS::ApiGatewayV2::Stage");
    expect(JSON.stringify(stage?.Properties)).not.toMatch(/query|path|protocol.*uri/i);
  });
});
