// A clock whose time moves only when it is told to, for tests and simulations: years pass in milliseconds, and the
// same calls give the same order. Sleepers wake one by one, in order of their time, then of their call, and what each
// of them does next has been done before the following one wakes.
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../ports/clock.ts";

/** Wakes in one `advance`: who sleeps again and again for nothing is a fault, and would never end. */
const MAX_WAKES = 1_000_000;

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  /** In order of `at`, then of the call. */
  readonly #sleepers: Sleeper[] = [];

  /** @param startAt epoch ms; by default the first instant of 2026 */
  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (!(ms > 0) || signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    // Whole milliseconds, as on a real clock, and never early (T1).
    const sleeper = { at: Math.ceil(this.#now + ms), wake: resolve };
    const follower = this.#sleepers.findIndex((other) => other.at > sleeper.at);
    this.#sleepers.splice(follower < 0 ? this.#sleepers.length : follower, 0, sleeper);
    const onAbort = () => {
      this.#remove(sleeper);
      resolve();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    await promise;
    signal?.removeEventListener("abort", onAbort);
  }

  async turn(): Promise<void> {
    await setImmediate();
  }

  /** When the earliest sleeper wakes, epoch ms; nothing when nobody sleeps. */
  nextAt(): number | undefined {
    return this.#sleepers[0]?.at;
  }

  /** Lets `ms` pass; who sleeps until then or less wakes at its own time, those who fall asleep on the way too. */
  async advance(ms: number): Promise<void> {
    // Who is about to fall asleep falls asleep before the time moves.
    await this.turn();
    await this.#advanceTo(this.#now + Math.max(0, Math.ceil(ms)));
  }

  /** Moves to the time of the earliest sleeper and wakes all of that time. False when nobody sleeps. */
  async advanceToNext(): Promise<boolean> {
    await this.turn();
    const next = this.nextAt();
    if (next === undefined) return false;
    await this.#advanceTo(next);
    return true;
  }

  async #advanceTo(target: number): Promise<void> {
    for (let wakes = 0; ; wakes += 1) {
      const sleeper = this.#sleepers[0];
      if (sleeper === undefined || sleeper.at > target) break;
      if (wakes >= MAX_WAKES)
        throw new Error(`virtual time does not get past ${this.#now}: ${MAX_WAKES} sleepers woke`);
      this.#sleepers.shift();
      this.#now = Math.max(this.#now, sleeper.at);
      sleeper.wake();
      await this.turn();
    }
    this.#now = Math.max(this.#now, target);
  }

  #remove(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper);
    if (at >= 0) this.#sleepers.splice(at, 1);
  }
}
