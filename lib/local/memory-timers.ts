// Timers in memory, for tests and simulations.
import type { Clock } from "../ports/clock.ts";
import type { Queue } from "../ports/queue.ts";
import type { Timer } from "../ports/timers.ts";
import { Listeners } from "./listeners.ts";
import { type LocalTimers, MAX_TIMERS_COLLECTED } from "./local-timers.ts";

export class MemoryTimers implements LocalTimers {
  readonly #clock: Clock;
  readonly #queue: Queue;
  readonly #timers = new Map<string, Timer>();
  readonly #listeners = new Listeners();

  /** `queue` is where the messages of due timers go. */
  constructor({ clock, queue }: { readonly clock: Clock; readonly queue: Queue }) {
    this.#clock = clock;
    this.#queue = queue;
  }

  async arm(timer: Timer): Promise<void> {
    if (this.#timers.has(timer.name)) return;
    this.#timers.set(timer.name, { ...timer });
    this.#listeners.notify();
  }

  async disarm(name: string): Promise<void> {
    this.#timers.delete(name);
  }

  async collectDue(): Promise<number> {
    const now = this.#clock.now();
    const due = [...this.#timers.values()]
      .filter((timer) => timer.fireAt <= now)
      .toSorted((a, b) => a.fireAt - b.fireAt)
      .slice(0, MAX_TIMERS_COLLECTED);
    for (const timer of due) {
      // Message first: who fails in between finds the timer armed and sends it again.
      await this.#queue.send(timer.message);
      if (this.#timers.get(timer.name) === timer) this.#timers.delete(timer.name);
    }
    return due.length;
  }

  nextFireAt(): number | undefined {
    let earliest: number | undefined;
    for (const { fireAt } of this.#timers.values()) earliest = Math.min(earliest ?? fireAt, fireAt);
    return earliest;
  }

  onArm(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }
}
