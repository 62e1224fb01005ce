// A queue whose messages a rule may look at (W2). As MemoryQueue in everything else: at least once, a delay for each
// message, a visibility timeout for each delivery, stale receipts that do nothing, dead letters after too many receives.
import { MAX_QUEUE_DELAY_MS } from "../../lib/limits.ts";
import type { Clock } from "../../lib/ports/clock.ts";
import type { Delivery, Queue } from "../../lib/ports/queue.ts";

interface Message {
  readonly id: number;
  readonly body: string;
  visibleAt: number;
  receives: number;
}

interface DeadLetters {
  readonly queue: SimQueue;
  readonly maxReceives: number;
}

export class SimQueue implements Queue {
  readonly maxDelayMs = MAX_QUEUE_DELAY_MS;
  readonly #clock: Clock;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #messages = new Map<number, Message>();
  #lastId = 0;

  constructor(clock: Clock, deadLetters?: DeadLetters) {
    this.#clock = clock;
    this.#deadLetters = deadLetters;
  }

  async send(body: string, delayMs = 0): Promise<void> {
    if (!(delayMs >= 0 && delayMs <= this.maxDelayMs)) throw new Error(`a delay of ${delayMs} ms`);
    this.#put(body, Math.ceil(this.#clock.now() + delayMs));
  }

  async receive({ max, visibilityMs }: Parameters<Queue["receive"]>[0]): Promise<Delivery[]> {
    const now = this.#clock.now();
    this.#buryDead(now);
    const visible = [...this.#messages.values()].filter((message) => message.visibleAt <= now);
    const taken = visible.toSorted((a, b) => a.visibleAt - b.visibleAt || a.id - b.id).slice(0, max);
    return taken.map((message) => {
      message.receives += 1;
      message.visibleAt = Math.ceil(now + visibilityMs);
      const receipt = `${message.id}.${message.receives}`;
      return { body: message.body, receipt, receiveCount: message.receives };
    });
  }

  async extend(receipt: string, visibilityMs: number): Promise<void> {
    const message = this.#delivered(receipt);
    const now = this.#clock.now();
    if (message !== undefined && message.visibleAt > now) message.visibleAt = Math.ceil(now + visibilityMs);
  }

  async remove(receipt: string): Promise<void> {
    const message = this.#delivered(receipt);
    if (message !== undefined) this.#messages.delete(message.id);
  }

  nextVisibleAt(): number | undefined {
    const times = [...this.#messages.values()].map(({ visibleAt }) => visibleAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Of every message that is not deleted, hidden or not. */
  bodies(): readonly string[] {
    return [...this.#messages.values()].map(({ body }) => body);
  }

  #put(body: string, visibleAt: number): void {
    this.#lastId += 1;
    this.#messages.set(this.#lastId, { id: this.#lastId, body, visibleAt, receives: 0 });
  }

  #buryDead(now: number): void {
    if (this.#deadLetters === undefined) return;
    for (const message of this.#messages.values()) {
      if (message.visibleAt > now || message.receives < this.#deadLetters.maxReceives) continue;
      this.#messages.delete(message.id);
      this.#deadLetters.queue.#put(message.body, now);
    }
  }

  /** The message, if the receipt is of its latest delivery. */
  #delivered(receipt: string): Message | undefined {
    const [id, receives] = receipt.split(".").map(Number);
    const message = this.#messages.get(id ?? 0);
    return message?.receives === receives ? message : undefined;
  }
}
