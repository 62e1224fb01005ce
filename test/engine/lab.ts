// A laboratory for the engine: memory ports, a virtual clock, and processes that can be killed at any call to a port.
// Time moves only when nobody has anything left to do, straight to the next thing that is due.
import {
  createRegistry,
  type Engine,
  handleDeadLetter,
  handleMessage,
  LOCAL_SETTINGS,
  reviveRun,
  type Settings,
  sendSignal,
  startRun,
  sweep,
  unpack,
} from "../../lib/engine/index.ts";
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../../lib/limits.ts";
import { silentLog } from "../../lib/local/console-log.ts";
import { MemoryBlobs } from "../../lib/local/memory-blobs.ts";
import { MemoryQueue } from "../../lib/local/memory-queue.ts";
import { MemoryStore } from "../../lib/local/memory-store.ts";
import { MemoryTimers } from "../../lib/local/memory-timers.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import type { Entry, TerminalEntry } from "../../lib/ports/journal.ts";
import type { Log } from "../../lib/ports/log.ts";
import type { Ports } from "../../lib/ports/ports.ts";
import type { Delivery, Queue } from "../../lib/ports/queue.ts";
import type { Random } from "../../lib/ports/random.ts";
import { isClosed, type Run } from "../../lib/ports/run.ts";
import type { AnyWorkflow } from "../../lib/sdk/workflow.ts";

/** Knows whether somebody waits for a turn of the event loop; everything else here is promise jobs or virtual time. */
class LabClock extends VirtualClock {
  pendingTurns = 0;

  override async turn(): Promise<void> {
    this.pendingTurns += 1;
    await super.turn();
    this.pendingTurns -= 1;
  }
}

function countingRandom(): Random {
  let count = 0;
  return {
    next: () => 0.5,
    id: () => {
      count += 1;
      return String(count).padStart(26, "0");
    },
  };
}

export interface LabOptions {
  readonly settings?: Partial<Settings>;
  /** Names of the step handlers that are deployed. @default ["shipping"] */
  readonly stepHandlers?: readonly string[];
  /** Step messages handled at the same time. @default no limit */
  readonly stepConcurrency?: number;
  /** Invocations end after this long, ms. @default never */
  readonly timeoutMs?: number;
  readonly log?: Log;
  /** The sweeper runs this often, ms; `never` shows that the protocol holds without it. @default 60 s */
  readonly sweepEveryMs?: number | "never";
}

/** `answersAfterMs`: done at once, and heard of late. `lose`: the caller hears that it was done, but it was not (a message that is never delivered). */
export type Fate = "go on" | "die before" | "die after" | "lose" | { readonly answersAfterMs: number };

/** Seen by a test at every call of a port by a process. Throw to fail the call, answer late to hold it. */
export type Watch = (call: PortCall) => Fate | Promise<Fate>;

export interface PortCall {
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** Number of the call among all calls of all processes, from 1. */
  readonly count: number;
}

const MAX_PUMPS = 200_000;

export class Lab {
  readonly clock = new LabClock();
  readonly store = new MemoryStore();
  readonly deadWakeUps = new MemoryQueue({ clock: this.clock });
  readonly deadSteps = new MemoryQueue({ clock: this.clock });
  readonly wakeUps = new MemoryQueue({
    clock: this.clock,
    deadLetters: { queue: this.deadWakeUps, maxReceives: MAX_WAKE_UP_DELIVERIES },
  });
  readonly steps = new MemoryQueue({
    clock: this.clock,
    deadLetters: { queue: this.deadSteps, maxReceives: MAX_STEP_DELIVERIES },
  });
  readonly timers = new MemoryTimers({ clock: this.clock, queue: this.wakeUps });
  readonly blobs = new MemoryBlobs();
  /** Ports without watch: what a test looks and acts through. */
  readonly ports: Ports;
  readonly engine: Engine;
  /** Port calls of processes so far, by `port.method`. */
  readonly counts = new Map<string, number>();
  watch: Watch | undefined;

  readonly #settings: Settings;
  readonly #options: LabOptions;
  readonly #workflows: Map<string, AnyWorkflow>;
  #calls = 0;
  #stepsUnderWay = 0;
  #process: Process;
  readonly #sweepEveryMs: number;
  #nextSweepAt: number;

  constructor(workflows: readonly AnyWorkflow[], options: LabOptions = {}) {
    this.#options = options;
    this.#settings = { ...LOCAL_SETTINGS, ...options.settings };
    this.#workflows = new Map(createRegistry(workflows));
    const names = options.stepHandlers ?? ["shipping"];
    this.ports = {
      store: this.store,
      activations: this.wakeUps,
      stepHandlers: new Map<string, Queue>(names.map((name) => [name, this.steps])),
      timers: this.timers,
      blobs: this.blobs,
      clock: this.clock,
      random: countingRandom(),
      log: options.log ?? silentLog,
    };
    this.engine = { ports: this.ports, registry: this.#workflows, settings: this.#settings };
    this.#process = this.#newProcess();
    this.#sweepEveryMs =
      options.sweepEveryMs === "never" ? Number.POSITIVE_INFINITY : (options.sweepEveryMs ?? 60_000);
    this.#nextSweepAt = this.clock.now() + this.#sweepEveryMs;
  }

  /** Puts other code under a name, as a deployment does. */
  deploy(workflow: AnyWorkflow): void {
    this.#workflows.set(workflow.name, workflow);
  }

  async start(workflow: AnyWorkflow | string, input: unknown = {}, idempotencyKey?: string): Promise<string> {
    const name = typeof workflow === "string" ? workflow : workflow.name;
    const request = { workflow: name, input, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    const { run } = await startRun(this.engine, request);
    return run.runId;
  }

  async signal(runId: string, name: string, payload: unknown = null, idempotencyKey?: string): Promise<void> {
    await sendSignal(this.engine, {
      runId,
      name,
      payload,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  async retry(runId: string): Promise<void> {
    await reviveRun(this.engine, runId);
  }

  async run(runId: string): Promise<Run> {
    const run = await this.store.runs.get(runId);
    if (run === undefined) throw new Error(`no run ${runId}`);
    return run;
  }

  async entries(runId: string): Promise<Entry[]> {
    const { checkpoints } = await this.store.journal.load(runId);
    return checkpoints.flatMap((checkpoint) => checkpoint.entries);
  }

  /** Runs until the run is closed and gives its value, or throws its error. */
  async result(runId: string): Promise<unknown> {
    await this.until(
      async () => isClosed((await this.run(runId)).status) || (await this.run(runId)).status === "stalled",
    );
    const { status, stalled } = await this.run(runId);
    const terminal = (await this.entries(runId)).at(-1) as TerminalEntry | undefined;
    if (!isClosed(status) || terminal === undefined) throw new Error(`run is ${status}: ${stalled?.message}`);
    if (terminal.type === "run.succeeded") return await unpack(terminal.value, this.blobs);
    throw await unpack(terminal.failure.error, this.blobs);
  }

  /** Runs until nothing is left to do now; time stands still. */
  async settle(): Promise<void> {
    for (let pumps = 0; await this.#pump(); pumps += 1)
      if (pumps > MAX_PUMPS) throw new Error("the lab never comes to rest");
  }

  /** Runs until `reached`, moving time to whatever is due next. @throws when nothing more will ever happen */
  async until(reached: () => Promise<boolean>): Promise<void> {
    for (let moves = 0; moves < MAX_PUMPS; moves += 1) {
      await this.settle();
      if (await reached()) return;
      if (!(await this.#moveTime())) throw new Error("nothing is due and the state was not reached");
    }
    throw new Error("the state was not reached");
  }

  /** Runs for a span of virtual time. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.settle();
    for (let next = await this.#nextAt(); next !== undefined && next <= end; next = await this.#nextAt()) {
      await this.clock.advance(next - this.clock.now());
      await this.settle();
    }
    await this.clock.advance(end - this.clock.now());
    await this.settle();
  }

  /** Ends the present process: nothing it has begun goes on. */
  kill(): void {
    this.#process.dead = true;
    this.#process = this.#newProcess();
  }

  #newProcess(): Process {
    const process: Process = { dead: false, engine: this.engine };
    const call = async (port: string, method: string, args: readonly unknown[], act: () => unknown) => {
      if (process.dead) return await never();
      this.#calls += 1;
      const name = `${port}.${method}`;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      const fate = (await this.watch?.({ port, method, args, count: this.#calls })) ?? "go on";
      if (fate === "lose") return undefined;
      if (typeof fate === "object") {
        const answer = await act();
        await this.clock.sleep(fate.answersAfterMs);
        return process.dead ? await never() : answer;
      }
      if (fate === "go on") return await act();
      if (fate === "die after") await act();
      if (!process.dead) this.kill();
      return await never();
    };
    const watched = <Port extends object>(port: string, target: Port): Port =>
      new Proxy(target, {
        get: (object, key) => {
          const value: unknown = Reflect.get(object, key, object);
          if (typeof value !== "function") return value;
          return async (...args: unknown[]) =>
            await call(port, String(key), args, () => Reflect.apply(value, object, args));
        },
      });
    const { ports } = this;
    process.engine = {
      ...this.engine,
      ports: {
        ...ports,
        store: {
          runs: watched("runs", ports.store.runs),
          journal: watched("journal", ports.store.journal),
          index: watched("index", ports.store.index),
        },
        activations: watched("wakeUps", ports.activations),
        stepHandlers: {
          get: (name: string) =>
            ports.stepHandlers.get(name) ? watched("steps", this.steps as Queue) : undefined,
        },
        timers: watched("timers", ports.timers),
        blobs: watched("blobs", ports.blobs),
      },
    };
    return process;
  }

  /** One look at everything that may have work. False when there was none. */
  async #pump(): Promise<boolean> {
    const process = this.#process;
    let moved = (await this.timers.collectDue()) > 0;
    for (const [queue, dead] of [
      [this.wakeUps, false],
      [this.steps, false],
      [this.deadWakeUps, true],
      [this.deadSteps, true],
    ] as const) {
      const max = queue === this.steps ? Math.min(10, this.#freeStepSlots()) : 10;
      if (max === 0) continue;
      const deliveries = await queue.receive({
        max,
        visibilityMs: this.#settings.visibilityMs,
        waitMs: 0,
      });
      // Like a worker: what could not be handled comes back by itself.
      for (const delivery of deliveries) {
        if (queue === this.steps) this.#stepsUnderWay += 1;
        void this.#handle(process, queue, delivery, dead)
          .catch(() => {})
          .finally(() => {
            if (queue === this.steps) this.#stepsUnderWay -= 1;
          });
      }
      moved ||= deliveries.length > 0;
    }
    if (this.clock.now() >= this.#nextSweepAt) {
      this.#nextSweepAt = this.clock.now() + this.#sweepEveryMs;
      void sweep(process.engine).catch(() => {});
      moved = true;
    }
    await this.#rest();
    return moved || (this.wakeUps.nextVisibleAt() ?? Number.POSITIVE_INFINITY) <= this.clock.now();
  }

  #canReceive(queue: MemoryQueue): boolean {
    return queue !== this.steps || this.#freeStepSlots() > 0;
  }

  #freeStepSlots(): number {
    return (this.#options.stepConcurrency ?? Number.POSITIVE_INFINITY) - this.#stepsUnderWay;
  }

  async #handle(process: Process, queue: MemoryQueue, delivery: Delivery, dead: boolean): Promise<void> {
    const { timeoutMs } = this.#options;
    const startedAt = this.clock.now();
    const host = {
      remainingMs: () =>
        timeoutMs === undefined ? Number.POSITIVE_INFINITY : startedAt + timeoutMs - this.clock.now(),
      extend: async (ms: number) => (process.dead ? await never() : await queue.extend(delivery.receipt, ms)),
      receiveCount: delivery.receiveCount,
    };
    const disposition = dead
      ? await handleDeadLetter(process.engine, delivery.body)
      : await handleMessage(process.engine, delivery.body, host);
    if (process.dead) return;
    // Deleting the message is a call that a crash may come before or after, too.
    const end = disposition.done ? "remove" : "extend";
    this.counts.set(`delivery.${end}`, (this.counts.get(`delivery.${end}`) ?? 0) + 1);
    const fate =
      (await this.watch?.({
        port: "delivery",
        method: end,
        args: [],
        count: ++this.#calls,
      })) ?? "go on";
    if (fate === "die before") return this.kill();
    if (disposition.done) await queue.remove(delivery.receipt);
    else await queue.extend(delivery.receipt, disposition.retryInMs);
    if (fate === "die after") this.kill();
  }

  /** Resolves when nobody has a promise job or a turn left. */
  async #rest(): Promise<void> {
    for (let still = 0; still < 3; still = this.clock.pendingTurns === 0 ? still + 1 : 0)
      await new Promise(setImmediate);
  }

  async #moveTime(): Promise<boolean> {
    const next = await this.#nextAt();
    if (next === undefined) return false;
    await this.clock.advance(Math.max(0, next - this.clock.now()));
    return true;
  }

  async #nextAt(): Promise<number | undefined> {
    const queues = [this.wakeUps, this.steps, this.deadWakeUps, this.deadSteps].map((queue) =>
      this.#canReceive(queue) ? queue.nextVisibleAt() : undefined,
    );
    const times = [...queues, this.timers.nextFireAt(), this.clock.nextAt(), await this.#nextSweep()];
    const known = times.filter((at) => at !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  }

  /** The sweeper goes round all the time; only its rounds that find something matter here. */
  async #nextSweep(): Promise<number | undefined> {
    if (this.#sweepEveryMs === Number.POSITIVE_INFINITY) return undefined;
    const [first] = await this.store.index.due(Number.MAX_SAFE_INTEGER, 1);
    if (first === undefined) return undefined;
    return Math.max(this.#nextSweepAt, (await this.run(first)).sweepAt ?? 0);
  }
}

interface Process {
  dead: boolean;
  engine: Engine;
}

async function never(): Promise<never> {
  return await new Promise<never>(() => {});
}
