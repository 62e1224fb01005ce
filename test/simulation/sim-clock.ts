// The true time of a simulation. Knows whether somebody waits for a turn of the event loop; everything else that may
// go on is promise jobs or virtual time, so the world can tell when it has come to rest.
import { VirtualClock } from "../../lib/local/virtual-clock.ts";

const QUIET_TURNS = 3;

export class SimClock extends VirtualClock {
  #pendingTurns = 0;

  override async turn(): Promise<void> {
    this.#pendingTurns += 1;
    await super.turn();
    this.#pendingTurns -= 1;
  }

  /** Resolves when nobody has a promise job or a turn left. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = this.#pendingTurns === 0 ? quiet + 1 : 0)
      await new Promise(setImmediate);
  }
}
