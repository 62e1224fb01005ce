// Queue in memory, for tests and simulations. Looks at every message for each receive: meant for hundreds, not for
// millions.
import { MAX_QUEUE_DELAY_MS } from "../limits.ts";
import type { Delivery } from "../ports/queue.ts";
import { Listeners } from "./listeners.ts";
import {
  type LocalQueue,
  type LocalQueueOptions,
  type ReceiveOptions,
  readReceipt,
  receiveWithin,
  visibleAfter,
  writeReceipt,
} from "./local-queue.ts";

interface Message {
  readonly id: number;
  readonly body: string;
  readonly visibleAt: number;
  readonly receives: number;
}

export class MemoryQueue implements LocalQueue {
  readonly maxDelayMs = MAX_QUEUE_DELAY_MS;
  readonly #options: LocalQueueOptions<MemoryQueue>;
  readonly #messages = new Map<number, Message>();
  readonly #listeners = new Listeners();
  #lastId = 0;

  constructor(options: LocalQueueOptions<MemoryQueue>) {
    this.#options = options;
  }

  async send(body: string, delayMs = 0): Promise<void> {
    this.#put(body, visibleAfter(this.#options.clock, delayMs));
  }

  async receive(options: ReceiveOptions): Promise<Delivery[]> {
    return await receiveWithin(this, this.#options.clock, options, () => this.#take(options));
  }

  async extend(receipt: string, visibilityMs: number): Promise<void> {
    const message = this.#delivered(receipt);
    const now = this.#options.clock.now();
    // As on SQS, only what is hidden can be hidden longer: what shows again is anybody's.
    if (message === undefined || message.visibleAt <= now) return;
    this.#messages.set(message.id, { ...message, visibleAt: Math.ceil(now + visibilityMs) });
    this.#listeners.notify();
  }

  async remove(receipt: string): Promise<void> {
    const message = this.#delivered(receipt);
    if (message !== undefined) this.#messages.delete(message.id);
  }

  nextVisibleAt(): number | undefined {
    let earliest: number | undefined;
    for (const { visibleAt } of this.#messages.values())
      earliest = Math.min(earliest ?? visibleAt, visibleAt);
    return earliest;
  }

  onSend(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  #put(body: string, visibleAt: number): void {
    this.#lastId += 1;
    this.#messages.set(this.#lastId, { id: this.#lastId, body, visibleAt, receives: 0 });
    this.#listeners.notify();
  }

  #take({ max, visibilityMs }: ReceiveOptions): Delivery[] {
    const now = this.#options.clock.now();
    this.#buryDead(now);
    const visible = [...this.#messages.values()].filter((message) => message.visibleAt <= now);
    const taken = visible.toSorted((a, b) => a.visibleAt - b.visibleAt || a.id - b.id).slice(0, max);
    return taken.map((message) => {
      const received = {
        ...message,
        receives: message.receives + 1,
        visibleAt: Math.ceil(now + visibilityMs),
      };
      this.#messages.set(message.id, received);
      return { body: message.body, receipt: writeReceipt(received), receiveCount: received.receives };
    });
  }

  #buryDead(now: number): void {
    const { deadLetters } = this.#options;
    if (deadLetters === undefined) return;
    for (const message of this.#messages.values()) {
      if (message.visibleAt > now || message.receives < deadLetters.maxReceives) continue;
      this.#messages.delete(message.id);
      deadLetters.queue.#put(message.body, now);
    }
  }

  /** The message, if the receipt is of its latest delivery. */
  #delivered(receipt: string): Message | undefined {
    const { id, receives } = readReceipt(receipt);
    const message = this.#messages.get(id);
    return message?.receives === receives ? message : undefined;
  }
}
