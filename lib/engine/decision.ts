// What a look at the situation decides, as data: the activation does it (activation.ts, perform.ts). The kinds of call
// (kinds/) fill it in.
import type { CallEntry, Fact, Note } from "../ports/journal.ts";
import type { Wait } from "../ports/run.ts";
import type { PerdureError } from "../sdk/errors.ts";
import type {
  AttributesCall,
  CallbackCall,
  ChildCall,
  EventCall,
  LoopCall,
  SignalCall,
  StateCall,
  StepCall,
  TxCall,
} from "./call.ts";

export type StepFact = Extract<Fact, { kind: "step" }>;
export type SignalFact = Extract<Fact, { kind: "signal" }>;

export type ChildFact = Extract<Fact, { kind: "child" }>;
export type CallbackFact = Extract<Fact, { kind: "callback" }>;

/** What the code tells the outside. */
export type OutgoingCall = StateCall | AttributesCall | EventCall;

export interface Situation {
  /** Whether the outcome of an attempt of this step is at hand, about to be recorded. */
  readonly hasOutcome: (call: StepCall) => boolean;
  /** Whether an attempt of this step is under way in this activation. */
  readonly isRunning: (call: StepCall) => boolean;
  /** Whether this activation recorded the start of this at-most-once attempt, and so may run it. */
  readonly isOurs: (call: StepCall) => boolean;
  readonly hasHandler: (name: string) => boolean;
  /** Whether attempts may begin: not while an operator holds the run, nor while a cancelled one waits for its bodies. */
  readonly mayBegin: boolean;
  /** The journal leaves something out: a signal in the inbox may have been consumed there (F5). */
  readonly isFolded: boolean;
  /** Epoch ms. */
  readonly now: number;
  readonly inbox: Inbox;
}

export interface Decision {
  /** Entries to append now. */
  readonly record: CallEntry[];
  /** Dispatched steps whose result has come. */
  readonly answered: { readonly call: StepCall; readonly fact: StepFact }[];
  /** Signals whose payload is to be checked against the call's schema before it is recorded. */
  readonly unchecked: { readonly call: SignalCall; readonly fact: SignalFact }[];
  /** Steps to record as failed with an error of ours, without an attempt. */
  readonly failed: {
    readonly call: StepCall;
    readonly type: "step.failed" | "step.timed_out";
    readonly error: Error;
  }[];
  readonly startChildren: ChildCall[];
  readonly childrenEnded: { readonly call: ChildCall; readonly fact: ChildFact }[];
  /** Children that nobody waits for any more, to be told to end. */
  readonly cancelChildren: ChildCall[];
  readonly callbacksEnded: { readonly call: CallbackCall; readonly fact: CallbackFact }[];
  /** Callbacks whose time is up, unless somebody has been quicker. */
  readonly callbacksDue: { readonly call: CallbackCall; readonly isSilent: boolean }[];
  /** Callbacks that nobody waits for any more. */
  readonly withdrawCallbacks: CallbackCall[];
  /** What is to be recorded and told to the outside. */
  readonly outgoing: OutgoingCall[];
  /** Each is a checkpoint of its own. */
  readonly transactions: TxCall[];
  /** Turns of loops that have ended. */
  readonly turns: LoopCall[];
  /** Keys of signals that had been consumed before, and came again. */
  readonly repeated: string[];
  /** Notes that turned out to be newer than those it was decided by. */
  readonly freshNotes: Note[];
  /** Steps to run in this process now. */
  readonly start: StepCall[];
  /** Steps a step handler has and has not answered. */
  readonly dispatched: StepCall[];
  /** Something that only a person can mend stands in the way. */
  fault: PerdureError | undefined;
  /** A step asks for a handler that does not exist. */
  missingHandler: StepCall | undefined;
  /** Earliest time at which something is due, epoch ms. */
  nextAt: number | undefined;
  readonly waits: Wait[];
}

export function newDecision(): Decision {
  return {
    record: [],
    answered: [],
    unchecked: [],
    failed: [],
    startChildren: [],
    childrenEnded: [],
    cancelChildren: [],
    callbacksEnded: [],
    callbacksDue: [],
    withdrawCallbacks: [],
    outgoing: [],
    transactions: [],
    turns: [],
    repeated: [],
    freshNotes: [],
    start: [],
    dispatched: [],
    fault: undefined,
    missingHandler: undefined,
    nextAt: undefined,
    waits: [],
  };
}

export function dueAt(decision: Decision, at: number): void {
  decision.nextAt = decision.nextAt === undefined ? at : Math.min(decision.nextAt, at);
}

/** The facts nobody has consumed, each given out once, and the notes. */
export class Inbox {
  readonly #signals = new Map<string, SignalFact[]>();
  readonly #byKey = new Map<string, Fact>();
  readonly #notes: ReadonlyMap<string, Note>;

  /** `consumed`: keys of the signals that the journal has consumed. */
  constructor(facts: readonly Fact[], consumed: ReadonlySet<string>, notes: readonly Note[] = []) {
    for (const fact of facts) {
      this.#byKey.set(fact.key, fact);
      if (fact.kind !== "signal" || consumed.has(fact.key)) continue;
      const sameName = this.#signals.get(fact.signal);
      if (sameName === undefined) this.#signals.set(fact.signal, [fact]);
      else sameName.push(fact);
    }
    this.#notes = new Map(notes.map((note) => [note.name, note]));
  }

  takeSignal(name: string): SignalFact | undefined {
    return this.#signals.get(name)?.shift();
  }

  fact<K extends Fact["kind"]>(kind: K, key: string): Extract<Fact, { kind: K }> | undefined {
    const fact = this.#byKey.get(key);
    return fact?.kind === kind ? (fact as Extract<Fact, { kind: K }>) : undefined;
  }

  note(name: string): Note | undefined {
    return this.#notes.get(name);
  }
}
