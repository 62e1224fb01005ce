// One execution of a workflow's code against its journal. Owns the code's promises and the turns in which it may move:
// the code runs only while `start` or `deliver` is under way, and each of them ends when it has nothing left to do but
// wait. So the code sees results one at a time, in journal order, and does the same every time (D1).
//
// Owns no I/O, no clock and no decision about what happens next: activation.ts and step-handler.ts drive it.
//
//   start ──► code runs ──► blocked ──► deliver(entry 1) ──► code runs ──► blocked ──► …  ──► outcome
//
// Invariants: J3 (a call gets the value in its entry, never the body's own), D1 (an entry without its call is a fault).
import type { Clock } from "../ports/clock.ts";
import type { CallEntry } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";
import type { Run } from "../ports/run.ts";
import { PerdureError, StepError, TimeoutError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import type { Call, CallKind, SignalCall, SleepCall, StepCall } from "./call.ts";
import { Calls } from "./calls.ts";
import { createContext } from "./context.ts";
import { unreachable } from "./unreachable.ts";

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

export interface ExecutionOptions {
  readonly workflow: AnyWorkflow;
  readonly run: Run;
  readonly input: unknown;
  readonly turn: Clock["turn"];
  readonly log: Log;
}

export class Execution {
  readonly calls = new Calls();
  /** Keys of the signal facts the journal has consumed. */
  readonly consumed = new Set<string>();
  /** Set when the code has returned or thrown. */
  outcome: Outcome | undefined;
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

  readonly #options: ExecutionOptions;
  #inTurn = false;

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
    const ctx = createContext(this, log);
    await this.#takeTurn(() => {
      // The wrapper turns a body that throws before its first await into a rejection.
      const ended = (async () => workflow.body(ctx, input))();
      ended.then(
        (value) => this.#end({ ok: true, value }),
        (error: unknown) => this.#end({ ok: false, error }),
      );
    });
  }

  /**
   * Hands an entry of the journal to the call it belongs to and runs the code until it blocks again. `value` is the
   * unpacked value or error of the entry.
   */
  async deliver(seq: number, entry: CallEntry, value: unknown): Promise<void> {
    const call = this.calls.find(kindOf(entry), entry.id);
    if (call === undefined || call.settled) {
      this.fault ??= this.#divergence(seq, entry);
      return;
    }
    this.turn += 1;
    this.now = Math.max(this.now, entry.at);
    await this.#takeTurn(() => this.#apply(call, seq, entry, value));
  }

  /** Takes a call in. Answers whether the code may make it now; if not, the call never settles. */
  admits(what: string): boolean {
    if (!this.#inTurn)
      this.#foreign(
        `${what} was called after the code waited for something that is not recorded (or from inside a step)`,
      );
    return this.#inTurn && this.outcome === undefined && this.fault === undefined;
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

  #end(outcome: Outcome): void {
    if (!this.#inTurn) this.#foreign("the code ended after it waited for something that is not recorded");
    this.outcome ??= outcome;
  }

  #foreign(what: string): void {
    this.fault ??= new PerdureError("E_FOREIGN_AWAIT", `Run ${this.run.runId}: ${what}.`);
    this.onFault();
  }

  /** `call` is of the kind of the entry: it was found by it. */
  #apply(call: Call, seq: number, entry: CallEntry, value: unknown): void {
    switch (entry.type) {
      case "step.succeeded":
      case "sleep.finished":
        this.calls.settle(call);
        call.resolve(value);
        break;
      case "step.failed":
        this.calls.settle(call);
        call.reject(new StepError(call.id, entry.attempt, value));
        break;
      case "step.retrying": {
        const lastError = `${entry.failure.name}: ${entry.failure.message}`;
        const attempt = entry.attempt + 1;
        (call as StepCall).state = { at: "ready", attempt, notBefore: entry.retryAt, lastError };
        break;
      }
      case "step.dispatched":
        (call as StepCall).state = { at: "dispatched", attempt: entry.attempt, seq };
        break;
      case "sleep.started":
        (call as SleepCall).wakeAt = entry.wakeAt;
        break;
      case "signal.awaited":
        (call as SignalCall).deadline = entry.deadline;
        break;
      case "signal.received":
        this.consumed.add(entry.fact);
        this.calls.settle(call);
        call.resolve(value);
        break;
      case "signal.refused":
        this.consumed.add(entry.fact);
        this.calls.settle(call);
        call.reject(value);
        break;
      case "signal.timed_out": {
        const what = `no signal "${entry.signal}" came in time for run ${this.run.runId}`;
        this.calls.settle(call);
        call.reject(new TimeoutError(what));
        break;
      }
      default:
        unreachable(entry);
    }
  }

  #divergence(seq: number, entry: CallEntry): PerdureError {
    const open = [...this.calls.open()].map((call) => `${call.kind} "${call.id}"`).slice(0, 5);
    const asks = open.length > 0 ? `waits for ${open.join(", ")}` : "waits for nothing";
    const now = this.outcome === undefined ? asks : "has already ended";
    return new PerdureError(
      "E_NONDETERMINISM",
      `Run ${this.run.runId} replayed differently: entry ${seq} was ${kindOf(entry)} "${entry.id}" (${entry.type}), the code now ${now}.`,
    );
  }
}

function kindOf(entry: CallEntry): CallKind {
  switch (entry.type) {
    case "step.succeeded":
    case "step.failed":
    case "step.retrying":
    case "step.dispatched":
      return "step";
    case "sleep.started":
    case "sleep.finished":
      return "sleep";
    case "signal.awaited":
    case "signal.received":
    case "signal.refused":
    case "signal.timed_out":
      return "signal";
    default:
      return unreachable(entry);
  }
}
