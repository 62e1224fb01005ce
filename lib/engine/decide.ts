// What to do next, from what the code waits for and what has happened. Pure: no I/O, no clock; the activation does it.
import type { CallEntry, Fact } from "../ports/journal.ts";
import type { Wait } from "../ports/run.ts";
import type { Call, SignalCall, SleepCall, StepCall } from "./call.ts";
import { unreachable } from "./unreachable.ts";

export type StepFact = Extract<Fact, { kind: "step" }>;
export type SignalFact = Extract<Fact, { kind: "signal" }>;

export interface Situation {
  /** Calls without a result, in the order they were made. */
  readonly open: Iterable<Call>;
  readonly facts: readonly Fact[];
  /** Keys of signal facts that the journal has consumed. */
  readonly consumed: ReadonlySet<string>;
  /** Whether an attempt of this step is under way in this activation. */
  readonly isRunning: (call: StepCall) => boolean;
  readonly hasHandler: (name: string) => boolean;
  /** Epoch ms. */
  readonly now: number;
}

export interface Decision {
  /** Entries to append now. */
  readonly record: CallEntry[];
  /** Dispatched steps whose result has come. */
  readonly answered: { readonly call: StepCall; readonly fact: StepFact }[];
  /** Signals whose payload is to be checked against the call's schema before it is recorded. */
  readonly unchecked: { readonly call: SignalCall; readonly fact: SignalFact }[];
  /** Steps to run in this process now. */
  readonly start: StepCall[];
  /** Steps a step handler has and has not answered. */
  readonly dispatched: StepCall[];
  /** A step asks for a handler that does not exist. */
  missingHandler: StepCall | undefined;
  /** Earliest time at which something is due, epoch ms. */
  nextAt: number | undefined;
  readonly waits: Wait[];
}

export function decide(situation: Situation): Decision {
  const decision: Decision = {
    record: [],
    answered: [],
    unchecked: [],
    start: [],
    dispatched: [],
    missingHandler: undefined,
    nextAt: undefined,
    waits: [],
  };
  const inbox = new Inbox(situation.facts, situation.consumed);
  for (const call of situation.open) {
    switch (call.kind) {
      case "step":
        decideStep(call, situation, inbox, decision);
        break;
      case "sleep":
        decideSleep(call, situation.now, decision);
        break;
      case "signal":
        decideSignal(call, situation.now, inbox, decision);
        break;
      default:
        unreachable(call);
    }
  }
  return decision;
}

/** The facts nobody has consumed; each is given out once. */
class Inbox {
  readonly #signals = new Map<string, SignalFact[]>();
  readonly #steps = new Map<number, StepFact>();

  constructor(facts: readonly Fact[], consumed: ReadonlySet<string>) {
    for (const fact of facts) {
      if (fact.kind === "step") this.#steps.set(fact.seq, fact);
      if (fact.kind !== "signal" || consumed.has(fact.key)) continue;
      const sameName = this.#signals.get(fact.signal);
      if (sameName === undefined) this.#signals.set(fact.signal, [fact]);
      else sameName.push(fact);
    }
  }

  takeSignal(name: string): SignalFact | undefined {
    return this.#signals.get(name)?.shift();
  }

  stepResult(seq: number): StepFact | undefined {
    return this.#steps.get(seq);
  }
}

function decideStep(call: StepCall, situation: Situation, inbox: Inbox, decision: Decision): void {
  const { state } = call;
  if (state.at === "dispatched") {
    const fact = inbox.stepResult(state.seq);
    if (fact !== undefined) {
      decision.answered.push({ call, fact });
      return;
    }
    if (call.on === undefined || !situation.hasHandler(call.on)) decision.missingHandler ??= call;
    decision.dispatched.push(call);
    decision.waits.push({
      kind: "step-handler",
      id: call.id,
      attempt: state.attempt,
      maxAttempts: call.backoff.maxAttempts,
    });
    return;
  }
  if (situation.isRunning(call)) return;
  if (state.notBefore > situation.now) {
    dueAt(decision, state.notBefore);
    decision.waits.push({
      kind: "retry",
      id: call.id,
      until: state.notBefore,
      attempt: state.attempt,
      maxAttempts: call.backoff.maxAttempts,
      ...(state.lastError === undefined ? {} : { lastError: state.lastError.slice(0, 200) }),
    });
    return;
  }
  if (call.on === undefined) {
    decision.start.push(call);
  } else if (situation.hasHandler(call.on)) {
    decision.record.push({
      type: "step.dispatched",
      id: call.id,
      attempt: state.attempt,
      handler: call.on,
      at: situation.now,
    });
  } else {
    decision.missingHandler ??= call;
  }
}

/** T1: `now` is the clock of whoever looks, so a message that comes early fires nothing. */
function decideSleep(call: SleepCall, now: number, decision: Decision): void {
  if (call.wakeAt === undefined) {
    decision.record.push({ type: "sleep.started", id: call.id, wakeAt: now + call.durationMs, at: now });
  } else if (call.wakeAt <= now) {
    decision.record.push({ type: "sleep.finished", id: call.id, at: now });
  } else {
    dueAt(decision, call.wakeAt);
    decision.waits.push({ kind: "sleep", id: call.id, until: call.wakeAt });
  }
}

function decideSignal(call: SignalCall, now: number, inbox: Inbox, decision: Decision): void {
  const fact = inbox.takeSignal(call.name);
  const of = { id: call.id, signal: call.name, at: now };
  if (fact !== undefined && call.schema !== undefined) {
    decision.unchecked.push({ call, fact });
  } else if (fact !== undefined) {
    decision.record.push({ type: "signal.received", ...of, fact: fact.key, value: fact.value });
  } else if (call.timeoutMs === undefined) {
    decision.waits.push({ kind: "signal", id: call.id });
  } else if (call.deadline === undefined) {
    decision.record.push({ type: "signal.awaited", ...of, deadline: now + call.timeoutMs });
  } else if (call.deadline <= now) {
    decision.record.push({ type: "signal.timed_out", ...of });
  } else {
    dueAt(decision, call.deadline);
    decision.waits.push({ kind: "signal", id: call.id, until: call.deadline });
  }
}

function dueAt(decision: Decision, at: number): void {
  decision.nextAt = decision.nextAt === undefined ? at : Math.min(decision.nextAt, at);
}
