// A function behind a queue: one message each, and a message counts as failed unless the function says otherwise (W2).
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { EngineFunction } from "./engine-function.ts";

export interface Concurrency {
  readonly maxConcurrency?: number | undefined;
  readonly reservedConcurrency?: number | undefined;
}

const DEFAULT_MAX_CONCURRENCY = 100;
/** SQS takes no less. */
const LEAST_MAX_CONCURRENCY = 2;

export function consume(
  consumer: EngineFunction,
  queue: IQueue,
  concurrency: Concurrency = {},
): SqsEventSource {
  const { maxConcurrency, reservedConcurrency = DEFAULT_MAX_CONCURRENCY } = concurrency;
  // More than is reserved would be throttled, and each throttle counts as a delivery.
  const affordable = Math.max(LEAST_MAX_CONCURRENCY, Math.min(DEFAULT_MAX_CONCURRENCY, reservedConcurrency));
  const source = new SqsEventSource(queue, {
    batchSize: 1,
    reportBatchItemFailures: true,
    maxConcurrency: maxConcurrency ?? affordable,
  });
  consumer.function.addEventSource(source);
  return source;
}
