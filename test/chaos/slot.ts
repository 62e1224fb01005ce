// One process that is killed and started again, for ever. Knows when each of its generations died, and complains when
// one ends that nobody has killed.
import { setTimeout as pause } from "node:timers/promises";

export interface Mortal {
  kill(): Promise<void>;
  readonly ended: Promise<string>;
}

export interface SlotOptions<Process extends Mortal> {
  readonly name: string;
  /** Starts a generation; its name is unique. */
  readonly start: (generation: string) => Promise<Process>;
  /** When which generation was killed, epoch ms. */
  readonly diedAt: Map<string, number>;
  readonly complain: (what: string) => void;
}

/** A port may be taken for a moment, a busy machine may have no process left: tried again. */
const MAX_STARTS = 20;
const START_AGAIN_MS = 250;

export class Slot<Process extends Mortal> {
  readonly #options: SlotOptions<Process>;
  #generation = 0;
  #process: Promise<Process>;
  #isStopped = false;

  constructor(options: SlotOptions<Process>) {
    this.#options = options;
    this.#process = this.#begin();
  }

  /** The generation that is alive, when it is ready. */
  async ready(): Promise<Process> {
    return await this.#process;
  }

  /** Kills what is there and starts the next, at once or after a while; resolves when that has been asked for. */
  async strike(awayMs = 0): Promise<void> {
    const struck = await this.#process;
    const name = this.#name();
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#process = promise.then(() => this.#begin());
    // Looked at by whoever asks for it next.
    this.#process.catch(() => {});
    this.#generation += 1;
    await struck.kill();
    this.#options.diedAt.set(name, Date.now());
    await pause(awayMs);
    resolve();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#generation += 1;
    const last = await this.#process.catch(() => undefined);
    await last?.kill();
  }

  #name(): string {
    return `${this.#options.name}.${this.#generation}`;
  }

  async #begin(): Promise<Process> {
    const generation = this.#generation;
    const { start, name, complain } = this.#options;
    for (let starts = 1; ; starts += 1) {
      try {
        const process = await start(this.#name());
        void process.ended.then((end) => {
          if (this.#generation === generation) complain(`${name} ended by itself with ${end}`);
        });
        return process;
      } catch (error) {
        if (starts < MAX_STARTS && !this.#isStopped) {
          await pause(START_AGAIN_MS);
          continue;
        }
        complain(`${name} does not start: ${String(error)}`);
        throw error;
      }
    }
  }
}
