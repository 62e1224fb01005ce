// What long sleeps need: a schedule group for the one-time schedules, the role that Scheduler sends messages with, and
// a dead-letter queue for schedules that could not deliver.
import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { IQueue, Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { allow } from "./allow.ts";
import { createDeadLetterQueue } from "./work-queue.ts";

export interface TimerGroupProps {
  readonly activationQueue: IQueue;
  /** @default - a key that SQS manages */
  readonly encryptionKey?: IKey | undefined;
}

export class TimerGroup extends Construct {
  readonly group: ScheduleGroup;
  readonly role: Role;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { activationQueue, encryptionKey }: TimerGroupProps) {
    super(scope, id);
    // Its schedules are worth nothing without the queue, so they go with the stack.
    this.group = new ScheduleGroup(this, "Group", { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetters = createDeadLetterQueue(this, "DeadLetters", encryptionKey);
    this.role = new Role(this, "Role", {
      description: "Lets EventBridge Scheduler wake Perdure's runs",
      // Only for this account's schedules: another's cannot borrow the role.
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    });
    allow(this.role, ["sqs:SendMessage"], [activationQueue.queueArn, this.deadLetters.queueArn]);
    encryptionKey?.grantEncryptDecrypt(this.role);
  }

  /** ARN of every schedule of the group, and of no other. */
  get schedulesArn(): string {
    return Stack.of(this).formatArn({
      service: "scheduler",
      resource: "schedule",
      resourceName: `${this.group.scheduleGroupName}/*`,
    });
  }
}
