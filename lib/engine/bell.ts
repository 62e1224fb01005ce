// Wakes one waiter. A ring before the wait is not lost.
import type { Clock } from "../ports/clock.ts";

export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, at once when it has rung since the last wait, or after `ms`. */
  async wait(clock: Clock, ms: number | undefined): Promise<void> {
    if (!this.#rung) {
      const over = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await (ms === undefined ? rung : Promise.race([rung, clock.sleep(ms, over.signal)]));
      over.abort();
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}
