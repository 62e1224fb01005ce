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
import type { CallEntry, RunEntry, Undone } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Run } from "../ports/run.ts";
import { CancelledError, PerdureError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import type { Call } from "./call.ts";
import { Calls } from "./calls.ts";
import { GivenUp } from "./compose/given-up.ts";
import { createContext } from "./context.ts";
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
}

export class Execution {
  readonly calls = new Calls();
  readonly undos = new Undos(this);
  readonly children = new OpenChildren();
  readonly versions = new Versions();
  readonly givenUp = new GivenUp();
  /** Ends of children that the run waits for before it ends itself. */
  readonly awaited = new Set<Promise<unknown>>();
  /** Keys of the signal facts the journal has consumed. */
  readonly consumed = new Set<string>();
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

  readonly #options: ExecutionOptions;
  #inTurn = false;
  #draws = 0;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.now = options.run.createdAt;
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
  async deliver(seq: number, entry: CallEntry, value: unknown): Promise<void> {
    this.children.note(entry);
    const call = this.calls.find(kindOfEntry(entry), entry.id);
    if (call?.withdrawn) {
      // Recorded together with what made the code lose interest, or after it.
      this.#moveOn(entry.at);
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
  async deliverToRun(entry: RunEntry): Promise<void> {
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
        default:
          unreachable(entry);
      }
    });
  }

  get tokens(): Tokens {
    return this.#options.tokens;
  }

  /** Number of the next draw of chance. */
  nextDraw(): number {
    this.#draws += 1;
    return this.#draws;
  }

  /** Takes a call in. Answers whether the code may make it now; if not, the call never settles. */
  admits(what: string, isUndo: boolean): boolean {
    if (!this.#inTurn)
      this.#foreign(
        `${what} was called after the code waited for something that is not recorded (or from inside a step)`,
      );
    const isOver = this.outcome !== undefined || this.fault !== undefined;
    return this.#inTurn && !isOver && (isUndo || !this.isExpired);
  }

  /** The open calls of a scope reject; undoing goes on. */
  withdrawBelow(prefix: string, errorOf: ((call: Call) => Error) | undefined): void {
    for (const call of this.calls.open()) {
      const staysOpen = isUndoId(call.id) || (call.kind === "child" && call.onParentClose === "wait");
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
      consume: (factKey) => this.consumed.add(factKey),
      keepUndo: (call, result) => this.undos.keep(call, result),
    };
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
  }

  /** The code goes no further: its calls are never heard of again. */
  #expire(): void {
    this.isExpired = true;
    this.withdrawBelow("", undefined);
    this.#undoThenEnd({ ok: false, expired: true });
  }

  #undoThenEnd(ended: Ended): void {
    const { undone: before = [] } = ended;
    // Awaited by nobody: it moves in turns, like the code.
    void this.undos.run().then((undone) => {
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
    if (this.awaited.size === 0) this.#end(ended);
    else void Promise.allSettled(this.awaited).then(() => this.#end(ended));
  }

  #end(outcome: Ended): void {
    if (!this.#inTurn) this.#foreign("the code ended after it waited for something that is not recorded");
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
