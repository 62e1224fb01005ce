// One engine on AWS, for one process: the ports on DynamoDB, SQS, Scheduler, EventBridge and S3, as the environment names them.
// Made once per cold start by each factory of this room and held in its closure. It keeps no state of any invocation, so
// invocations may share it, one after the other in a frozen sandbox or many at a time (Lambda Managed Instances).
import {
  createBlobClient,
  createEventClient,
  createQueueClient,
  createSchedulerClient,
  createTableClient,
} from "../aws/clients.ts";
import { createDynamoStore } from "../aws/dynamo-store.ts";
import { createEventBridgeEvents } from "../aws/eventbridge-events.ts";
import { createLambdaLog } from "../aws/lambda-log.ts";
import { createS3Blobs } from "../aws/s3-blobs.ts";
import { createSchedulerTimers } from "../aws/scheduler-timers.ts";
import { createSqsQueue } from "../aws/sqs-queue.ts";
import { createRegistry, type Engine } from "../engine/index.ts";
import { SystemClock } from "../local/system-clock.ts";
import { systemRandom } from "../local/system-random.ts";
import type { Ports } from "../ports/ports.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { type Environment, readEnvironment } from "./environment.ts";

/** What every function of Perdure is made from. */
export interface FunctionOptions {
  /** All workflows of the deployment. */
  readonly workflows: readonly AnyWorkflow[];
  /** @default - what the environment variables say that the Perdure construct sets */
  readonly environment?: Environment;
}

/** @throws E_BAD_OPTION, E_DUPLICATE_WORKFLOW: at cold start, so that a wrong deployment shows itself at once */
export function assemble(
  { workflows, environment = readEnvironment() }: FunctionOptions,
  tableClient = createTableClient(),
): Engine {
  return {
    ports: connect(environment, tableClient),
    registry: createRegistry(workflows),
    settings: environment.settings,
    ...(environment.publicUrl === undefined ? {} : { publicUrl: environment.publicUrl }),
  };
}

function connect(environment: Environment, tableClient: ReturnType<typeof createTableClient>): Ports {
  const { table, bucket, activationQueueUrl, stepQueues, schedules, eventBus } = environment;
  const queueClient = createQueueClient();
  const queueAt = (url: string) => createSqsQueue({ client: queueClient, url });
  return {
    store: createDynamoStore({ client: tableClient, tableName: table }),
    activations: queueAt(activationQueueUrl),
    stepHandlers: new Map([...stepQueues].map(([name, url]) => [name, queueAt(url)])),
    timers: createSchedulerTimers({
      client: createSchedulerClient(),
      group: schedules.group,
      roleArn: schedules.roleArn,
      queueArn: schedules.targetArn,
      deadLetterArn: schedules.deadLetterArn,
    }),
    events: createEventBridgeEvents({ client: createEventClient(), bus: eventBus }),
    blobs: createS3Blobs({ client: createBlobClient(), bucket }),
    clock: new SystemClock(),
    random: systemRandom,
    log: createLambdaLog(),
  };
}
