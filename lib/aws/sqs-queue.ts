// Queue on a standard SQS queue. SQS counts whole seconds, so every time is rounded up: a message is never early (T1),
// and never visible again sooner than its lease ends (W2).
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  MessageNotInflight,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
  SQSServiceException,
} from "@aws-sdk/client-sqs";
import { MAX_QUEUE_DELAY_MS } from "../limits.ts";
import type { Delivery, Queue } from "../ports/queue.ts";
import { PerdureError } from "../sdk/errors.ts";

export interface SqsQueueOptions {
  readonly client: SQSClient;
  readonly url: string;
}

/** SQS takes no longer long-poll. */
const MAX_WAIT_SECONDS = 20;
/** What a long-poll may take above its wait before it counts as lost. */
const WAIT_MARGIN_MS = 5_000;

export function createSqsQueue({ client, url: QueueUrl }: SqsQueueOptions): Queue {
  return {
    maxDelayMs: MAX_QUEUE_DELAY_MS,

    async send(body, delayMs = 0) {
      if (delayMs > MAX_QUEUE_DELAY_MS) {
        throw new PerdureError(
          "E_INTERNAL",
          `A message was to be delayed by ${delayMs} ms; SQS ends at ${MAX_QUEUE_DELAY_MS}.`,
        );
      }
      await client.send(
        new SendMessageCommand({ QueueUrl, MessageBody: body, DelaySeconds: wholeSeconds(delayMs) }),
      );
    },

    async receive({ max, visibilityMs, waitMs }) {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: max,
        VisibilityTimeout: wholeSeconds(visibilityMs),
        WaitTimeSeconds: Math.min(wholeSeconds(waitMs), MAX_WAIT_SECONDS),
        MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      });
      const { Messages: messages = [] } = await client.send(command, {
        requestTimeout: waitMs + WAIT_MARGIN_MS,
      });
      return messages.map(
        ({ Body, ReceiptHandle, Attributes }): Delivery => ({
          body: Body ?? "",
          receipt: ReceiptHandle ?? "",
          receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
        }),
      );
    },

    async extend(receipt, visibilityMs) {
      const VisibilityTimeout = wholeSeconds(visibilityMs);
      await unlessStale(
        client.send(
          new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receipt, VisibilityTimeout }),
        ),
      );
    },

    async remove(receipt) {
      await unlessStale(client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })));
    },
  };
}

function wholeSeconds(ms: number): number {
  return Math.ceil(Math.max(0, ms) / 1_000);
}

/** A receipt that no longer holds its message has nothing to extend or remove: somebody else got the message, or it is gone. */
async function unlessStale(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isStale(error)) throw error;
  }
}

function isStale(error: unknown): boolean {
  if (error instanceof MessageNotInflight || error instanceof ReceiptHandleIsInvalid) return true;
  // An expired receipt has no error of its own; the same code also refuses a visibility of more than twelve hours.
  return (
    error instanceof SQSServiceException &&
    error.name === "InvalidParameterValue" &&
    /receipt\s?handle/i.test(error.message)
  );
}
