// CDK app of the cloud suite: the demo stack with the suite's workflows beside the examples', times short enough to be
// waited for, routes with tokens open, and a table for what workflows do to the outside world and tell it,
// and a queue that listens to their events.
import path from "node:path";
import { App, CfnOutput, Duration, Lazy, RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { DemoStack } from "../../bin/demo-stack.ts";
import { apiAddress } from "./api-address.ts";
import { STACK } from "./stack-name.ts";
import { TIMES } from "./times.ts";

const app = new App();
const EFFECTS_TABLE = `${STACK}-effects`;

// Links can be opened as they are.
const publicUrl = Lazy.string({
  produce: () => apiAddress(process.env["AWS_ENDPOINT_URL"] ?? "", stack.perdure.door.api.apiId),
});

const stack: DemoStack = new DemoStack(app, STACK, {
  perdure: {
    workflows: path.join(import.meta.dirname, "workflows.ts"),
    activation: { timeout: Duration.millis(TIMES.activationTimeoutMs) },
    longTimer: Duration.millis(TIMES.longTimerMs),
    scheduleLead: Duration.millis(TIMES.scheduleLeadMs),
    sweepEvery: Duration.millis(TIMES.sweepEveryMs),
    sweepGrain: Duration.millis(TIMES.sweepGrainMs),
    lease: Duration.millis(TIMES.leaseMs),
    renewedVisibility: Duration.millis(TIMES.visibilityMs),
    openRoutes: ["approvals", "callbacks"],
    publicUrl,
    environment: { EFFECTS_TABLE },
  },
});

// Empties the bucket before it is deleted, in a function of the CDK's that counts on the SDK of Lambda's runtime. Emulators
// have no such runtime, and delete a bucket with all that is in it.
stack.perdure.bucket.node.tryRemoveChild("AutoDeleteObjectsCustomResource");

const effects = new Table(stack, "Effects", {
  tableName: EFFECTS_TABLE,
  partitionKey: { name: "effect", type: AttributeType.STRING },
  billingMode: BillingMode.PAY_PER_REQUEST,
  removalPolicy: RemovalPolicy.DESTROY,
});
const { activation, stepHandlers } = stack.perdure;
for (const { role } of [activation, ...[...stepHandlers.values()].map((handler) => handler.function)]) {
  effects.grantReadWriteData(role);
}

// Who listens to the events of workflows.
const listener = new Queue(stack, "Listener", { removalPolicy: RemovalPolicy.DESTROY });
new Rule(stack, "Announcements", {
  eventBus: stack.perdure.eventBus,
  eventPattern: { source: ["perdure"], detailType: ["announced"] },
  targets: [new SqsQueue(listener)],
});

new CfnOutput(stack, "ListenerQueueUrl", { value: listener.queueUrl });
new CfnOutput(stack, "EffectsTableName", { value: effects.tableName });
new CfnOutput(stack, "ActivationSourceId", { value: stack.perdure.activationSource.eventSourceMappingId });
