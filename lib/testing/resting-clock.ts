// A virtual clock that knows when everybody rests: whoever waits neither for a promise job nor for a turn of the event
// loop waits for virtual time, and only then may time move.
import { VirtualClock } from "../local/virtual-clock.ts";

/** Turns in a row without work after which nobody is left who works. */
const STILL_TURNS = 3;

export class RestingClock extends VirtualClock {
  #pendingTurns = 0;

  override async turn(): Promise<void> {
    this.#pendingTurns += 1;
    await super.turn();
    this.#pendingTurns -= 1;
  }

  /** Resolves when nobody has a promise job or a turn left. */
  async rest(): Promise<void> {
    for (let still = 0; still < STILL_TURNS; still = this.#pendingTurns === 0 ? still + 1 : 0)
      await super.turn();
  }
}
