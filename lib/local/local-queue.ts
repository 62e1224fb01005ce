// What the local queues share: how they behave beyond the Queue port, the bounds they check as SQS does, and how a
// receive waits. Delays end at fifteen minutes here too, so that long sleeps go through Timers on a laptop as they do
// on AWS.
import { MAX_QUEUE_DELAY_MS } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Delivery, Queue } from "../ports/queue.ts";
import { PerdureError } from "../sdk/errors.ts";

/** A queue of this process, whose worker loop sleeps exactly as long as it needs to. */
export interface LocalQueue extends Queue {
  /** Epoch ms at which the first message is or becomes visible; nothing when the queue is empty. */
  nextVisibleAt(): number | undefined;
  /**
   * Calls `listener` whenever a message was put on the queue, or became visible earlier than it would have, by this
   * process: the moments after which `nextVisibleAt` may be earlier. Returns what ends it.
   */
  onSend(listener: () => void): () => void;
}

export interface LocalQueueOptions<DeadLetters extends LocalQueue> {
  readonly clock: Clock;
  /** Where a message goes, instead of being received once more, after `maxReceives` receives. @default - never */
  readonly deadLetters?: { readonly queue: DeadLetters; readonly maxReceives: number };
}

export type ReceiveOptions = Parameters<Queue["receive"]>[0];

const MAX_BATCH = 10;

/** Epoch ms at which a message sent now becomes visible; never early (T1). @throws E_BAD_OPTION */
export function visibleAfter(clock: Clock, delayMs: number): number {
  if (!(delayMs >= 0 && delayMs <= MAX_QUEUE_DELAY_MS)) {
    const what = `A message cannot be delayed by ${delayMs} ms: a queue delays from 0 to ${MAX_QUEUE_DELAY_MS} ms.`;
    throw new PerdureError("E_BAD_OPTION", what);
  }
  return Math.ceil(clock.now() + delayMs);
}

/** Takes what is visible; when there is nothing, waits until there may be something, or until `waitMs` are over. */
export async function receiveWithin(
  queue: LocalQueue,
  clock: Clock,
  { max, waitMs }: ReceiveOptions,
  take: () => Delivery[],
): Promise<Delivery[]> {
  if (!(max >= 1 && max <= MAX_BATCH)) {
    throw new PerdureError("E_BAD_OPTION", `One receive takes 1 to ${MAX_BATCH} messages, not ${max}.`);
  }
  const deadline = clock.now() + waitMs;
  for (;;) {
    const deliveries = take();
    const now = clock.now();
    if (deliveries.length > 0 || now >= deadline) return deliveries;
    const nextAt = Math.min(deadline, queue.nextVisibleAt() ?? deadline);
    await sleepOrSend(queue, clock, nextAt - now);
  }
}

async function sleepOrSend(queue: LocalQueue, clock: Clock, ms: number): Promise<void> {
  const sent = new AbortController();
  const stopListening = queue.onSend(() => sent.abort());
  try {
    await clock.sleep(ms, sent.signal);
  } finally {
    stopListening();
  }
}

/** A receipt names a delivery: the message, and how often it had been received by then. */
export interface Receipt {
  readonly id: number;
  readonly receives: number;
}

export function writeReceipt({ id, receives }: Receipt): string {
  return `${id}.${receives}`;
}

/** A text that is no receipt reads as one that fits no delivery. */
export function readReceipt(receipt: string): Receipt {
  const [id, receives] = receipt.split(".");
  return { id: Number(id ?? Number.NaN), receives: Number(receives ?? Number.NaN) };
}
