// One execution of a workflow's code against its journal. Owns the code's promises and the turns in which it may move:
// the code runs only while `start` or a delivery is under way, and each of them ends when it has nothing left to do but
// wait. So the code sees results one at a time, in journal order, and does the same every time (D1).
//
// Owns no I/O, no clock and no decision about what happens next: activation.ts and run-step.ts drive it.
//
//   start ──► code runs ──► blocked ──► deliver(entry 1) ──► code runs ──► blocked ──► …  ──► outcome
//
// When the code has failed, its compensations run as more calls of the same execution (undo.ts), before the outcome.
//
// Invariants: J3 (a call gets the value in its entry, never the body's own), D1 (an entry without its call is a fault).
import type { Clock } from "../ports/clock.ts";
import type { CallEntry, Entry, LoopTurned, RunEntry, Undone } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Run } from "../ports/run.ts";
import { CancelledError, PerdureError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { AttributeTally } from "./attributes.ts";
import { Bodies } from "./bodies.ts";
import type { Call, CallKind } from "./call.ts";
import type { Made } from "./call-factory.ts";
import { callKeyOf } from "./call-key.ts";
import { Calls } from "./calls.ts";
import { type Encoded, encode } from "./codec.ts";
import { GivenUp } from "./compose/given-up.ts";
import { createContext } from "./context.ts";
import { Folds, type Placed, scopeOfTurn } from "./folds.ts";
import { kindOf, kindOfEntry } from "./kinds/index.ts";
import type { Delivered } from "./kinds/kind.ts";
import { OpenChildren } from "./open-children.ts";
import type { Tokens } from "./tokens.ts";
import { Undos } from "./undo.ts";
import { isUndoId } from "./undo-id.ts";
import { unreachable } from "./unreachable.ts";
import { Versions } from "./versions.ts";

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** Calls that the code need not wait for: what it has said is recorded when it ends, and nothing else that is open then. */
const LAST_WORDS: readonly CallKind[] = ["state", "attributes", "event"];

/** A call that nobody will hear of again. */
export interface EndedCall {
  readonly key: string;
  /** Another process may have put notes about it. */
  readonly isNotedElsewhere: boolean;
}

/** How the code ended, and what was undone because of it. */
export type Ended = (Outcome | { readonly ok: false; readonly expired: true }) & {
  readonly undone?: readonly Undone[];
};

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
  /** Ends of children that the run waits for before it ends itself. */
  readonly awaited = new Set<Made>();
  /** Keys of the signal facts the journal has consumed. */
  readonly consumed = new Set<string>();
  /** Keys of signal facts that were recorded for a call which had been given up, with its id. */
  readonly #untaken = new Map<string, string>();
  /** Set when the code has returned or thrown, and what it had registered is undone. */
  outcome: Ended | undefined;
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
  /** The journal says that somebody has asked for the end. */
  isCancelled = false;
  /** The journal says that the run's time is up. */
  isExpired = false;

  /** What replay leaves out. */
  readonly folds: Folds;
  readonly bodies = new Bodies();
  /** How often the code has begun, this time included. */
  generation: number;
  /** Calls of turns and generations that have ended, as far as this activation has seen them. */
  readonly ended: EndedCall[] = [];
  /** The code wants to begin anew with this input, and all that it had under way has ended. */
  continuation: Encoded | undefined;

  readonly #options: ExecutionOptions;
  readonly #draws = new Map<string, number>();
  #inTurn = false;
  /** Rejects the code's `continueAsNew`: it goes on after all. */
  #stay: ((error: Error) => void) | undefined;
  /** The code has ended while it waited for its new beginning. */
  #hasReturned = false;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.attributes = new AttributeTally(options.run);
    this.now = options.from?.at ?? options.run.startAt ?? options.run.createdAt;
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
        (value) => this.#waitThenEnd({ ok: true, value }),
        (error: unknown) => this.#undoThenEnd({ ok: false, error }),
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
      if ("fact" in entry && !this.consumed.has(entry.fact)) this.#untaken.set(entry.fact, entry.id);
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
          this.#cancel(entry.reason);
          break;
        case "run.expired":
          this.#expire();
          break;
        case "run.version_marked":
          this.versions.noteMark(entry);
          break;
        case "run.continue_refused":
          this.#stay = undefined;
          this.continuation = undefined;
          this.#undoThenEnd({ ok: false, error });
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
    if ("fact" in entry) this.consumed.add(entry.fact);
    this.#giveBack(entry);
    if ("id" in entry) this.ended.push({ key: callKeyOf(entry.id, generation), isNotedElsewhere: false });
  }

  /** Keys of signals that were recorded for calls below a scope, and that nobody has taken. */
  untakenBelow(scope: string): readonly string[] {
    return [...this.#untaken].flatMap(([key, id]) => (id.startsWith(scope) ? [key] : []));
  }

  /** What was recorded for calls that had been given up waits for the next who asks. */
  #giveBack(entry: Entry): void {
    for (const key of ("untaken" in entry && entry.untaken) || []) {
      this.consumed.delete(key);
      this.#untaken.delete(key);
    }
  }

  /** What the outside keeps of a call goes by this. */
  keyOf(id: string): string {
    return callKeyOf(id, this.generation);
  }

  /**
   * Ends what lies below a scope: what is open is given up, children that are to be waited for are waited for. What the
   * code has said without waiting for it is still recorded.
   */
  async closeScope(scope: string): Promise<void> {
    this.withdrawBelow(scope, undefined, LAST_WORDS);
    const awaited = [...this.awaited].filter(({ id }) => id?.startsWith(scope));
    await Promise.allSettled(awaited);
    for (const child of awaited) this.awaited.delete(child);
    // Who waited for a child may have gone on.
    this.withdrawBelow(scope, undefined, LAST_WORDS);
  }

  /** Never resolves: the code begins anew. */
  continueAsNew(input: unknown): Promise<never> {
    return new Promise<never>((_, reject) => {
      const encoded = encode(input);
      if (!this.admits("ctx.continueAsNew", false)) return;
      if (this.isCancelled)
        throw new CancelledError(`run ${this.run.runId} was cancelled: it does not begin anew`);
      this.#stay = reject;
      void this.closeScope("").then(() => {
        if (this.#stay === reject) this.continuation = encoded;
      });
    });
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
    if (!this.#inTurn)
      this.#foreign(
        `${what} was called after the code waited for something that is not recorded (or from inside a step)`,
      );
    const isOver = this.outcome !== undefined || this.fault !== undefined;
    const isEnding = this.isExpired || this.#stay !== undefined;
    return this.#inTurn && !isOver && (isUndo || !isEnding);
  }

  /** The open calls of a scope reject; undoing goes on. */
  withdrawBelow(
    prefix: string,
    errorOf: ((call: Call) => Error) | undefined,
    except: readonly CallKind[] = [],
  ): void {
    for (const call of this.calls.open()) {
      // A turn that the journal begins begins, whatever happens to its loop before.
      const isToCome = call.kind === "loop" && call.next === undefined;
      const staysOpen =
        isToCome ||
        except.includes(call.kind) ||
        isUndoId(call.id) ||
        (call.kind === "child" && call.onParentClose === "wait");
      if (call.id.startsWith(prefix) && !staysOpen) this.calls.withdraw(call, errorOf?.(call));
    }
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

  #delivered(seq: number, value: unknown): Delivered {
    return {
      run: this.run,
      seq,
      value,
      resolve: (call, result) => this.calls.resolve(call, result),
      reject: (call, error) => this.calls.reject(call, error),
      consume: (factKey) => {
        this.consumed.add(factKey);
        this.#untaken.delete(factKey);
      },
      keepUndo: (call, result) => this.undos.keep(call, result),
    };
  }

  /** The turn before has ended for good: nothing of it is heard of again, nothing of it is undone. */
  #turnOver(entry: LoopTurned, place: Place): void {
    this.folds.turned(entry, place);
    this.#giveBack(entry);
    const scope = scopeOfTurn(entry.id, entry.turn - 1);
    this.#forget(scope);
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
    this.undos.forget(scope);
  }

  /** Every open call rejects; what the code calls from then on is its cleaning up, and works. */
  #cancel(reason: string | undefined): void {
    this.isCancelled = true;
    const why = reason === undefined ? "" : `: ${reason}`;
    const errorOf = (call: Call) =>
      new CancelledError(
        `run ${this.run.runId} was cancelled while it waited for ${call.kind} "${call.id}"${why}`,
      );
    this.withdrawBelow("", errorOf);
    const stay = this.#stay;
    if (stay === undefined) return;
    this.#stay = undefined;
    this.continuation = undefined;
    const error = new CancelledError(`run ${this.run.runId} was cancelled before it began anew${why}`);
    stay(error);
    if (this.#hasReturned) this.#undoThenEnd({ ok: false, error });
  }

  /** The code goes no further: its calls are never heard of again. */
  #expire(): void {
    this.isExpired = true;
    this.#stay = undefined;
    this.continuation = undefined;
    this.withdrawBelow("", undefined);
    this.#undoThenEnd({ ok: false, expired: true });
  }

  #undoThenEnd(ended: Ended): void {
    if (this.#stay !== undefined) {
      this.#hasReturned = true;
      return;
    }
    const { undone: before = [] } = ended;
    // Awaited by nobody: it moves in turns, like the code.
    void this.undos.run("").then((undone) => {
      this.#waitThenEnd(undone.length === 0 ? ended : { ...ended, undone: [...before, ...undone] });
    });
  }

  /** A step that nobody waits for any more may have succeeded in the moment in which the code failed. */
  async #undoWhatCameLate(): Promise<void> {
    const { outcome } = this;
    if (outcome === undefined || outcome.ok || !this.undos.anyKept) return;
    this.outcome = undefined;
    await this.#takeTurn(() => this.#undoThenEnd(outcome));
  }

  #waitThenEnd(ended: Ended): void {
    if (this.#stay !== undefined) {
      this.#hasReturned = true;
      return;
    }
    if (this.awaited.size === 0) this.#end(ended);
    else void Promise.allSettled(this.awaited).then(() => this.#end(ended));
  }

  #end(outcome: Ended): void {
    if (!this.#inTurn) this.#foreign("the code ended after it waited for something that is not recorded");
    // Time was up while it waited for its children: what it has done is being undone.
    if (outcome.ok && this.isExpired) return;
    // While it waited for its children a step may have succeeded.
    if (!outcome.ok && this.undos.anyKept) this.#undoThenEnd(outcome);
    else this.outcome ??= outcome;
  }

  #foreign(what: string): void {
    this.fault ??= new PerdureError("E_FOREIGN_AWAIT", `Run ${this.run.runId}: ${what}.`);
    this.onFault();
  }

  #divergence(seq: number, entry: CallEntry): PerdureError {
    const open = [...this.calls.open()].map((call) => `${call.kind} "${call.id}"`).slice(0, 5);
    const asks = open.length > 0 ? `waits for ${open.join(", ")}` : "waits for nothing";
    const now = this.outcome === undefined ? asks : "has already ended";
    return new PerdureError(
      "E_NONDETERMINISM",
      `Run ${this.run.runId} replayed differently: entry ${seq} was ${kindOfEntry(entry)} "${entry.id}" (${entry.type}), the code now ${now}.`,
    );
  }
}
