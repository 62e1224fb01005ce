// One execution of a workflow's code against its journal. Owns the code's promises and the turns in which it may move:
// the code runs only while `start` or a delivery is under way, and each of them ends when it has nothing left to do but
// wait. So the code sees results one at a time, in journal order, and does the same every time (D1).
//
// Owns no I/O, no clock and no decision about what happens next: activation.ts and run-step.ts drive it.
//
//   start ──► code runs ──► blocked ──► deliver(entry 1) ──► code runs ──► blocked ──► …  ──► outcome
//
// How it comes to the outcome is told in code-end.ts; what is undone runs as more calls of the same execution (undo.ts).
//
// Invariants: J3 (a call gets the value in its entry, never the body's own), D1 (an entry without its call is a fault).
import type { Clock } from "../ports/clock.ts";
import type { CallEntry, Entry, LoopTurned, RunEntry } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { AttributeTally } from "./attributes.ts";
import { Bodies } from "./bodies.ts";
import { callKeyOf } from "./call-key.ts";
import { Calls } from "./calls.ts";
import { CodeEnd } from "./code-end.ts";
import { GivenUp } from "./compose/given-up.ts";
import { createContext } from "./context.ts";
import { Folds, type Placed, scopeOfTurn } from "./folds.ts";
import { kindOf, kindOfEntry } from "./kinds/index.ts";
import type { Delivered } from "./kinds/kind.ts";
import { OpenChildren } from "./open-children.ts";
import { TakenSignals } from "./taken-signals.ts";
import type { Tokens } from "./tokens.ts";
import { Undos } from "./undo.ts";
import { unreachable } from "./unreachable.ts";
import { Versions } from "./versions.ts";

/** A call that nobody will hear of again. */
export interface EndedCall {
  readonly key: string;
  /** Another process may have put notes about it. */
  readonly isNotedElsewhere: boolean;
}

export interface ExecutionOptions {
  readonly workflow: AnyWorkflow;
  readonly run: Run;
  readonly input: unknown;
  readonly turn: Clock["turn"];
  readonly log: Log;
  /** Only steps call these. */
  readonly tokens: Tokens;
  /** Where the code begins when it has begun anew. */
  readonly from?: Beginning;
  readonly folds?: Folds;
}

/** How a generation of the code begins, from the second one on. */
export interface Beginning {
  readonly generation: number;
  /** Epoch ms. */
  readonly at: number;
}

/** Where an entry stands. */
export type Place = Pick<Placed, "seq" | "isFirst">;

export class Execution {
  readonly calls = new Calls();
  readonly undos = new Undos(this);
  readonly children = new OpenChildren();
  readonly attributes: AttributeTally;
  readonly versions = new Versions();
  readonly givenUp = new GivenUp();
  readonly signals = new TakenSignals();
  readonly end = new CodeEnd(this);
  /** Set when the code cannot go on and a person is needed. */
  fault: PerdureError | undefined;
  /** Called when a fault comes up outside the code's turn, where nobody looks for one. */
  onFault: () => void = () => {};
  /** False while entries of earlier activations are delivered: the log is silent then. */
  live = false;
  /** Epoch ms that `ctx.now()` shows. */
  now: number;
  /** Number of the present turn; 0 is the start. */
  turn = 0;

  /** What replay leaves out. */
  readonly folds: Folds;
  readonly bodies = new Bodies();
  /** How often the code has begun, this time included. */
  generation: number;
  /** Calls of turns and generations that have ended, as far as this activation has seen them. */
  readonly ended: EndedCall[] = [];

  readonly #options: ExecutionOptions;
  readonly #draws = new Map<string, number>();
  #inTurn = false;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.attributes = new AttributeTally(options.run);
    const { startAt, createdAt } = options.run;
    // A generation may have been taken over from another run, which began it long ago: no deadline counts from then.
    this.now = Math.max(options.from?.at ?? 0, startAt ?? createdAt);
    this.generation = options.from?.generation ?? 1;
    this.folds = options.folds ?? new Folds();
  }

  get run(): Run {
    return this.#options.run;
  }

  /** Runs the code until it blocks. */
  async start(): Promise<void> {
    const { workflow, input, log } = this.#options;
    const ctx = createContext(this, log, "");
    await this.#takeTurn(() => {
      // The wrapper turns a body that throws before its first await into a rejection.
      const ended = (async () => workflow.body(ctx, input))();
      ended.then(
        (value) => this.end.succeed(value),
        (error: unknown) => this.end.fail(error),
      );
    });
  }

  /**
   * Hands an entry of the journal to the call it belongs to and runs the code until it blocks again. `value` is the
   * unpacked value or error of the entry.
   */
  async deliver({ seq, isFirst }: Place, entry: CallEntry, value: unknown): Promise<void> {
    this.children.note(seq, entry);
    this.attributes.note(seq, entry);
    if (entry.type === "loop.turned") this.#turnOver(entry, { seq, isFirst });
    const call = this.calls.find(kindOfEntry(entry), entry.id);
    if (call?.withdrawn) {
      // Recorded together with what made the code lose interest, or after it.
      this.#moveOn(entry.at);
      if ("fact" in entry) this.signals.miss(entry.fact, entry.id);
      kindOf(call.kind).applyWithdrawn?.(call, entry, this.#delivered(seq, value));
      await this.#undoWhatCameLate();
      return;
    }
    if (call === undefined || call.settled) {
      this.fault ??= this.#divergence(seq, entry);
      return;
    }
    this.#moveOn(entry.at);
    await this.#takeTurn(() => kindOf(call.kind).apply(call, entry, this.#delivered(seq, value)));
    await this.#undoWhatCameLate();
  }

  /** Hands over an entry about the run as a whole. */
  async deliverToRun(seq: number, entry: RunEntry, error?: unknown): Promise<void> {
    this.#moveOn(entry.at);
    await this.#takeTurn(() => {
      switch (entry.type) {
        case "run.cancel_requested":
          this.end.cancel(entry.reason);
          break;
        case "run.expired":
          this.end.expire();
          break;
        case "run.began":
          // Taken over from another run: what counts from it has begun already.
          break;
        case "run.version_marked":
          this.versions.noteMark(entry);
          break;
        case "run.continue_refused":
          this.end.refuseContinuation(error);
          break;
        case "run.continued":
          this.#endGeneration(seq, entry.generation);
          break;
        default:
          unreachable(entry);
      }
    });
  }

  /** Notes an entry of a turn or a generation that has ended: nobody will hear of it (F1). */
  leaveOut(seq: number, entry: Entry, generation: number): void {
    this.children.note(seq, entry);
    this.attributes.note(seq, entry);
    this.signals.leaveOut(entry);
    if ("id" in entry) this.ended.push({ key: callKeyOf(entry.id, generation), isNotedElsewhere: false });
  }

  /** What the outside keeps of a call goes by this. */
  keyOf(id: string): string {
    return callKeyOf(id, this.generation);
  }

  get tokens(): Tokens {
    return this.#options.tokens;
  }

  /** The next draw of chance in a scope: what others draw, and what replay leaves out, does not change it. */
  nextDraw(scope: string): string {
    const draw = (this.#draws.get(scope) ?? 0) + 1;
    this.#draws.set(scope, draw);
    return this.keyOf(`${scope}${draw}`);
  }

  /**
   * What replay leaves out must not be needed by what it does not.
   *
   * @throws E_BAD_OPTION when a turn of a loop reaches outside itself, or somebody into a turn that has ended
   */
  checkReach(what: string, id: string): void {
    this.bodies.check(what, id);
    if (!this.folds.isPast(id)) return;
    throw new PerdureError(
      "E_BAD_OPTION",
      `A turn of a loop has ended, and ${what} was used of its context.`,
    );
  }

  /** Takes a call in. Answers whether the code may make it now; if not, the call never settles. */
  admits(what: string, isUndo: boolean): boolean {
    this.checkCalled(what);
    const isOver = this.end.outcome !== undefined || this.fault !== undefined;
    return this.#inTurn && !isOver && (isUndo || !this.end.isNear);
  }

  /** Outside a turn a use of the context is a fault of the run: no replay would come to it again. */
  checkCalled(what: string): void {
    this.checkTurn(
      `${what} was called after the code waited for something that is not recorded (or from inside a step)`,
    );
  }

  #moveOn(at: number): void {
    this.turn += 1;
    this.now = Math.max(this.now, at);
  }

  async #takeTurn(act: () => void): Promise<void> {
    this.#inTurn = true;
    try {
      act();
      await this.#options.turn();
    } finally {
      this.#inTurn = false;
    }
  }

  /** A step that nobody waits for any more may have succeeded in the moment in which the code failed. */
  async #undoWhatCameLate(): Promise<void> {
    const undoLate = this.end.reopen();
    if (undoLate !== undefined) await this.#takeTurn(undoLate);
  }

  #delivered(seq: number, value: unknown): Delivered {
    return {
      run: this.run,
      seq,
      value,
      resolve: (call, result) => this.calls.resolve(call, result),
      reject: (call, error) => this.calls.reject(call, error),
      consume: (factKey) => this.signals.take(factKey),
      keepUndo: (call, result) => this.undos.keep(call, result),
    };
  }

  /** The turn before has ended for good: nothing of it is heard of again, nothing of it is undone. */
  #turnOver(entry: LoopTurned, place: Place): void {
    this.folds.turned(entry, place);
    this.signals.giveBack(entry);
    const scope = scopeOfTurn(entry.id, entry.turn - 1);
    this.#forget(scope);
    this.versions.forgetBelow(scope);
    for (const drawn of this.#draws.keys()) if (drawn.startsWith(scope)) this.#draws.delete(drawn);
  }

  /** Whoever has the run next begins a new execution behind it. */
  #endGeneration(seq: number, next: number): void {
    this.folds.add({ from: 1, to: seq - 1 });
    this.#forget("");
    this.generation = next;
  }

  #forget(scope: string): void {
    for (const call of this.calls.forgetBelow(scope)) {
      const isNotedElsewhere =
        (call.kind === "step" && call.on !== undefined) ||
        (call.kind === "callback" && call.heartbeatTimeoutMs !== undefined);
      this.ended.push({ key: call.key, isNotedElsewhere });
    }
    this.undos.forgetBelow(scope);
  }

  /** Outside a turn the code was woken by something that replay knows nothing of. */
  checkTurn(what: string): void {
    if (this.#inTurn) return;
    this.fault ??= new PerdureError("E_FOREIGN_AWAIT", `Run ${this.run.runId}: ${what}.`);
    this.onFault();
  }

  /** The counterpart of F1, for whoever leaves nothing out: where the code began anew it must have asked for that. */
  checkBeginsAnew(seq: number): void {
    if (this.end.continuation !== undefined) return;
    this.fault ??= this.#divergence(seq);
  }

  /** Without an entry: the code was to begin anew. */
  #divergence(seq: number, entry?: CallEntry): PerdureError {
    const was =
      entry === undefined
        ? "a new beginning (run.continued)"
        : `${kindOfEntry(entry)} "${entry.id}" (${entry.type})`;
    const open = [...this.calls.open()].map((call) => `${call.kind} "${call.id}"`).slice(0, 5);
    const asks = open.length > 0 ? `waits for ${open.join(", ")}` : "waits for nothing";
    const now = this.end.outcome === undefined ? asks : "has already ended";
    return new PerdureError(
      "E_NONDETERMINISM",
      `Run ${this.run.runId} replayed differently: entry ${seq} was ${was}, the code now ${now}.`,
    );
  }
}
