// A process of the laboratory: an engine whose every call to a port can be the last thing it does. A dead process gets
// no answer any more, as nobody gets one after kill -9; what it had begun elsewhere stays as it is.
import type { Engine } from "../engine/index.ts";
import type { Queue } from "../ports/queue.ts";
import type { Fate } from "./port-call.ts";

export interface LabProcessOptions {
  /** With the ports as they are. */
  readonly engine: Engine;
  /** The one queue that all step handlers share. */
  readonly steps: Queue;
  /** Tells of a call, and answers what is to become of it. */
  readonly ask: (port: string, method: string, args: readonly unknown[]) => Promise<Fate>;
  /** Ends the present process. */
  readonly kill: () => void;
}

export class LabProcess {
  dead = false;
  /** Resolves when it dies. */
  readonly died: Promise<void>;
  readonly engine: Engine;
  readonly #die: () => void;
  readonly #options: LabProcessOptions;

  constructor(options: LabProcessOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
    const { ports } = options.engine;
    const { store } = ports;
    this.engine = {
      ...options.engine,
      ports: {
        ...ports,
        store: {
          runs: this.#watched("runs", store.runs),
          journal: this.#watched("journal", store.journal),
          index: this.#watched("index", store.index),
          limits: this.#watched("limits", store.limits),
        },
        activations: this.#watched("wakeUps", ports.activations),
        stepHandlers: {
          get: (name: string) =>
            ports.stepHandlers.get(name) ? this.#watched("steps", options.steps) : undefined,
        },
        timers: this.#watched("timers", ports.timers),
        events: this.#watched("events", ports.events),
        blobs: this.#watched("blobs", ports.blobs),
      },
    };
  }

  die(): void {
    this.dead = true;
    this.#die();
  }

  #watched<Port extends object>(port: string, target: Port): Port {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key, object);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) =>
          await this.#call(port, String(key), args, () => Reflect.apply(value, object, args));
      },
    });
  }

  async #call(port: string, method: string, args: readonly unknown[], act: () => unknown): Promise<unknown> {
    if (this.dead) return await never();
    const { ask, engine, kill } = this.#options;
    const fate = await ask(port, method, args);
    if (fate === "lose") return undefined;
    if (typeof fate === "object") {
      const answer = await act();
      await engine.ports.clock.sleep(fate.answersAfterMs);
      return this.dead ? await never() : answer;
    }
    if (fate === "go on") return await act();
    if (fate === "die after") await act();
    if (!this.dead) kill();
    return await never();
  }
}

/** What the dead wait for. */
export async function never(): Promise<never> {
  return await new Promise<never>(() => {});
}
