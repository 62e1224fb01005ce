// What a deployed stack says about itself: what the CLI, tests and people need to find it.
import { CfnOutput } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Perdure } from "./perdure.ts";

/** Adds outputs to the stack of `scope`. Their names are part of the interface: tools read them. */
export function addOutputs(scope: Construct, perdure: Perdure): void {
  const { door, table, bucket, activationWork, timers, stepHandlers } = perdure;
  const handlers = [...stepHandlers];
  const outputs: Readonly<Record<string, string>> = {
    ApiUrl: perdure.apiUrl,
    ApiId: door.api.apiId,
    TableName: table.tableName,
    BucketName: bucket.bucketName,
    ActivationQueueUrl: activationWork.queue.queueUrl,
    ActivationDeadLetterQueueUrl: activationWork.deadLetters.queueUrl,
    StepQueueUrls: JSON.stringify(
      Object.fromEntries(handlers.map(([name, { work }]) => [name, work.queue.queueUrl])),
    ),
    ScheduleGroupName: timers.group.scheduleGroupName,
    ActivationFunctionName: perdure.activation.function.functionName,
    ApiFunctionName: perdure.api.function.functionName,
    SweeperFunctionName: perdure.sweeper.function.functionName,
    DeadLetterFunctionName: perdure.deadLetterHandler.function.functionName,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(scope, name, { value });
}
