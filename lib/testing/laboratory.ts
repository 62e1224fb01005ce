// The laboratory: the whole engine in memory, under a virtual clock, in processes that can be killed at any call to a
// port. Time moves only when nobody has anything left to do, straight to the next thing that is due, so a year of sleep
// costs nothing and the same calls give the same course.
//
// Owns the ports, the present process and the loop that hands messages to it, as a worker would. Knows nothing of who
// starts runs and what is expected of them: that is the user's environment (test-environment.ts), the crash explorer and
// the engine's own tests.
import {
  createRegistry,
  type Engine,
  handleDeadLetter,
  handleMessage,
  LOCAL_SETTINGS,
  type Settings,
  sweep,
  unpack,
} from "../engine/index.ts";
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../limits.ts";
import { silentLog } from "../local/console-log.ts";
import { MemoryBlobs } from "../local/memory-blobs.ts";
import { MemoryEvents } from "../local/memory-events.ts";
import { MemoryQueue } from "../local/memory-queue.ts";
import { MemoryStore } from "../local/memory-store.ts";
import { MemoryTimers } from "../local/memory-timers.ts";
import type { Entry, TerminalEntry } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Ports } from "../ports/ports.ts";
import type { Delivery, Queue } from "../ports/queue.ts";
import { isClosed, type Run } from "../ports/run.ts";
import type { Store } from "../ports/store.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { countingRandom } from "./counting-random.ts";
import { LabProcess, never } from "./lab-process.ts";
import type { Fate, Watch } from "./port-call.ts";
import { RestingClock } from "./resting-clock.ts";

export interface LaboratoryOptions {
  readonly settings?: Partial<Settings>;
  /** Names of the step handlers that are deployed. @default - every name there may be */
  readonly stepHandlers?: readonly string[];
  /** Step messages handled at the same time. @default no limit */
  readonly stepConcurrency?: number;
  /** Invocations end after this long, ms. @default never */
  readonly timeoutMs?: number;
  /** Processes that are given each message at once, as by a queue that delivers twice; their calls take turns by chance. @default 1 */
  readonly rivals?: number;
  /** Each message has processes of its own, which end with their answer: nothing is left in one from another. @default false */
  readonly coldStarts?: boolean;
  readonly log?: Log;
  /** The sweeper runs this often, ms; `never` shows that the protocol holds without it. @default 60 s */
  readonly sweepEveryMs?: number | "never";
  /** Epoch ms at which virtual time starts. @default the first instant of 2026 */
  readonly startAt?: number;
  /** @default - a new one in memory */
  readonly store?: Store;
  /** Work that virtual time does not see, such as a step's body that reads a file: time stands still until it is done. */
  readonly outsideWork?: () => Promise<unknown> | undefined;
}

/** Looks at all queues in one go: a bound for what never comes to rest. */
const MAX_PUMPS = 200_000;
/** Rounds of the sweeper in a row with nothing else due: nothing will ever happen again. */
const MAX_IDLE_SWEEPS = 100;
const SWEEP_EVERY_MS = 60_000;
/** A call of one of several rivals is held up by none to three turns of the event loop. */
const HOLD_UPS = 4;
/** What links to approvals begin with. Nothing listens there. */
const PUBLIC_URL = "https://perdure.test";
/** As many as SQS gives at once. */
const BATCH = 10;

export class Laboratory {
  readonly clock: RestingClock;
  readonly store: Store;
  readonly deadWakeUps: MemoryQueue;
  readonly deadSteps: MemoryQueue;
  readonly wakeUps: MemoryQueue;
  readonly steps: MemoryQueue;
  readonly timers: MemoryTimers;
  readonly blobs = new MemoryBlobs();
  readonly events = new MemoryEvents();
  /** Ports without watch: what a test looks and acts through. */
  readonly ports: Ports;
  readonly engine: Engine;
  /** Port calls of processes so far, by `port.method`. */
  readonly counts = new Map<string, number>();
  /** Processes that have begun so far. */
  begun = 0;
  watch: Watch | undefined;

  readonly #options: LaboratoryOptions;
  readonly #workflows: Map<string, AnyWorkflow>;
  readonly #sweepEveryMs: number;
  #calls = 0;
  #holdUps = 0;
  #stepsUnderWay = 0;
  /** Those who are given the next message. */
  #processes: readonly LabProcess[];
  /** Those who have the one message that was theirs. */
  readonly #coldStarted = new Set<LabProcess>();
  #nextSweepAt: number;

  constructor(workflows: readonly AnyWorkflow[], options: LaboratoryOptions = {}) {
    this.#options = options;
    this.store = options.store ?? new MemoryStore();
    this.clock = new RestingClock(options.startAt);
    const { clock } = this;
    const queue = (deadLetters: MemoryQueue, maxReceives: number) =>
      new MemoryQueue({ clock, deadLetters: { queue: deadLetters, maxReceives } });
    this.deadWakeUps = new MemoryQueue({ clock });
    this.deadSteps = new MemoryQueue({ clock });
    this.wakeUps = queue(this.deadWakeUps, MAX_WAKE_UP_DELIVERIES);
    this.steps = queue(this.deadSteps, MAX_STEP_DELIVERIES);
    this.timers = new MemoryTimers({ clock, queue: this.wakeUps });
    this.#workflows = new Map(createRegistry(workflows));
    this.ports = {
      store: this.store,
      activations: this.wakeUps,
      stepHandlers: this.#stepHandlers(options.stepHandlers),
      timers: this.timers,
      events: this.events,
      blobs: this.blobs,
      clock,
      random: countingRandom(),
      log: options.log ?? silentLog,
    };
    const settings = { ...LOCAL_SETTINGS, ...options.settings };
    this.engine = { ports: this.ports, registry: this.#workflows, settings, publicUrl: PUBLIC_URL };
    this.#processes = Array.from({ length: options.rivals ?? 1 }, () => this.#newProcess());
    const every = options.sweepEveryMs ?? SWEEP_EVERY_MS;
    this.#sweepEveryMs = every === "never" ? Number.POSITIVE_INFINITY : every;
    this.#nextSweepAt = clock.now() + this.#sweepEveryMs;
  }

  /** The process that has the next message. */
  get process(): Pick<LabProcess, "dead" | "died"> {
    const [process] = this.#processes;
    if (process === undefined) throw new Error("the lab has no process");
    return process;
  }

  /** Puts other code under a name, as a deployment does. */
  deploy(workflow: AnyWorkflow): void {
    this.#workflows.set(workflow.name, workflow);
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

  /** Runs until the run is closed and gives its value, or throws its error. @throws when it can never end */
  async result(runId: string): Promise<unknown> {
    const isOver = (run: Run) => isClosed(run.status) || run.status === "stalled";
    const reached = await this.#runUntil(async () => isOver(await this.run(runId)));
    const run = await this.run(runId);
    if (!reached) throw new Error(`run ${runId} is ${run.status} and nothing is due: ${waitsOf(run)}`);
    const terminal = (await this.entries(runId)).at(-1) as TerminalEntry | undefined;
    if (!isClosed(run.status) || terminal === undefined)
      throw new Error(`run ${runId} is ${run.status}: ${run.stalled?.message}`);
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
    if (!(await this.#runUntil(reached))) throw new Error("nothing is due and the state was not reached");
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

  /** Ends every process: nothing they have begun goes on. */
  kill(): void {
    for (const process of [...this.#processes, ...this.#coldStarted]) this.#end(process);
  }

  /** Another one takes its place. */
  #end(process: LabProcess): void {
    process.die();
    this.#coldStarted.delete(process);
    this.#processes = this.#processes.map((one) => (one === process ? this.#newProcess() : one));
  }

  #newProcess(): LabProcess {
    this.begun += 1;
    const process: LabProcess = new LabProcess({
      engine: this.engine,
      steps: this.steps,
      ask: async (port, method, args) => await this.#ask(port, method, args),
      kill: () => this.#end(process),
    });
    return process;
  }

  #coldStart(): LabProcess {
    const process = this.#newProcess();
    this.#coldStarted.add(process);
    return process;
  }

  async #ask(port: string, method: string, args: readonly unknown[]): Promise<Fate> {
    await this.#takeTurns();
    this.#calls += 1;
    const name = `${port}.${method}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return (await this.watch?.({ port, method, args, count: this.#calls })) ?? "go on";
  }

  /** Rivals would always go in step: now one, now the other is held up. */
  async #takeTurns(): Promise<void> {
    if (this.#processes.length === 1) return;
    this.#holdUps = (this.#holdUps * 1_103_515_245 + 12_345) % 2 ** 31;
    const turns = Math.floor(this.#holdUps / 2 ** 16) % HOLD_UPS;
    for (let turn = 0; turn < turns; turn += 1) await this.clock.turn();
  }

  async #runUntil(reached: () => Promise<boolean>): Promise<boolean> {
    let idleSweeps = 0;
    for (let moves = 0; moves < MAX_PUMPS && idleSweeps < MAX_IDLE_SWEEPS; moves += 1) {
      await this.settle();
      if (await reached()) return true;
      idleSweeps = this.#nextAtWithoutSweep() === undefined ? idleSweeps + 1 : 0;
      const next = await this.#nextAt();
      if (next === undefined) return false;
      await this.clock.advance(Math.max(0, next - this.clock.now()));
    }
    return false;
  }

  /** One look at everything that may have work. False when there was none. */
  async #pump(): Promise<boolean> {
    const processes = this.#processes;
    let moved = (await this.timers.collectDue()) > 0;
    for (const queue of [this.wakeUps, this.steps, this.deadWakeUps, this.deadSteps]) {
      const max = queue === this.steps ? Math.min(BATCH, this.#freeStepSlots()) : BATCH;
      if (max === 0) continue;
      const { visibilityMs } = this.engine.settings;
      const deliveries = await queue.receive({ max, visibilityMs, waitMs: 0 });
      for (const delivery of deliveries) this.#takeOn(processes, queue, delivery);
      moved ||= deliveries.length > 0;
    }
    if (this.clock.now() >= this.#nextSweepAt) {
      this.#nextSweepAt = this.clock.now() + this.#sweepEveryMs;
      for (const process of processes) void sweep(process.engine).catch(() => {});
      moved = true;
    }
    await this.#rest();
    return moved || (this.wakeUps.nextVisibleAt() ?? Number.POSITIVE_INFINITY) <= this.clock.now();
  }

  /** Like a worker: what could not be handled comes back by itself. */
  #takeOn(standing: readonly LabProcess[], queue: MemoryQueue, delivery: Delivery): void {
    if (queue === this.steps) this.#stepsUnderWay += 1;
    const processes = this.#options.coldStarts === true ? standing.map(() => this.#coldStart()) : standing;
    const handled = processes.map(async (process) => await this.#handle(process, queue, delivery));
    void Promise.allSettled(handled).then(() => {
      if (queue === this.steps) this.#stepsUnderWay -= 1;
    });
  }

  async #handle(process: LabProcess, queue: MemoryQueue, delivery: Delivery): Promise<void> {
    const { timeoutMs } = this.#options;
    const startedAt = this.clock.now();
    const host = {
      remainingMs: () =>
        timeoutMs === undefined ? Number.POSITIVE_INFINITY : startedAt + timeoutMs - this.clock.now(),
      extend: async (ms: number) => (process.dead ? await never() : await queue.extend(delivery.receipt, ms)),
      receiveCount: delivery.receiveCount,
    };
    const isDead = queue === this.deadWakeUps || queue === this.deadSteps;
    const disposition = isDead
      ? await handleDeadLetter(process.engine, delivery.body)
      : await handleMessage(process.engine, delivery.body, host);
    if (process.dead) return;
    // Deleting the message is a call that a crash may come before or after, too.
    const fate = await this.#ask("delivery", disposition.done ? "remove" : "extend", []);
    if (fate === "die before") return this.#end(process);
    if (disposition.done) await queue.remove(delivery.receipt);
    else await queue.extend(delivery.receipt, disposition.retryInMs);
    if (fate === "die after" || this.#coldStarted.has(process)) this.#end(process);
  }

  /** Resolves when nobody here has anything left to do at this time, the outside included. */
  async #rest(): Promise<void> {
    await this.clock.rest();
    for (let work = this.#options.outsideWork?.(); work !== undefined; work = this.#options.outsideWork?.()) {
      await work;
      await this.clock.rest();
    }
  }

  #stepHandlers(names: readonly string[] | undefined): Ports["stepHandlers"] {
    const steps: Queue = this.steps;
    return { get: (name) => (names === undefined || names.includes(name) ? steps : undefined) };
  }

  #canReceive(queue: MemoryQueue): boolean {
    return queue !== this.steps || this.#freeStepSlots() > 0;
  }

  #freeStepSlots(): number {
    return (this.#options.stepConcurrency ?? Number.POSITIVE_INFINITY) - this.#stepsUnderWay;
  }

  async #nextAt(): Promise<number | undefined> {
    const next = this.#nextAtWithoutSweep();
    // The index is asked only when it matters: a store may take its time to answer.
    if (next !== undefined && next <= this.#nextSweepAt) return next;
    return earliest([next, await this.#nextSweep()]);
  }

  #nextAtWithoutSweep(): number | undefined {
    const queues = [this.wakeUps, this.steps, this.deadWakeUps, this.deadSteps].map((queue) =>
      this.#canReceive(queue) ? queue.nextVisibleAt() : undefined,
    );
    return earliest([...queues, this.timers.nextFireAt(), this.clock.nextAt()]);
  }

  /** The sweeper goes round all the time; only its rounds that find something matter here. */
  async #nextSweep(): Promise<number | undefined> {
    if (this.#sweepEveryMs === Number.POSITIVE_INFINITY) return undefined;
    const [first] = await this.store.index.due(Number.MAX_SAFE_INTEGER, 1);
    if (first === undefined) return undefined;
    return Math.max(this.#nextSweepAt, (await this.run(first)).sweepAt ?? 0);
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

function waitsOf({ waits }: Run): string {
  if (waits.length === 0) return "it waits for nothing.";
  return `it waits for ${waits.map(({ kind, id }) => `${kind} "${id}"`).join(", ")}.`;
}
