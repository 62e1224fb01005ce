// Time as the machine tells it.
import { setImmediate, setTimeout } from "node:timers/promises";
import type { Clock } from "../ports/clock.ts";

/**
 * Longest nap before the clock is read again. Timers of the platform end at 2^31-1 ms, stand still while a laptop is
 * asleep, and may ring a millisecond early; a sleep that reads the clock after each nap is never early, and a minute
 * late at worst.
 */
const MAX_NAP_MS = 60_000;

export interface SystemClockOptions {
  /** Whether somebody who sleeps keeps the process from exiting. @default true */
  readonly keepsProcessAlive?: boolean;
}

export class SystemClock implements Clock {
  readonly #keepsProcessAlive: boolean;

  constructor({ keepsProcessAlive = true }: SystemClockOptions = {}) {
    this.#keepsProcessAlive = keepsProcessAlive;
  }

  now(): number {
    return Date.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = Date.now() + ms;
    for (let left = ms; left > 0 && !signal?.aborted; left = until - Date.now()) {
      await this.#nap(Math.min(left, MAX_NAP_MS), signal);
    }
  }

  async turn(): Promise<void> {
    await setImmediate();
  }

  async #nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await setTimeout(ms, undefined, {
        ref: this.#keepsProcessAlive,
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }
}
