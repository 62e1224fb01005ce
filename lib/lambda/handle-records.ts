// An SQS event to the engine and its answers back: the part that the worker, the step handlers and the dead-letter
// handler share. Owns what happens to a message (W2): SQS deletes what is not reported, so a message is reported as
// failed unless the engine says that it is done.
//
// Batches have one record by default. More work too: records are handled side by side and each has its own fate.
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { Disposition, Host } from "../engine/index.ts";
import type { Log } from "../ports/log.ts";
import type { Queue } from "../ports/queue.ts";

export interface RecordHandling {
  /** Never resolves to `done` before the work is in the store. */
  readonly handle: (body: string, host: Host) => Promise<Disposition>;
  /** The queue the records come from; without it a message that is to come back does so when its queue says. */
  readonly queue: Queue | undefined;
  /** A message whose handling threw comes back this long after. */
  readonly retryAfterMs: (receiveCount: number) => number;
  readonly log: Log;
}

/** Never rejects: a thrown error would send every record of the batch back, those that are done too. */
export async function handleRecords(
  event: SQSEvent,
  context: Context,
  handling: RecordHandling,
): Promise<SQSBatchResponse> {
  const failures = await Promise.all(
    event.Records.map(async (record) => {
      const disposition = await handleRecord(record, context, handling);
      return disposition.done ? [] : [{ itemIdentifier: record.messageId }];
    }),
  );
  return { batchItemFailures: failures.flat() };
}

async function handleRecord(
  record: SQSRecord,
  context: Context,
  handling: RecordHandling,
): Promise<Disposition> {
  const { handle, queue, retryAfterMs, log } = handling;
  const receiveCount = Number(record.attributes.ApproximateReceiveCount);
  const host: Host = {
    remainingMs: () => context.getRemainingTimeInMillis(),
    extend: async (visibilityMs) => await queue?.extend(record.receiptHandle, visibilityMs),
    receiveCount,
  };
  const disposition = await handle(record.body, host).catch((error: unknown): Disposition => {
    log.error("a message could not be handled", { message: record.messageId, error: String(error) });
    return { done: false, retryInMs: retryAfterMs(receiveCount) };
  });
  if (disposition.done) return disposition;
  // Failing here costs time only: the message comes back when its present visibility ends.
  await host.extend(disposition.retryInMs).catch((error: unknown) => {
    log.warn("a message could not be given back early", {
      message: record.messageId,
      error: String(error),
    });
  });
  return disposition;
}
