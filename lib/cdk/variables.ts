// The environment of the functions: what lib/lambda/environment.ts reads.
import type { Settings } from "../engine/settings.ts";
import { SETTING_VARIABLES, VARIABLES } from "../lambda/variables.ts";
import type { Resources } from "./grants.ts";

export function variables(
  { table, bucket, activationQueue, timers, eventBus }: Omit<Resources, "stepQueues">,
  stepQueueUrls: Readonly<Record<string, string>>,
  settings: Settings,
): Record<string, string> {
  const timings = Object.entries(SETTING_VARIABLES).map(([setting, name]) => [
    name,
    String(Math.round(settings[setting as keyof Settings])),
  ]);
  return {
    [VARIABLES.table]: table.tableName,
    [VARIABLES.bucket]: bucket.bucketName,
    [VARIABLES.activationQueueUrl]: activationQueue.queueUrl,
    // The URLs are known only at deployment and stand in the text as placeholders.
    [VARIABLES.stepQueues]: JSON.stringify(stepQueueUrls),
    [VARIABLES.eventBus]: eventBus.eventBusArn,
    [VARIABLES.scheduleGroup]: timers.group.scheduleGroupName,
    [VARIABLES.scheduleRoleArn]: timers.role.roleArn,
    [VARIABLES.scheduleTargetArn]: activationQueue.queueArn,
    [VARIABLES.scheduleDeadLetterArn]: timers.deadLetters.queueArn,
    ...Object.fromEntries(timings),
  };
}
