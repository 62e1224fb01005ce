// The deployed queues, handled from outside.

import { GetEventSourceMappingCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { type Message, readMessage, writeMessage } from "../../lib/engine/messages.ts";
import type { Deployment } from "./deployment.ts";
import { until } from "./until.ts";

const SETTLE_WITHIN_MS = 60_000;

export async function send({ clients }: Deployment, queueUrl: string, message: Message): Promise<void> {
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: writeMessage(message) }));
}

/** Returns when the queue has no message left: visible, in work or delayed. */
export async function untilEmpty({ clients }: Deployment, queueUrl: string): Promise<void> {
  await until({ what: `${queueUrl} to be empty`, withinMs: SETTLE_WITHIN_MS }, async () => {
    const { Attributes: counts = {} } = await clients.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: [
          "ApproximateNumberOfMessages",
          "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed",
        ],
      }),
    );
    return Object.values(counts).every((count) => count === "0");
  });
}

/** Takes the next message off the queue for good. */
export async function steal({ clients }: Deployment, queueUrl: string): Promise<Message> {
  return await until({ what: `a message on ${queueUrl}`, withinMs: SETTLE_WITHIN_MS }, async () => {
    const { Messages: messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl }),
    );
    const [message] = messages;
    if (message === undefined) return undefined;
    await clients.sqs.send(
      new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }),
    );
    return readMessage(message.Body ?? "");
  });
}

/** The bodies of all that is on the queue, which are taken off it for good. */
export async function drain({ clients }: Deployment, queueUrl: string): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages: messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
    );
    if (messages.length === 0) return bodies;
    for (const { Body: body = "", ReceiptHandle } of messages) {
      await clients.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
      bodies.push(body);
    }
  }
}

/** Connects the activation queue to its function or parts the two, and returns when that is so. */
export async function switchActivations({ clients, outputs }: Deployment, enabled: boolean): Promise<void> {
  const { ActivationSourceId: UUID } = outputs;
  await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: enabled }));
  const state = enabled ? "Enabled" : "Disabled";
  await until({ what: `the event source to be ${state}`, withinMs: SETTLE_WITHIN_MS }, async () => {
    const mapping = await clients.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    return mapping.State === state;
  });
}
