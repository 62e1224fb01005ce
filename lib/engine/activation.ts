// The work of one activation, from the replayed journal until the run blocks, ends, stalls or hands off. Holds the
// lease all the while; suspending and closing META is leave.ts's.
//
// Each turn of the loop: look for an end, read the inbox when it has grown, decide, append what is decided and what
// has settled in one checkpoint (group commit), deliver it, and only then start new effects. So no effect starts
// before everything it depends on is in the journal (J3, J4).
import { isDeepStrictEqual } from "node:util";
import { CANCEL_GRACE_MS, MAX_LOOP_TURNS, MAX_WAITS_SHOWN } from "../limits.ts";
import type {
  CallEntry,
  ChildFailed,
  ChildStarted,
  Entry,
  Fact,
  Note,
  RunEntry,
  StepClaim,
  TerminalEntry,
} from "../ports/journal.ts";
import type { Fold, Run, Wait } from "../ports/run.ts";
import { CancelledError, PerdureError } from "../sdk/errors.ts";
import { Bell } from "./bell.ts";
import type { StepCall, TxCall } from "./call.ts";
import { commit } from "./commit.ts";
import { decide } from "./decide.ts";
import { type Decision, Inbox } from "./decision.ts";
import { endFactOf } from "./end-request.ts";
import type { Engine, Host } from "./engine.ts";
import type { Execution } from "./execution.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { LeaseLost } from "./lease.ts";
import type { Leftovers } from "./leftovers.ts";
import { logFailure } from "./log-failure.ts";
import type { Outgoing } from "./outgoing.ts";
import { lastWords, perform } from "./perform.ts";
import { makeChildren } from "./perform-children.ts";
import { progressNote, progressOf } from "./progress.ts";
import { deliverEntry } from "./replay.ts";
import { StepDispatcher } from "./step-dispatcher.ts";
import { StepRunner } from "./step-runner.ts";
import { type CancelFact, cancelledOutright, terminalOf, timedOut } from "./terminal.ts";
import { turnOver } from "./turn-over.ts";
import { usedUp } from "./used-up.ts";

export type Ending =
  | { readonly kind: "ended"; readonly terminal: TerminalEntry }
  | { readonly kind: "stalled"; readonly fault: PerdureError }
  /** Time is nearly up and there is more to do. */
  | { readonly kind: "hand-off" }
  /** An operator holds the run. */
  | { readonly kind: "paused" }
  | {
      readonly kind: "blocked";
      /** Earliest timer, epoch ms. */
      readonly nextAt: number | undefined;
      /** A step handler is at work, whose message may be lost. */
      readonly onHandler: boolean;
      /** When something else that was lost is to be looked for, epoch ms. */
      readonly checkAt?: number;
      readonly waits: readonly Wait[];
    };

export interface ActivationOptions {
  readonly engine: Engine;
  readonly host: Host;
  readonly run: Run;
  readonly execution: Execution;
  readonly writer: JournalWriter;
  readonly outgoing: Outgoing;
  readonly facts: readonly Fact[];
  readonly stepClaims: readonly StepClaim[];
  readonly notes: readonly Note[];
  /** Aborted when the lease is lost or the activation is over. */
  readonly signal: AbortSignal;
}

export class Activation {
  /** The value of `wake` when the inbox was last read (W1). */
  seen: number;
  readonly #options: ActivationOptions;
  readonly #bell = new Bell();
  readonly #runner: StepRunner;
  readonly #dispatcher: StepDispatcher;
  #facts: readonly Fact[];
  #notes: readonly Note[];
  /** Names of notes that may have been put here since they were read. */
  readonly #noted = new Set<string>();
  /** Signals of the inbox turned out to have been consumed before. */
  #isStale = false;
  /** At-most-once attempts whose start this activation has recorded: nobody else may run them. */
  readonly #ours = new Set<StepCall>();
  /** When bodies that run at a cancellation are waited for no longer, epoch ms. */
  #graceUntil: number | undefined;
  /** Higher than `seen` when a cause has come since the inbox was read. */
  #wake: number;
  /** Checkpoints appended by this activation. */
  #checkpoints = 0;
  /** Children whose start is in the journal and that could not be made. */
  #unborn: ChildFailed[] = [];
  #isPaused = false;
  /** The code that runs here has been followed by another beginning: nothing of it may be recorded any more. */
  #beginsAnew = false;

  constructor(options: ActivationOptions) {
    this.#options = options;
    this.seen = options.run.wake;
    this.#wake = options.run.wake;
    this.#facts = options.facts;
    this.#notes = options.notes;
    const notes = new Map(options.notes.map((note) => [note.name, note]));
    const { runId } = options.run;
    this.#runner = new StepRunner({
      engine: options.engine,
      runId,
      bell: this.#bell,
      signal: options.signal,
      isOutcomeWanted: (call) => options.execution.calls.isOutcomeWanted(call),
      progressOf: async (call) => {
        const progress = await progressOf(options.engine, runId, call, notes);
        return {
          last: progress.last,
          save: async (value) => {
            this.#noted.add(progressNote(call.key));
            await progress.save(value);
          },
        };
      },
    });
    this.#dispatcher = new StepDispatcher(options.engine, options.run, options.stepClaims);
    options.signal.addEventListener("abort", () => this.#bell.ring());
    options.execution.onFault = () => this.#bell.ring();
  }

  get lastSeq(): number {
    return this.#options.writer.lastSeq;
  }

  leftovers(): Leftovers {
    const { execution } = this.#options;
    return { children: execution.children.toCancel(), attributes: execution.attributes.changed };
  }

  /** Tells how META stands now; the loop will read the inbox when a cause has come. */
  notice({ wake, paused }: Run): void {
    const isPaused = paused === true;
    if (wake <= this.#wake && isPaused === this.#isPaused) return;
    this.#wake = Math.max(wake, this.#wake);
    this.#isPaused = isPaused;
    this.#bell.ring();
  }

  /** Does again what an activation before may have died before it did (J4, K1). */
  async catchUp(): Promise<void> {
    const { execution, run } = this.#options;
    await this.#makeChildren(execution.children.since(run.lastSeq));
  }

  /** @throws LeaseLost, Overtaken, and whatever the ports throw */
  async work(): Promise<Ending> {
    const { execution, engine } = this.#options;
    if (this.#beginsAnew) return this.#handOver();
    for (let turns = 0; turns < MAX_LOOP_TURNS; turns += 1) {
      if (this.#options.signal.aborted)
        throw new LeaseLost(`run ${this.#options.run.runId}: the lease is lost`);
      const end = await this.#end(execution);
      if (end !== undefined) return end;
      if (this.#wake > this.seen) {
        await this.#readInbox();
        // It may be that somebody has terminated the run.
        continue;
      }

      const settled = this.#runner.takeSettled();
      const decision = this.#decide(settled);
      const performed = await perform(engine, execution, decision);
      const now = engine.ports.clock.now();
      const marks = execution.versions.takeUnrecorded(now);
      const entries = [
        ...marks,
        ...settled.values(),
        ...decision.record,
        ...performed,
        ...this.#unborn.splice(0),
        ...this.#aboutTheRun(),
      ];
      const [transaction] = decision.transactions;
      if (entries.length > 0 || transaction !== undefined) {
        if (entries.length > 0) await this.#record(entries);
        else if (transaction !== undefined) await this.#commit(transaction);
        if (this.#mayHandOff()) {
          await this.#dispatcher.send(this.#decide().dispatched);
          return { kind: "hand-off" };
        }
        continue;
      }
      if (this.#learn(decision)) continue;
      const turned = await turnOver(engine, execution, decision);
      if (turned.length > 0) {
        await this.#record(turned);
        this.#beginsAnew = turned[0]?.type === "run.continued";
        if (this.#beginsAnew || this.#mayHandOff()) return { kind: "hand-off" };
        continue;
      }
      if (decision.fault !== undefined && !this.#runner.busy)
        return { kind: "stalled", fault: decision.fault };
      const left = await this.#act(decision);
      if (left !== undefined) return left;
      // Results that settle in the same turn share a checkpoint.
      await engine.ports.clock.turn();
    }
    throw new PerdureError(
      "E_INTERNAL",
      `Run ${this.#options.run.runId}: an activation took ${MAX_LOOP_TURNS} turns.`,
    );
  }

  /** A cause that came while the run was being left is looked at by whoever begins it anew: the message is sent. */
  #handOver(): Ending {
    this.seen = this.#wake;
    return { kind: "hand-off" };
  }

  /** Whether the inbox has turned out to hold something else than it was decided by. */
  #learn({ freshNotes, repeated }: Decision): boolean {
    this.#notes = [...this.#notes, ...freshNotes];
    for (const key of repeated) this.#options.execution.signals.take(key);
    this.#isStale ||= repeated.length > 0;
    return freshNotes.length + repeated.length > 0;
  }

  /**
   * Takes out of the inbox what a load that leaves the folds out could not know to be used up (F5). Answers the folds, when
   * they are not those that META has.
   */
  async fold(): Promise<readonly Fold[] | undefined> {
    const { engine, execution, run, stepClaims } = this.#options;
    const folds = execution.folds.all;
    const isNew = !isDeepStrictEqual(folds, run.folds ?? []);
    if (!isNew && !this.#isStale) return undefined;
    const held = { facts: this.#facts, notes: this.#notes, stepClaims, noted: this.#noted };
    const { runId } = run;
    await engine.ports.store.journal.retire({ runId, ...usedUp(execution, this.lastSeq, held) });
    return isNew ? folds : undefined;
  }

  /** Starts what may start, then waits in the process or answers why there is nothing to wait for here. */
  async #act(decision: Decision): Promise<Ending | undefined> {
    const { execution, engine } = this.#options;
    const { clock } = engine.ports;
    const { missingHandler } = decision;
    const hasEnded = execution.end.outcome !== undefined;
    if (!execution.calls.anyOpen && !hasEnded) return stalledByForeignAwait(execution);
    await this.#dispatcher.send(decision.dispatched);
    if (this.#options.signal.aborted) return undefined;

    const handOff = this.#isPaused || this.#isTimeToHandOff();
    if (missingHandler === undefined) this.#runner.start(this.#startable(decision, handOff));
    // What runs here is recorded before a person is asked.
    if (missingHandler !== undefined && !this.#runner.busy)
      return stalledByMissingHandler(execution, missingHandler);
    const nextAt = earliest(earliest(decision.nextAt, this.#deadline()), this.#graceUntil);
    const untilNextMs = nextAt === undefined ? undefined : Math.max(0, nextAt - clock.now());
    const staysMs = Math.min(engine.settings.inProcessWaitMs, this.#options.host.remainingMs() / 2);
    if (this.#runner.busy || (!handOff && untilNextMs !== undefined && untilNextMs <= staysMs)) {
      await this.#bell.wait(clock, untilNextMs);
      return undefined;
    }
    if (this.#isPaused) return { kind: "paused" };
    if (decision.start.length > 0) return { kind: "hand-off" };
    const onHandler = decision.dispatched.length > 0;
    return { kind: "blocked", nextAt, onHandler, waits: decision.waits.slice(0, MAX_WAITS_SHOWN) };
  }

  async #end(execution: Execution): Promise<Ending | undefined> {
    const { run, engine } = this.#options;
    if (execution.fault !== undefined) return { kind: "stalled", fault: execution.fault };
    const now = engine.ports.clock.now();
    if (execution.end.outcome !== undefined && !this.#isUnsure()) {
      const said = await lastWords(engine, execution);
      // Time was up by the clock of whoever recorded that.
      const at = Math.max(now, execution.now);
      return await this.#terminate(await terminalOf(execution, execution.end.outcome, engine, at), said);
    }
    const terminate = this.#asked("terminate");
    if (terminate !== undefined)
      return await this.#terminate(await cancelledOutright(run, terminate, engine, now));
    const isOver = this.#deadline() !== undefined && (run.deadline ?? now) <= now;
    return isOver && !this.#endsInSteps()
      ? await this.#terminate(await timedOut(run, engine, now), await lastWords(engine, execution))
      : undefined;
  }

  /** The journal says that time is up (#aboutTheRun), and the end comes when all is undone and awaited. */
  #endsInSteps(): boolean {
    const { undos, end } = this.#options.execution;
    return undos.anyKept || end.isAwaiting || this.#isUnsure();
  }

  #isUnsure(): boolean {
    const { stepHandlers } = this.#options.engine.ports;
    const isAtHandler = ({ state, on }: StepCall) =>
      state.at === "dispatched" && on !== undefined && stepHandlers.get(on) !== undefined;
    return this.#options.execution.end.isUnsure((call) => this.#runner.isRunning(call) || isAtHandler(call));
  }

  /** Entries about the run as a whole that are due. */
  #aboutTheRun(): RunEntry[] {
    const { execution, engine } = this.#options;
    if (execution.end.outcome !== undefined) return [];
    const now = engine.ports.clock.now();
    const deadline = this.#deadline();
    if (deadline !== undefined && deadline <= now && this.#endsInSteps())
      return [{ type: "run.expired", at: now }];
    const cancel = execution.end.isCancelled ? undefined : this.#asked("cancel");
    if (cancel === undefined || !this.#isGraceOver(now)) return [];
    const { reason } = cancel;
    return [{ type: "run.cancel_requested", ...(reason === undefined ? {} : { reason }), at: now }];
  }

  /**
   * Bodies that are running when the run is cancelled hear of it at once, and have a moment to come to an end that can be
   * recorded: what has happened can then be undone.
   */
  #isGraceOver(now: number): boolean {
    if (this.#graceUntil === undefined) {
      this.#graceUntil = now + CANCEL_GRACE_MS;
      this.#runner.abortAll(new CancelledError(`run ${this.#options.run.runId} was cancelled`));
    }
    const isOver = !this.#runner.busy || now >= this.#graceUntil;
    if (isOver) this.#graceUntil = undefined;
    return isOver;
  }

  #asked(kind: CancelFact["kind"]): CancelFact | undefined {
    const { engine, run } = this.#options;
    return endFactOf(engine, run, this.#facts, kind);
  }

  /** Nothing once the journal says that it has passed, or the code has ended before. */
  #deadline(): number | undefined {
    const { end } = this.#options.execution;
    return end.isExpired || end.outcome !== undefined ? undefined : this.#options.run.deadline;
  }

  /** What has been announced in the journal must be started here or is lost; nothing else when time is up or unwanted. */
  #startable({ start }: Decision, handOff: boolean): readonly StepCall[] {
    return handOff || this.#graceUntil !== undefined ? start.filter((call) => this.#ours.has(call)) : start;
  }

  async #terminate(terminal: TerminalEntry, said: readonly CallEntry[] = []): Promise<Ending> {
    const { engine, execution, outgoing, run, writer } = this.#options;
    const entries = [...execution.versions.takeUnrecorded(terminal.at), ...said, terminal];
    const first = await writer.append(entries);
    for (const [i, entry] of entries.entries()) execution.attributes.note(first + i, entry);
    outgoing.note(first, entries);
    logFailure(engine.ports.log, run.runId, terminal);
    return { kind: "ended", terminal };
  }

  #decide(settled: ReadonlyMap<StepCall, unknown> = new Map()): Decision {
    const { execution, engine, run } = this.#options;
    const calls = { open: execution.calls.open(), withdrawn: execution.calls.withdrawn() };
    return decide(calls, {
      inbox: new Inbox(this.#facts, execution.signals.keys, this.#notes),
      hasOutcome: (call) => settled.has(call),
      isRunning: (call) => this.#runner.isRunning(call),
      isOurs: (call) => this.#ours.has(call),
      hasHandler: (name) => engine.ports.stepHandlers.get(name) !== undefined,
      mayBegin: !this.#isPaused && this.#graceUntil === undefined,
      isFolded: run.folds !== undefined,
      now: engine.ports.clock.now(),
    });
  }

  /** W1: the number first, then the facts, so that a fact is never newer than the number that vouches for it. */
  async #readInbox(): Promise<void> {
    const wake = this.#wake;
    this.#facts = await this.#options.engine.ports.store.journal.facts(this.#options.run.runId);
    this.seen = wake;
  }

  /** J3, J4: in the journal first, then delivered one by one, exactly as a replay will. */
  async #record(entries: readonly Entry[]): Promise<void> {
    await this.#deliver(await this.#options.writer.append(entries), entries);
  }

  async #commit(call: TxCall): Promise<void> {
    const { engine, run, writer } = this.#options;
    const { first, entry } = await commit(engine, run.runId, call, writer);
    await this.#deliver(first, [entry]);
  }

  async #deliver(first: number, entries: readonly Entry[]): Promise<void> {
    const { engine, execution, outgoing, run } = this.#options;
    this.#checkpoints += 1;
    outgoing.note(first, entries);
    await this.#makeChildren(entries.filter(isChildStarted));
    for (const entry of entries) logFailure(engine.ports.log, run.runId, entry);
    for (const [i, entry] of entries.entries()) {
      if (execution.fault !== undefined) return;
      if (entry.type === "step.started") this.#takeAsOurs(entry.id);
      execution.folds.pass(first + i, entry);
      await deliverEntry(engine, execution, { seq: first + i, entry, isFirst: i === 0 });
    }
    this.#runner.dropSettled();
    await outgoing.trySend();
  }

  async #makeChildren(begun: readonly ChildStarted[]): Promise<void> {
    const { engine, execution } = this.#options;
    this.#unborn.push(...(await makeChildren(engine, execution, begun)));
  }

  #takeAsOurs(stepId: string): void {
    const call = this.#options.execution.calls.find("step", stepId);
    if (call?.kind === "step") this.#ours.add(call);
  }

  /** At a step boundary: nothing runs here, and the code has not ended. */
  #mayHandOff(): boolean {
    const { execution } = this.#options;
    const hasEnded = execution.end.outcome !== undefined || execution.fault !== undefined;
    const hasAnnounced = [...this.#ours].some((call) => !call.settled && call.state.at === "started");
    // Whoever comes next takes what META vouches for as done.
    const owes = hasAnnounced || this.#unborn.length > 0;
    return !hasEnded && !owes && !this.#runner.busy && this.#isTimeToHandOff();
  }

  /** Never before something was appended: a run whose replay takes most of the time must still move. */
  #isTimeToHandOff(): boolean {
    const { host, engine } = this.#options;
    const { handOffBeforeMs, checkpointsPerActivation } = engine.settings;
    if (this.#checkpoints === 0) return false;
    return this.#checkpoints >= checkpointsPerActivation || host.remainingMs() < handOffBeforeMs;
  }
}

function isChildStarted(entry: Entry): entry is ChildStarted {
  return entry.type === "child.started";
}

function stalledByMissingHandler(execution: Execution, call: StepCall): Ending {
  const what = `Run ${execution.run.runId}: step "${call.id}" runs on the step handler "${call.on}", which is not deployed.`;
  return { kind: "stalled", fault: new PerdureError("E_STEP_HANDLER_MISSING", what) };
}

function stalledByForeignAwait(execution: Execution): Ending {
  const what = `Run ${execution.run.runId} waits for something that is not recorded: none of its steps, sleeps or signals is open.`;
  return { kind: "stalled", fault: new PerdureError("E_FOREIGN_AWAIT", what) };
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
