// Takes messages from queues and hands them to the engine, in this process, many at a time. What SQS and Lambda do on
// AWS. Deletes a message only when the engine says it is done (W2); otherwise it comes back.
import { type Engine, type Host, handleDeadLetter, handleMessage } from "../engine/index.ts";
import type { Delivery, Queue } from "../ports/queue.ts";

export interface WorkerOptions {
  readonly engine: Engine;
  readonly queue: Queue;
  /** Messages handled at the same time. @default 16 */
  readonly concurrency?: number;
  /** How long a handler may take before it hands off, ms. @default no limit */
  readonly timeoutMs?: number;
  /** Messages of a dead-letter queue are judged, not handled. @default false */
  readonly deadLetters?: boolean;
  /** How long one receive waits for a message, ms. @default 1000 */
  readonly waitMs?: number;
}

/** Works until `signal` aborts, then waits for what is under way. */
export async function work(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { engine, queue, concurrency = 16, waitMs = 1_000 } = options;
  const { visibilityMs } = engine.settings;
  const underWay = new Set<Promise<void>>();
  while (!signal.aborted) {
    if (underWay.size >= concurrency) await Promise.race(underWay);
    const max = Math.min(10, concurrency - underWay.size);
    const deliveries = await receive(queue, engine, { max, visibilityMs, waitMs });
    for (const delivery of deliveries) {
      const handled = handle(options, delivery).finally(() => underWay.delete(handled));
      underWay.add(handled);
    }
  }
  await Promise.all(underWay);
}

/** A queue that cannot be reached is tried again after a second. */
async function receive(
  queue: Queue,
  engine: Engine,
  options: Parameters<Queue["receive"]>[0],
): Promise<Delivery[]> {
  try {
    return await queue.receive(options);
  } catch (error) {
    engine.ports.log.warn("queue cannot be reached", { error: String(error) });
    await engine.ports.clock.sleep(1_000);
    return [];
  }
}

/** Never rejects: a message whose handling failed comes back by itself. */
async function handle(
  { engine, queue, timeoutMs, deadLetters }: WorkerOptions,
  delivery: Delivery,
): Promise<void> {
  const { clock, log } = engine.ports;
  const startedAt = clock.now();
  const host: Host = {
    remainingMs: () =>
      timeoutMs === undefined ? Number.POSITIVE_INFINITY : startedAt + timeoutMs - clock.now(),
    extend: (visibilityMs) => queue.extend(delivery.receipt, visibilityMs),
    receiveCount: delivery.receiveCount,
  };
  try {
    const disposition = deadLetters
      ? await handleDeadLetter(engine, delivery.body)
      : await handleMessage(engine, delivery.body, host);
    if (disposition.done) await queue.remove(delivery.receipt);
    else await queue.extend(delivery.receipt, disposition.retryInMs);
  } catch (error) {
    log.error("a message could not be handled", { error: String(error) });
  }
}
