// What is done to a place, decided by a seed: which worker is killed when, and how long the database is away. A pause
// counts from the moment when everything is up again, and what has done nothing since then is left alone a while longer:
// a slow machine is killed less often instead of never working.
import { setTimeout as pause } from "node:timers/promises";
import type { Chance } from "../simulation/chance.ts";
import type { Place } from "./place.ts";

const KILL_AFTER_MS = [500, 2_000] as const;
const OUTAGE_AFTER_MS = [5_000, 10_000] as const;
const AWAY_MS = [0, 2_000] as const;
/** A place where everybody sleeps does nothing either. */
const MAX_MERCY_MS = 10_000;
const LOOK_EVERY_MS = 50;

export class Harm {
  kills = 0;
  outages = 0;
  readonly #stop = new AbortController();
  readonly #loops: Promise<unknown>;

  readonly #workDone: () => number;

  /** `workDone` grows with whatever workers achieve. */
  constructor(place: Place, workDone: () => number, kills: Chance, outages: Chance) {
    this.#workDone = workDone;
    this.#loops = Promise.all([this.#kill(place, kills), this.#takeAway(place, outages)]);
    // Told by `end`; a failure to start is a complaint already.
    this.#loops.catch(() => {});
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#loops;
  }

  async #kill({ workers }: Place, chance: Chance): Promise<void> {
    for (;;) {
      await Promise.all(workers.map(async (slot) => await slot.ready()));
      const before = this.#workDone();
      if (!(await this.#wait(chance.int(...KILL_AFTER_MS)))) return;
      for (let ms = 0; ms < MAX_MERCY_MS && this.#workDone() === before; ms += LOOK_EVERY_MS)
        if (!(await this.#wait(LOOK_EVERY_MS))) return;
      await chance.pick(workers).strike();
      this.kills += 1;
    }
  }

  async #takeAway({ database }: Place, chance: Chance): Promise<void> {
    if (database === undefined) return;
    for (;;) {
      await database.ready();
      if (!(await this.#wait(chance.int(...OUTAGE_AFTER_MS)))) return;
      await database.strike(chance.int(...AWAY_MS));
      this.outages += 1;
    }
  }

  /** False when it is over. */
  async #wait(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
    return !this.#stop.signal.aborted;
  }
}
