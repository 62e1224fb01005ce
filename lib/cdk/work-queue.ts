// A queue with its dead-letter queue: standard, because only a standard queue delays single messages.
import { Duration } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface WorkQueueProps {
  readonly visibility: Duration;
  /** Deliveries before a message goes to the dead-letter queue. */
  readonly maxDeliveries: number;
  /** @default - a key that SQS manages */
  readonly encryptionKey?: IKey | undefined;
}

/** Longest SQS keeps a message: enough to notice that nobody takes it. */
const KEPT = Duration.days(14);
/** Pace at which dead letters are judged again; above the dead-letter function's timeout. */
export const DEAD_LETTER_VISIBILITY = Duration.seconds(60);

export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.deadLetters = createDeadLetterQueue(this, "DeadLetters", props.encryptionKey);
    this.queue = new Queue(this, "Queue", {
      ...protection(props.encryptionKey),
      visibilityTimeout: props.visibility,
      retentionPeriod: KEPT,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxDeliveries },
    });
  }
}

export function createDeadLetterQueue(scope: Construct, id: string, encryptionKey: IKey | undefined): Queue {
  return new Queue(scope, id, {
    ...protection(encryptionKey),
    visibilityTimeout: DEAD_LETTER_VISIBILITY,
    retentionPeriod: KEPT,
  });
}

function protection(encryptionKey: IKey | undefined) {
  return encryptionKey === undefined
    ? { enforceSSL: true, encryption: QueueEncryption.SQS_MANAGED }
    : { enforceSSL: true, encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey };
}
