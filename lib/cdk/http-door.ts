// The API's address: an HTTP API that hands every request to one function. Signed requests only, unless the user says
// otherwise; each request leaves a line in the access log.
import type { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import { HttpApi, HttpNoneAuthorizer, HttpStage, LogGroupLogDestination } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { allow } from "./allow.ts";

export interface HttpDoorProps {
  readonly handler: IFunction;
  readonly auth: "iam" | "none";
  /** What happens to the access log when the stack goes. */
  readonly removalPolicy: RemovalPolicy;
}

/** Who asked for what, what came of it and how long it took. No query strings: they may hold secrets. */
const ACCESS_LOG_FIELDS = {
  requestId: "$context.requestId",
  at: "$context.requestTime",
  ip: "$context.identity.sourceIp",
  caller: "$context.identity.userArn",
  method: "$context.httpMethod",
  path: "$context.path",
  status: "$context.status",
  responseBytes: "$context.responseLength",
  latencyMs: "$context.responseLatency",
  error: "$context.error.message",
};

export class HttpDoor extends Construct {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly accessLog: LogGroup;

  constructor(scope: Construct, id: string, { handler, auth, removalPolicy }: HttpDoorProps) {
    super(scope, id);
    this.api = new HttpApi(this, "Api", {
      createDefaultStage: false,
      // The integration of the $default route, which every request takes.
      defaultIntegration: new HttpLambdaIntegration("Integration", handler),
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
  }

  /** Address of the API, without a slash at its end. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Lets somebody call the API with signed requests. */
  grantInvoke(grantee: IGrantable): void {
    allow(grantee, ["execute-api:Invoke"], [this.api.arnForExecuteApi()]);
  }
}
