// The simulated world: gives processes their ports, lets every call undergo what the schedule says, shows it to the
// rules, and moves time when nobody has anything left to do. One thread, one seed: the same program and schedule give
// the same trace.
import type { Run } from "../../lib/ports/run.ts";
import type { Store } from "../../lib/ports/store.ts";
import { Chance } from "./chance.ts";
import type { Actor, Fault } from "./fault.ts";
import { undergo } from "./fault-port.ts";
import { IndexPast } from "./index-past.ts";
import { JournalRules } from "./journal-rules.ts";
import { earliest, Outside } from "./outside.ts";
import { type Program, settingsOf } from "./program.ts";
import { Course } from "./schedule.ts";
import { dispatch } from "./seen-call.ts";
import { SignalRules } from "./signal-rules.ts";
import { SimProcess } from "./sim-process.ts";
import { brief, Trace } from "./trace.ts";
import { WakeRules } from "./wake-rules.ts";
import { type Counts, Workers } from "./workers.ts";

const MAX_PUMPS = 60_000;
const MAX_VIOLATIONS = 20;
const SWEEP_EVERY_MS = 60_000;
const SKEW_MS = 5_000;
const BATCH = 10;

export interface WorldOptions {
  readonly schedule: readonly Fault[];
  readonly doesKeepTrace?: boolean;
  readonly plant?: (store: Store) => Store;
}

export class World {
  readonly outside: Outside;
  readonly course: Course;
  readonly trace: Trace;
  readonly violations: string[] = [];
  readonly signalRules = new SignalRules((what) => this.complain(what));
  readonly journalRules = new JournalRules((what) => this.complain(what));
  readonly wakeRules = new WakeRules((what) => this.complain(what));
  /** Every run that there is, as the rules look at it when the world rests. */
  readonly runIds: string[] = [];
  readonly #program: Program;
  readonly #past = new IndexPast();
  readonly #skew: Chance;
  readonly #workers: Workers;
  readonly #live = new Set<SimProcess>();
  #processes = 0;
  #events = 0;
  #nextSweepAt: number;

  constructor(program: Program, { schedule, doesKeepTrace = false, plant }: WorldOptions) {
    this.#program = program;
    this.outside = new Outside(program.seed, plant);
    this.course = new Course(schedule);
    this.trace = new Trace(doesKeepTrace);
    this.#skew = new Chance(program.seed, "clocks");
    this.#workers = new Workers(this, program);
    this.#nextSweepAt = program.hasSweeper
      ? this.outside.clock.now() + SWEEP_EVERY_MS
      : Number.POSITIVE_INFINITY;
  }

  get counts(): Counts {
    return this.#workers.counts;
  }

  complain(what: string): void {
    this.note(`VIOLATION ${what}`);
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(what);
  }

  async run(runId: string): Promise<Run> {
    const run = await this.outside.ports.store.runs.get(runId);
    if (run === undefined) throw new Error(`there is no run ${runId}`);
    return run;
  }

  /** Runs until `reached`, moving time to whatever is due next. False when it was not reached by `deadline`, epoch ms. */
  async until(reached: () => Promise<boolean>, deadline: number): Promise<boolean> {
    for (let moves = 0; moves < MAX_PUMPS; moves += 1) {
      await this.#settle();
      if (this.violations.length > 0 || (await reached())) return true;
      // Looking may have begun something (a person revives a run).
      await this.outside.clock.rest();
      const next = await this.#nextAt();
      if (next === undefined || next > deadline) return false;
      await this.outside.clock.advance(Math.max(0, next - this.outside.clock.now()));
    }
    return false;
  }

  start(actor: Actor, body?: string): SimProcess {
    this.#processes += 1;
    const process = new SimProcess({
      id: this.#processes,
      actor,
      ...(body === undefined ? {} : { body }),
      program: this.#program,
      ports: this.outside.ports,
      aheadMs: this.course.doClocksDisagree ? this.#skew.int(-SKEW_MS, SKEW_MS) : 0,
      call: async (...call) => await this.call(...call),
      onBody: (caller, attempt) => {
        this.note(`${caller.id} begins attempt ${attempt.attempt} of ${attempt.runId} ${attempt.id}`);
        this.journalRules.bodyBegins(caller, attempt);
      },
      onComplaint: (what) => this.complain(what),
    });
    this.#live.add(process);
    return process;
  }

  end(process: SimProcess): void {
    this.#live.delete(process);
  }

  kill(process: SimProcess): void {
    process.kill();
    this.end(process);
  }

  async call(
    process: SimProcess,
    port: string,
    method: string,
    args: readonly unknown[],
    act: (args: readonly unknown[]) => unknown,
  ): Promise<unknown> {
    await process.thaw();
    const fault = this.course.at({ actor: process.actor, port, method });
    const name = `${port}.${method}`;
    const who = `${process.actor} ${process.id}`;
    if (fault !== undefined) this.note(`${who} FAULT at call ${this.course.calls}: ${fault.kind} at ${name}`);
    return await undergo(fault, {
      process,
      args,
      clock: this.outside.clock,
      apply: async (given = args) => await this.#apply(process, name, given, act),
      pretend: () => {
        this.#see(process, name, args, undefined, undefined, this.#events);
        return undefined;
      },
      askPast: (ms) => this.#past.due(this.outside.clock.now() - ms, Number(args[0])),
      killAll: () => {
        for (const other of this.#live) this.kill(other);
      },
    });
  }

  async #apply(
    process: SimProcess,
    name: string,
    args: readonly unknown[],
    act: (args: readonly unknown[]) => unknown,
  ): Promise<unknown> {
    // The stores do their work before they first give way: nothing comes between these three.
    const { runs } = this.outside.ports.store;
    const runId = name.startsWith("runs.") ? runIdOf(args) : undefined;
    const reading = runId === undefined ? undefined : runs.get(runId);
    const acting = act(args);
    this.#events += 1;
    const at = this.#events;
    const answer = await acting;
    this.#see(process, name, args, answer, await reading, at);
    if (runId !== undefined) this.#past.note(this.outside.clock.now(), await runs.get(runId));
    return answer;
  }

  #see(
    process: SimProcess,
    name: string,
    args: readonly unknown[],
    answer: unknown,
    before: Run | undefined,
    at: number,
  ): void {
    this.note(`${process.actor} ${process.id} ${name}(${brief(args)}) = ${brief(answer)}`);
    const seen = { process, args: args as never[], answer, before, at };
    dispatch(this.journalRules.handlers, name, seen);
    dispatch(this.wakeRules.handlers, name, seen);
    dispatch(this.signalRules.handlers, name, seen);
  }

  note(line: string): void {
    this.trace.add(this.outside.clock.now(), line);
  }

  async #settle(): Promise<void> {
    for (let pumps = 0; await this.#pump(); pumps += 1)
      if (pumps > MAX_PUMPS) throw new Error("the world never comes to rest");
    const areAllThere = !this.course.has("message lost");
    const bodies = this.outside.wakeUpBodies();
    for (const runId of this.runIds) this.wakeRules.rest(await this.run(runId), bodies, areAllThere);
  }

  /** One look at everything that may have work. False when there was none. */
  async #pump(): Promise<boolean> {
    let hasWork = (await this.outside.timers.collectDue()) > 0;
    for (const { queue, actor } of this.outside.queues) {
      const { visibilityMs } = settingsOf(this.#program);
      const deliveries = await queue.receive({ max: BATCH, visibilityMs, waitMs: 0 });
      hasWork ||= deliveries.length > 0;
      this.#workers.deliver(queue, actor, deliveries);
    }
    if (this.outside.clock.now() >= this.#nextSweepAt) {
      this.#nextSweepAt = this.outside.clock.now() + SWEEP_EVERY_MS;
      this.#workers.sweep();
      hasWork = true;
    }
    await this.outside.clock.rest();
    return hasWork || (this.outside.nextMessageAt() ?? Number.POSITIVE_INFINITY) <= this.outside.clock.now();
  }

  /** The sweeper goes round all the time; only its rounds that find something matter here. */
  async #nextAt(): Promise<number | undefined> {
    if (!this.#program.hasSweeper) return this.outside.nextAt();
    const [first] = await this.outside.ports.store.index.due(Number.MAX_SAFE_INTEGER, 1);
    if (first === undefined) return this.outside.nextAt();
    return earliest([
      this.outside.nextAt(),
      Math.max(this.#nextSweepAt, (await this.run(first)).sweepAt ?? 0),
    ]);
  }
}

function runIdOf([first]: readonly unknown[]): string | undefined {
  if (typeof first === "string") return first;
  return typeof first === "object" && first !== null && "runId" in first ? String(first.runId) : undefined;
}
