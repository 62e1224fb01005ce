// A Lambda function of Perdure: what all of them have in common. Its role may write to its own log group and nothing
// else until grants.ts says more.
import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import { type IRole, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, LoggingFormat, RecursiveLoop, Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { bundling, type EntryPoint, entryFile } from "./bundling.ts";

export interface EngineFunctionProps {
  readonly entry: EntryPoint;
  readonly description: string;
  readonly timeout: Duration;
  /** In MB. */
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Path of the module that exports the workflows. @default - the function runs no workflow code */
  readonly workflows?: string | undefined;
  /** @default - none is reserved */
  readonly reservedConcurrency?: number | undefined;
  /** @default - a role of its own */
  readonly role?: IRole | undefined;
  /** What happens to the log group when the stack goes. @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy | undefined;
}

export class EngineFunction extends Construct {
  readonly function: NodejsFunction;
  readonly role: IRole;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: EngineFunctionProps) {
    super(scope, id);
    this.role =
      props.role ?? new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    this.logGroup = new LogGroup(this, "Log", {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    this.logGroup.grantWrite(this.role);
    this.function = new NodejsFunction(this, "Function", {
      entry: entryFile(props.entry),
      handler: "handler",
      description: props.description,
      bundling: bundling(props.workflows),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memorySize,
      environment: { ...props.environment },
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Activation, queue and activation again is how runs go on. Lambda takes a chain of 16 for a mistake and drops it.
      recursiveLoop: RecursiveLoop.ALLOW,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    });
  }
}
