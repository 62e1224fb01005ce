// One process: a Lambda invocation, a sweep, a client. Has its own view of the ports, through which every call passes
// the world (world.ts), its own clock, and its own copy of the workflow. It can die, after which nothing it has begun
// goes on; or freeze, after which everything goes on as if no time had passed.
import { createRegistry, type Engine, sendSignal, startRun } from "../../lib/engine/index.ts";
import type { Clock } from "../../lib/ports/clock.ts";
import type { Ports } from "../../lib/ports/ports.ts";
import { PerdureError } from "../../lib/sdk/errors.ts";
import type { Actor } from "./fault.ts";
import { keysReversed } from "./key-order.ts";
import type { Begun, Hands, Tokens } from "./primitive.ts";
import { type Code, inputOf, type Program, runIdOf, settingsOf, WORKFLOW, workflowOf } from "./program.ts";

export interface Attempt extends Begun {
  readonly runId: string;
}

export interface ProcessOptions {
  readonly id: number;
  readonly actor: Actor;
  /** The message it handles. */
  readonly body?: string;
  readonly program: Program;
  readonly code: Code;
  readonly ports: Ports;
  /** How far its clock is ahead of the true time, ms. */
  readonly aheadMs: number;
  readonly call: (
    process: SimProcess,
    port: string,
    method: string,
    args: readonly unknown[],
    act: (args: readonly unknown[]) => unknown,
  ) => Promise<unknown>;
  readonly onBody: (process: SimProcess, attempt: Attempt) => void;
  readonly onFailed: (process: SimProcess, runId: string) => void;
  readonly isMended: (label: string) => boolean;
  readonly onComplaint: (what: string) => void;
  readonly onTokens: (runId: string, name: string, tokens: Tokens) => void;
}

export class SimProcess {
  readonly id: number;
  readonly actor: Actor;
  readonly body: string;
  readonly version: number;
  readonly engine: Engine;
  /** Resolves when it dies. */
  readonly died: Promise<void>;
  isDead = false;
  readonly #options: ProcessOptions;
  readonly #die: () => void;
  #frozenUntil = 0;

  constructor(options: ProcessOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
    this.#options = options;
    this.id = options.id;
    this.actor = options.actor;
    this.body = options.body ?? "";
    this.version = options.code.version;
    this.engine = this.#engineOf(options);
  }

  kill(): void {
    this.isDead = true;
    this.#die();
  }

  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#options.ports.clock.now() + ms);
  }

  /** Resolves when it may go on: at once as a rule, late when frozen, never when dead. */
  async thaw(): Promise<void> {
    const { clock } = this.#options.ports;
    while (!this.isDead && this.#frozenUntil > clock.now())
      await clock.sleep(this.#frozenUntil - clock.now());
    if (this.isDead) await never();
  }

  #engineOf(options: ProcessOptions): Engine {
    const { program, code, ports, onBody, onFailed, onComplaint, onTokens } = options;
    const clock = this.#clockOf(ports.clock);
    const ownWorkflow = workflowOf(program, code, {
      begin: (runId, attempt) => onBody(this, { runId, ...attempt }),
      failed: (runId) => onFailed(this, runId),
      handOut: onTokens,
      complain: (runId, what) => onComplaint(`${runId}: ${what}`),
      pause: async (ms) => await clock.sleep(ms),
      hands: this.#handsOf(options),
    });
    return {
      registry: createRegistry([ownWorkflow]),
      settings: settingsOf(program),
      publicUrl: "https://simulated.example",
      ports: {
        ...ports,
        clock,
        store: {
          runs: this.#stored("runs", ports.store.runs),
          journal: this.#stored("journal", ports.store.journal),
          index: this.#stored("index", ports.store.index),
          limits: this.#stored("limits", ports.store.limits),
        },
        activations: this.#watched("wakeUps", ports.activations),
        stepHandlers: {
          get: (name) => {
            const queue = ports.stepHandlers.get(name);
            return queue && this.#watched("steps", queue);
          },
        },
        timers: this.#watched("timers", ports.timers),
        events: this.#watched("events", ports.events),
        blobs: this.#watched("blobs", ports.blobs),
      },
    };
  }

  #handsOf({ program, isMended }: ProcessOptions): Hands {
    return {
      isMended,
      runs: program.runs,
      start: async (node, label, idempotencyKey) => {
        const input = inputOf(program, label, node);
        return (await startRun(this.engine, { workflow: WORKFLOW, input, idempotencyKey })).run.runId;
      },
      signal: async (run, name, payload, idempotencyKey) => {
        const runId = runIdOf(run);
        try {
          await sendSignal(this.engine, { runId, name, payload, idempotencyKey });
          return true;
        } catch (error) {
          if (error instanceof PerdureError && error.code === "E_RUN_CLOSED") return false;
          throw error;
        }
      },
    };
  }

  #clockOf(clock: Clock): Clock {
    return {
      now: () => clock.now() + this.#options.aheadMs,
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.thaw();
      },
      turn: async () => {
        await clock.turn();
        await this.thaw();
      },
    };
  }

  #stored<Port extends object>(name: string, port: Port): Port {
    return this.#watched(name, port, this.id % 2 === 0 ? asItIs : keysReversed);
  }

  #watched<Port extends object>(name: string, port: Port, shown = asItIs): Port {
    return new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return async (...args: readonly unknown[]) =>
          await this.#options.call(this, name, String(key), args, async (given) =>
            shown(await Reflect.apply(value, target, given)),
          );
      },
    });
  }
}

const asItIs = (answer: unknown): unknown => answer;

export async function never(): Promise<never> {
  return await new Promise<never>(() => {});
}
