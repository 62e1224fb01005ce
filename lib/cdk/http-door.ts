// The API's address: an HTTP API that hands every request to one function. Signed requests only, unless the user says
// otherwise; each request leaves a line in the access log. Callbacks and approvals carry their authority in the address, a
// token with 256 bits of chance, so they may be opened to whoever has one: throttled, and never written to a log.
import type { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  CfnStage,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  type HttpRoute,
  HttpStage,
  LogGroupLogDestination,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { allow } from "./allow.ts";
import type { OpenRoutes } from "./props.ts";

export interface HttpDoorProps {
  readonly handler: IFunction;
  readonly auth: "iam" | "none";
  /** Who has a token needs no signature. */
  readonly openRoutes: readonly OpenRoutes[];
  /** What happens to the access log when the stack goes. */
  readonly removalPolicy: RemovalPolicy;
}

/** The routes whose token is their authority. */
export const TOKEN_ROUTES: Readonly<Record<OpenRoutes, readonly (readonly [HttpMethod, string])[]>> = {
  approvals: [
    [HttpMethod.GET, "/approvals/{token}"],
    [HttpMethod.POST, "/approvals/{token}"],
  ],
  callbacks: [
    [HttpMethod.POST, "/callbacks/{token}"],
    [HttpMethod.POST, "/callbacks/{token}/heartbeat"],
  ],
};

/** Of each open route, in requests a second and at once: anybody may send them, and each costs a read. */
const OPEN_THROTTLE = { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 };

/**
 * Who asked for what, what came of it and how long it took. No paths and no query strings: a path may hold a token. The
 * function's own log has the path without it, under the same request id.
 */
const ACCESS_LOG_FIELDS = {
  requestId: "$context.requestId",
  at: "$context.requestTime",
  ip: "$context.identity.sourceIp",
  caller: "$context.identity.userArn",
  method: "$context.httpMethod",
  route: "$context.routeKey",
  status: "$context.status",
  responseBytes: "$context.responseLength",
  latencyMs: "$context.responseLatency",
  error: "$context.error.message",
};

export class HttpDoor extends Construct {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly accessLog: LogGroup;

  constructor(scope: Construct, id: string, props: HttpDoorProps) {
    super(scope, id);
    const { handler, auth, openRoutes, removalPolicy } = props;
    // Of the $default route, which every request takes that no other route is for.
    const integration = new HttpLambdaIntegration("Integration", handler);
    this.api = new HttpApi(this, "Api", {
      createDefaultStage: false,
      defaultIntegration: integration,
      defaultAuthorizer: auth === "iam" ? new HttpIamAuthorizer() : new HttpNoneAuthorizer(),
    });
    this.accessLog = new LogGroup(this, "AccessLog", { retention: RetentionDays.ONE_MONTH, removalPolicy });
    this.stage = new HttpStage(this, "Stage", {
      httpApi: this.api,
      autoDeploy: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
    this.#open(
      openRoutes.flatMap((routes) => TOKEN_ROUTES[routes]),
      integration,
    );
  }

  /** Address of the API, without a slash at its end. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  #open(routes: (typeof TOKEN_ROUTES)[OpenRoutes], integration: HttpLambdaIntegration): void {
    const opened: HttpRoute[] = routes.flatMap(([method, path]) =>
      this.api.addRoutes({ path, methods: [method], integration, authorizer: new HttpNoneAuthorizer() }),
    );
    if (opened.length === 0) return;
    const stage = this.stage.node.defaultChild;
    if (!(stage instanceof CfnStage)) throw new Error("an HttpStage is no CfnStage any more");
    stage.routeSettings = Object.fromEntries(
      routes.map(([method, path]) => [`${method} ${path}`, OPEN_THROTTLE]),
    );
    // A stage cannot throttle a route that is not there yet.
    stage.node.addDependency(...opened);
  }

  /** Lets somebody call the API with signed requests. */
  grantInvoke(grantee: IGrantable): void {
    allow(grantee, ["execute-api:Invoke"], [this.api.arnForExecuteApi()]);
  }
}
