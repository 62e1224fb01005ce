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

export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

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
    if (!this.#inTurn) {
      this.fault ??= new PerdureError(
        "E_FOREIGN_AWAIT",
        `Run ${this.run.runId}: ${what} was called after the code waited for something that is not recorded (or from inside a step).`,
      );
    }
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
    if (!this.#inTurn) {
      this.fault ??= new PerdureError(
        "E_FOREIGN_AWAIT",
        `Run ${this.run.runId}: the code ended after it waited for something that is not recorded.`,
      );
    }
    this.outcome ??= outcome;
  }

  #apply(call: Call, seq: number, entry: CallEntry, value: unknown): void {
    switch (entry.type) {
      case "step.succeeded":
      case "sleep.finished":
        return this.#settle(call, () => call.resolve(value));
      case "step.failed":
        return this.#settle(call, () => call.reject(new StepError(call.id, entry.attempt, value)));
      case "step.retrying":
        (call as StepCall).state = {
          at: "ready",
          attempt: entry.attempt + 1,
          notBefore: entry.retryAt,
          lastError: `${entry.failure.name}: ${entry.failure.message}`,
        };
        return;
      case "step.dispatched":
        (call as StepCall).state = { at: "dispatched", attempt: entry.attempt, seq, since: entry.at };
        return;
      case "sleep.started":
        (call as SleepCall).wakeAt = entry.wakeAt;
        return;
      case "signal.awaited":
        (call as SignalCall).deadline = entry.deadline;
        return;
      case "signal.received":
        this.consumed.add(entry.fact);
        return this.#settle(call, () => this.#giveSignal(call as SignalCall, value));
      case "signal.timed_out":
        return this.#settle(call, () =>
          call.reject(new TimeoutError(`no signal "${entry.signal}" came in time for run ${this.run.runId}`)),
        );
      default:
        return unreachable(entry);
    }
  }

  #settle(call: Call, act: () => void): void {
    this.calls.settle(call);
    act();
  }

  /** The schema sits at the call, so a payload that does not fit is the workflow's to handle. */
  #giveSignal(call: SignalCall, value: unknown): void {
    if (call.schema === undefined) return call.resolve(value);
    const result = call.schema["~standard"].validate(value);
    if (result instanceof Promise) {
      return call.reject(new PerdureError("E_BAD_OPTION", `The schema of signal "${call.name}" is asynchronous.`));
    }
    if (result.issues === undefined) return call.resolve(result.value);
    const faults = result.issues.map((issue) => issue.message).join("; ");
    return call.reject(new PerdureError("E_INVALID_INPUT", `Signal "${call.name}" does not fit its schema: ${faults}.`));
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
    case "signal.timed_out":
      return "signal";
    default:
      return unreachable(entry);
  }
}
