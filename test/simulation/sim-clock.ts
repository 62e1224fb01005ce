// The true time of a simulation. A turn is a promise of its own instead of a round of the event loop, which would cost
// more than everything else; and it knows whether somebody waits for one. All else that may go on is promise jobs or
// virtual time, so the world can tell when it has come to rest.
//
//   turn ──► promise jobs ──► the next turn ──► promise jobs ──► … ──► rest: one round of the event loop
import { VirtualClock } from "../../lib/local/virtual-clock.ts";

export class SimClock extends VirtualClock {
  /** Who waits for a turn, in order. */
  #turns: (() => void)[] = [];
  #isTurning = false;

  override async turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turns.push(resolve);
    if (!this.#isTurning) this.#plan();
    await promise;
  }

  /** Resolves when nobody has a promise job or a turn left. A rejection that nobody has handled by then is reported by Node. */
  async rest(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.#turns.length > 0);
  }

  /** A tick that is asked for by a promise job comes when no promise job is left. */
  #plan(): void {
    this.#isTurning = true;
    queueMicrotask(() => process.nextTick(() => this.#take()));
  }

  #take(): void {
    this.#turns.shift()?.();
    if (this.#turns.length > 0) this.#plan();
    else this.#isTurning = false;
  }
}
