// Chance that a seed decides: the same seed gives the same draws, on every machine. Every draw of the simulator comes
// from here; two streams of one seed are told apart by a name, so that a draw added to one does not move the other.
import { createHash } from "node:crypto";
import type { Random } from "../../lib/ports/random.ts";

const WARM_UP_DRAWS = 4;

export class Chance {
  #state: number;

  constructor(seed: number, stream: string) {
    this.#state = createHash("sha256").update(`${seed} ${stream}`).digest().readUInt32LE(0);
    for (let i = 0; i < WARM_UP_DRAWS; i += 1) this.next();
  }

  /** From 0 up to, but without, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.next() < probability;
  }
}

const SECRET_CHARS = 43;

/** The Random port: ids count up, so that a trace can be read. */
export function seededRandom(chance: Chance): Random {
  let count = 0;
  return {
    next: () => chance.next(),
    id: () => {
      count += 1;
      return String(count).padStart(26, "0");
    },
    secret: () => {
      count += 1;
      return `secret${count}`.padStart(SECRET_CHARS, "-");
    },
  };
}
