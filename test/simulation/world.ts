// The simulated world: gives processes their ports, lets every call undergo what the schedule says, shows it to the
// rules, and moves time when nobody has anything left to do. One thread, one seed: the same program and schedule give
// the same trace.
import { readMessage } from "../../lib/engine/messages.ts";
import { GIVEN_BACK_SWEEP_MS } from "../../lib/limits.ts";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { Ports } from "../../lib/ports/ports.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { RunQuery } from "../../lib/ports/store.ts";
import "./collectable-signals.ts";
import { Chance } from "./chance.ts";
import { EndRules } from "./end-rules.ts";
import { FamilyRules } from "./family-rules.ts";
import { type Actor, type CallSite, type Fault, isWrite } from "./fault.ts";
import { undergo } from "./fault-port.ts";
import { FlowRules } from "./flow-rules.ts";
import { FoldRules } from "./fold-rules.ts";
import { IndexPast } from "./index-past.ts";
import { JournalBook } from "./journal-book.ts";
import { JournalRules } from "./journal-rules.ts";
import { OutgoingRules } from "./outgoing-rules.ts";
import { earliest, Outside } from "./outside.ts";
import type { Tokens } from "./primitive.ts";
import { type Code, type Program, settingsOf } from "./program.ts";
import { RepairRules } from "./repair-rules.ts";
import { Course } from "./schedule.ts";
import { dispatch, type Handlers } from "./seen-call.ts";
import { Sights } from "./sights.ts";
import { SignalRules } from "./signal-rules.ts";
import { SimProcess } from "./sim-process.ts";
import { StartRules } from "./start-rules.ts";
import { Punctuality } from "./timeliness.ts";
import { TimetableRules } from "./timetable-rules.ts";
import { holdsSecret } from "./token-rules.ts";
import { brief, Trace } from "./trace.ts";
import { TxRules } from "./tx-rules.ts";
import { WakeRules } from "./wake-rules.ts";
import { Workers } from "./workers.ts";

/** Whoever makes one of these is watched: the run before and after it. */
const CHANGES_OF_RUNS: ReadonlySet<string> = new Set(
  "create claim renew abandon suspend close stall seize raise revive pause resume postpone"
    .split(" ")
    .map((method) => `runs.${method}`),
);
const MAX_PUMPS = 60_000;
const MAX_VIOLATIONS = 20;
const SWEEP_EVERY_MS = 60_000;
const SKEW_MS = 5_000;
const BATCH = 10;
/** A step longer than its invocation ends it; its message comes back when it is visible again. */
const LOST_INVOCATION_MS = 60_000;

/** Where the outside gets its tokens. */
interface Desk {
  readonly tokens: Tokens[];
  readonly opened: PromiseWithResolvers<void>;
}

export interface WorldOptions {
  readonly schedule: readonly Fault[];
  readonly doesKeepTrace?: boolean;
  readonly plant?: (ports: Ports) => Ports;
}

export class World {
  readonly outside: Outside;
  readonly course: Course;
  readonly trace: Trace;
  readonly violations: string[] = [];
  readonly signalRules = new SignalRules((what) => this.complain(what));
  readonly journalRules: JournalRules = new JournalRules((what) => this.complain(what));
  readonly wakeRules = new WakeRules((what) => this.complain(what));
  readonly endRules: EndRules = new EndRules(
    (what) => this.complain(what),
    () => this.outside.clock.now(),
  );
  readonly sights = new Sights();
  readonly familyRules: FamilyRules;
  readonly book = new JournalBook();
  readonly foldRules: FoldRules = new FoldRules(
    this.book,
    (what) => this.complain(what),
    (what) => this.sights.saw(what),
  );
  readonly outgoingRules: OutgoingRules = new OutgoingRules(
    this.book,
    (what) => this.complain(what),
    (what) => this.sights.saw(what),
  );
  readonly txRules: TxRules;
  readonly flowRules: FlowRules;
  readonly timetableRules: TimetableRules;
  readonly repairRules: RepairRules;
  /** Every run that there is, whoever started it. */
  readonly runIds: string[] = [];
  /** The effects of the last fault begin now or before, epoch ms. */
  lastFaultAt: number;
  /** Which code processes start with, and until when some start with the one before. */
  code: Code = { version: 1, hasEpilogue: false };
  #codeBefore: Code = this.code;
  #sideBySideUntil = Number.NEGATIVE_INFINITY;
  readonly #program: Program;
  readonly #past = new IndexPast();
  /** Each run after the last change that was made to it. */
  readonly #latest = new Map<string, Promise<Run | undefined>>();
  readonly #desks = new Map<string, Desk>();
  /** Of all rules; the book comes first. */
  readonly #handlers: readonly Handlers[];
  readonly #isPlanted: boolean;
  readonly #skew: Chance;
  readonly #rollout: Chance;
  readonly #punctuality: Punctuality;
  readonly #workers: Workers;
  readonly #live = new Set<SimProcess>();
  #processes = 0;
  #events = 0;
  #nextSweepAt: number;

  constructor(program: Program, { schedule, doesKeepTrace = false, plant }: WorldOptions) {
    this.#program = program;
    this.outside = new Outside(program.seed, plant);
    this.#isPlanted = plant !== undefined;
    this.course = new Course(schedule);
    this.trace = new Trace(doesKeepTrace);
    this.#skew = new Chance(program.seed, "clocks");
    this.#rollout = new Chance(program.seed, "rollout");
    this.lastFaultAt = this.outside.clock.now();
    this.#punctuality = new Punctuality(program.invocationMs === undefined ? 0 : LOST_INVOCATION_MS);
    this.journalRules.onLate = (runId, startedAt, lateMs, what) => {
      // Until somebody let it go, its timers had to wait.
      if (startedAt <= (this.endRules.resumedAt.get(runId) ?? Number.NEGATIVE_INFINITY)) return;
      if (this.#punctuality.isLate(startedAt, lateMs, this.course.doClocksDisagree))
        this.complain(`T1: ${runId}: ${what} came ${lateMs} ms late`);
    };
    this.journalRules.onZombieBody = () => this.sights.zombieBody();
    this.#workers = new Workers(this, program);
    this.flowRules = this.#flowRulesOf(program);
    this.timetableRules = new TimetableRules({
      timetable: program.timetable,
      book: this.book,
      complain: (what) => this.complain(what),
      saw: (what, times) => this.sights.saw(what, times),
      doClocksDisagree: () => this.course.doClocksDisagree,
    });
    const complain = (what: string) => this.complain(what);
    this.familyRules = new FamilyRules(complain, (what) => this.sights.saw(what), program.generations > 1);
    this.txRules = new TxRules(this.book, this.outside.tables, complain, (what) => this.sights.saw(what));
    this.repairRules = new RepairRules(program.repair, this.book, complain, (...what) =>
      this.sights.saw(...what),
    );
    this.#handlers = [
      this.book,
      this.journalRules,
      this.wakeRules,
      this.signalRules,
      this.endRules,
      this.familyRules,
      new StartRules(
        complain,
        (what) => this.sights.saw(what),
        () => this.outside.clock.now(),
      ),
      this.foldRules,
      this.flowRules.members,
      this.flowRules,
      this.timetableRules,
      this.outgoingRules,
      this.txRules,
      this.repairRules,
      this.sights,
    ].map(({ handlers }) => handlers);
    this.#nextSweepAt = program.hasSweeper
      ? this.outside.clock.now() + SWEEP_EVERY_MS
      : Number.POSITIVE_INFINITY;
  }

  #flowRulesOf(program: Program): FlowRules {
    const { sweepGrainMs, visibilityMs } = settingsOf(program);
    return new FlowRules({
      flow: program.flow,
      complain: (what) => this.complain(what),
      saw: (what) => this.sights.saw(what),
      now: () => this.outside.clock.now(),
      lastFaultAt: () => (this.course.happened.length === 0 ? undefined : this.lastFaultAt),
      doClocksDisagree: () => this.course.doClocksDisagree,
      // A run that was given back after faults has a message that backs off: the sweeper looks much later.
      patienceMs: 3 * sweepGrainMs + 2 * visibilityMs + SWEEP_EVERY_MS + GIVEN_BACK_SWEEP_MS,
    });
  }

  get activations(): number {
    return this.#workers.activations;
  }

  complain(what: string): void {
    this.note(`VIOLATION ${what}`);
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(what);
  }

  async run(runId: string): Promise<Run> {
    const run = await this.#latest.get(runId);
    if (run === undefined) throw new Error(`there is no run ${runId}`);
    return run;
  }

  /** Those that there are of a workflow. */
  async runIdsOf(workflow: string): Promise<readonly string[]> {
    const runs = await Promise.all(this.runIds.map(async (runId) => await this.run(runId)));
    return runs.filter((run) => run.workflow === workflow).map(({ runId }) => runId);
  }

  /** Runs until `reached`, moving time to whatever is due next. False when it was not reached by `deadline`, epoch ms; faults may move that. */
  async until(reached: () => Promise<boolean>, deadline: () => number): Promise<boolean> {
    for (let moves = 0; moves < MAX_PUMPS; moves += 1) {
      await this.#settle();
      if (this.violations.length > 0 || (await reached())) return true;
      // Looking may have begun something (a person revives a run).
      await this.outside.clock.rest();
      const next = await this.#nextAt();
      if (next === undefined || next > deadline()) return false;
      await this.outside.clock.advance(Math.max(0, next - this.outside.clock.now()));
    }
    return false;
  }

  start(actor: Actor, body?: string): SimProcess {
    return this.startWith(this.#codeOfNext(), actor, body);
  }

  startWith(code: Code, actor: Actor, body?: string): SimProcess {
    this.#processes += 1;
    const process = new SimProcess({
      id: this.#processes,
      actor,
      ...(body === undefined ? {} : { body }),
      program: this.#program,
      code,
      ports: this.outside.ports,
      aheadMs: this.course.doClocksDisagree ? this.#skew.int(-SKEW_MS, SKEW_MS) : 0,
      call: async (...call) => await this.call(...call),
      onBody: (caller, attempt) => {
        this.note(`${caller.id} begins attempt ${attempt.attempt} of ${attempt.runId} ${attempt.id}`);
        this.journalRules.bodyBegins(caller, attempt);
        this.endRules.bodyBegins(caller, attempt);
        this.foldRules.bodyBegins(caller, attempt);
        this.flowRules.bodyBegins(caller, attempt);
        this.repairRules.bodyBegins(attempt);
      },
      onFailed: (caller, runId) => this.endRules.codeFailed(caller, runId),
      isMended: (label) => this.repairRules.isMended(label),
      onComplaint: (what) => this.complain(what),
      onTokens: (runId, name, tokens) => {
        this.note(`tokens of ${name} of ${runId} are handed out`);
        const desk = this.#deskOf(runId, name);
        desk.tokens.push(tokens);
        desk.opened.resolve();
      },
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
    const name = `${port}.${method}`;
    const who = `${process.actor} ${process.id}`;
    const fault = this.faultAt({ actor: process.actor, port, method }, who);
    const answer = await undergo(fault, {
      process,
      args,
      clock: this.outside.clock,
      apply: async (given = args) => await this.#apply(process, name, given, act),
      pretend: () => {
        this.#see(process, name, args, undefined, undefined, this.#events);
        return undefined;
      },
      askPast: (ms) => {
        const asOf = this.outside.clock.now() - ms;
        return method === "list"
          ? this.#past.list(asOf, args[0] as RunQuery)
          : this.#past.due(asOf, Number(args[0]));
      },
      deploy: (ms) => this.#deploy(ms),
      killAll: () => {
        for (const other of this.#live) this.kill(other);
      },
    });
    this.endRules.heard(process, name, answer);
    return answer;
  }

  /** What was handed out for a callback, as soon as something is. */
  async tokensOf(runId: string, name: string): Promise<readonly Tokens[]> {
    const { tokens, opened } = this.#deskOf(runId, name);
    await opened.promise;
    return tokens;
  }

  #deskOf(runId: string, name: string): Desk {
    const key = `${runId} ${name}`;
    const known = this.#desks.get(key);
    if (known !== undefined) return known;
    const desk = { tokens: [], opened: Promise.withResolvers<void>() };
    this.#desks.set(key, desk);
    return desk;
  }

  /** Counts a call; the fault that happens at it, if any. */
  faultAt(site: CallSite, who: string): Fault | undefined {
    const fault = this.course.at(site);
    if (fault === undefined) return undefined;
    const now = this.outside.clock.now();
    this.lastFaultAt = Math.max(this.lastFaultAt, now + fault.ms);
    this.#punctuality.disturbed(now, fault.ms);
    this.note(`${who} FAULT at call ${this.course.calls}: ${fault.kind} at ${site.port}.${site.method}`);
    return fault;
  }

  /** A message reaches a handler. */
  async lookAt(body: string): Promise<void> {
    const message = readMessage(body);
    if (message !== undefined) this.sights.delivered(message, await this.#latest.get(message.runId));
  }

  #deploy(sideBySideMs: number): void {
    this.#codeBefore = this.code;
    this.#sideBySideUntil = this.outside.clock.now() + sideBySideMs;
    // Only where nothing of the old code is left may the new be more than the old.
    this.code = {
      version: this.code.version + 1,
      hasEpilogue: this.code.hasEpilogue || sideBySideMs === 0,
    };
  }

  #codeOfNext(): Code {
    const isOld = this.outside.clock.now() < this.#sideBySideUntil && this.#rollout.happens(0.5);
    return isOld ? this.#codeBefore : this.code;
  }

  async #apply(
    process: SimProcess,
    name: string,
    args: readonly unknown[],
    act: (args: readonly unknown[]) => unknown,
  ): Promise<unknown> {
    if (!CHANGES_OF_RUNS.has(name)) {
      const acting = act(args);
      this.#events += 1;
      const at = this.#events;
      const answer = await acting;
      this.#see(process, name, args, answer, undefined, at);
      return answer;
    }
    // The stores do their work before they first give way: nothing comes between these three.
    const { runs } = this.outside.ports.store;
    const runId = runIdOf(args);
    const before = this.#latest.get(runId);
    const acting = act(args);
    this.#latest.set(runId, runs.get(runId));
    this.#events += 1;
    const at = this.#events;
    const answer = await acting;
    // A bug that was planted may give way first.
    if (this.#isPlanted) this.#latest.set(runId, runs.get(runId));
    this.#see(process, name, args, answer, await before, at);
    const run = await this.#latest.get(runId);
    this.#past.note(this.outside.clock.now(), run);
    if (run !== undefined && !this.runIds.includes(runId)) this.runIds.push(runId);
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
    if (isWrite(name) && holdsSecret(args)) this.complain(`${name} was given the secret of a token`);
    this.note(`${process.actor} ${process.id} ${name}(${brief(args)}) = ${brief(answer)}`);
    const seen = { process, args: args as never[], answer, before, at };
    for (const handlers of this.#handlers) {
      dispatch(handlers, name, seen);
      if (isAppend(name, answer)) dispatch(handlers, "journal.append", seen);
    }
  }

  note(line: string): void {
    this.trace.add(this.outside.clock.now(), line);
  }

  async #settle(): Promise<void> {
    for (let pumps = 0; await this.#pump(); pumps += 1)
      if (pumps > MAX_PUMPS) throw new Error("the world never comes to rest");
    this.txRules.rest();
    this.flowRules.rest();
    const areAllThere = !this.course.has("message lost");
    const bodies = this.outside.wakeUpBodies();
    for (const runId of this.runIds) {
      // An operator who has let it go and was not answered yet sends the message when he asks again.
      const isOperated = this.endRules.holds.has(runId);
      this.wakeRules.rest(await this.run(runId), bodies, areAllThere && !isOperated);
    }
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
    const places = await Promise.all(this.runIds.map(async (runId) => (await this.run(runId)).sweepAt));
    const place = earliest(places);
    if (place === undefined) return this.outside.nextAt();
    return earliest([this.outside.nextAt(), Math.max(this.#nextSweepAt, place)]);
  }
}

/** Whether a transaction is an append to every rule: it has won the slot, or lost it. */
function isAppend(name: string, answer: unknown): boolean {
  if (name !== "journal.appendWith") return false;
  const { ok, existing } = answer as { readonly ok: boolean; readonly existing?: Checkpoint };
  return ok || existing !== undefined;
}

/** Every change of a run names it in what is asked. */
function runIdOf([first]: readonly unknown[]): string {
  if (typeof first === "object" && first !== null && "runId" in first) return String(first.runId);
  throw new Error("a change of a run that names none");
}
