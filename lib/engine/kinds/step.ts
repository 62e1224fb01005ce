// `ctx.step` and `ctx.waitForCondition`, which is a step that is tried until its value satisfies.
//
//   ready ──► running here ──► succeeded | failed | retrying ─► ready
//     │   at most once: started, in the journal before the body begins
//     └─────► dispatched ──► a step handler's fact ──► succeeded | failed | retrying
//
// An at-most-once attempt whose start is recorded and whose outcome is not may have happened: whoever finds it and has
// not started it itself records that it was interrupted, and it never runs again.
import { inspect } from "node:util";
import { ConditionError, PerdureError, StepError, TimeoutError } from "../../sdk/errors.ts";
import type { StepCall } from "../call.ts";
import { cut } from "../cut.ts";
import { type Decision, dueAt, type Situation } from "../decision.ts";
import { unreachable } from "../unreachable.ts";
import type { Kind } from "./kind.ts";

/** Of a value in a message. */
const MAX_SHOWN_CHARS = 200;

export const step: Kind<"step"> = {
  apply(call, entry, delivered) {
    const { seq, value } = delivered;
    switch (entry.type) {
      case "step.succeeded":
        delivered.keepUndo(call, value);
        delivered.resolve(call, value);
        break;
      case "step.failed":
        delivered.reject(call, new StepError(call.id, entry.attempt, value));
        break;
      case "step.timed_out":
        delivered.reject(call, call.polling ? value : new StepError(call.id, entry.attempt, value));
        break;
      case "step.retrying": {
        const lastError = `${entry.failure.name}: ${entry.failure.message}`;
        call.failures += 1;
        call.state = { at: "ready", attempt: entry.attempt + 1, notBefore: entry.retryAt, lastError };
        break;
      }
      case "step.polled":
        call.failures = 0;
        call.previous = value;
        call.state = { at: "ready", attempt: entry.attempt + 1, notBefore: entry.nextAt };
        break;
      case "step.started":
        call.state = { at: "started", attempt: entry.attempt, seq };
        break;
      case "step.dispatched":
        call.state = { at: "dispatched", attempt: entry.attempt, seq };
        break;
      default:
        unreachable(entry);
    }
  },

  /**
   * It happened, although nobody is told: it can be undone. A dispatch was recorded beside what made the call superfluous: its
   * message is never sent.
   */
  applyWithdrawn(call, entry, delivered) {
    if (call.state.at === "dispatched") call.state = { at: "ready", attempt: entry.attempt, notBefore: 0 };
    if (entry.type === "step.succeeded") delivered.keepUndo(call, delivered.value);
  },

  /** A step handler that is at work is heard out when the step would have to be undone. */
  decideWithdrawn(call, situation, decision) {
    const { state, compensation, on } = call;
    if (state.at !== "dispatched" || compensation === undefined) return;
    if (on !== undefined && situation.hasHandler(on)) decideDispatched(call, state, situation, decision);
  },

  decide(call, situation, decision) {
    if (situation.hasOutcome(call)) return;
    if (hasRunOutOfChecks(call)) {
      decision.failed.push({ call, type: "step.timed_out", error: outOfChecks(call) });
      return;
    }
    if (hasRunOutOfTime(call, situation)) {
      decision.failed.push({ call, type: "step.timed_out", error: outOfTime(call) });
      return;
    }
    if (call.deadline !== undefined) dueAt(decision, call.deadline);
    if (situation.isRunning(call)) return;
    switch (call.state.at) {
      case "dispatched":
        decideDispatched(call, call.state, situation, decision);
        break;
      case "started":
        if (situation.isOurs(call)) decision.start.push(call);
        else decision.failed.push({ call, type: "step.failed", error: interrupted(call) });
        break;
      case "ready":
        if (call.state.notBefore > situation.now) decideDelayed(call, call.state, decision);
        else decideReady(call, situation, decision);
        break;
      default:
        unreachable(call.state);
    }
  },
};

function hasRunOutOfChecks({ polling, state }: StepCall): boolean {
  return polling !== undefined && state.at === "ready" && state.attempt > polling.maxChecks;
}

function outOfChecks(call: StepCall): Error {
  const seen = lastErrorOf(call) ?? shortly(call.previous);
  return new ConditionError(call.id, call.state.attempt - 1, call.previous, seen);
}

/** For people. Only values that were recorded are shown. */
function shortly(value: unknown): string {
  const shown = inspect(value, { depth: 2, compact: true, breakLength: Number.POSITIVE_INFINITY });
  return cut(shown, MAX_SHOWN_CHARS);
}

function lastErrorOf({ state }: StepCall): string | undefined {
  return state.at === "ready" ? state.lastError : undefined;
}

/** Also when the next attempt could only begin afterwards: waiting for that helps nobody. */
function hasRunOutOfTime({ deadline, state }: StepCall, { now }: Situation): boolean {
  if (deadline === undefined) return false;
  return deadline <= now || (state.at === "ready" && state.notBefore >= deadline);
}

function outOfTime(call: StepCall): Error {
  const { attempt } = call.state;
  const lastError = lastErrorOf(call);
  const last = lastError === undefined ? "" : `; last: ${lastError}`;
  return new TimeoutError(
    call.polling === undefined
      ? `step "${call.id}" was not done in time, at attempt ${attempt}${last}`
      : `condition "${call.id}" did not come true in time, at check ${attempt}${last}`,
  );
}

/** What an at-most-once attempt that died without a word is recorded as. */
export function interrupted({ id, state }: StepCall): Error {
  const what = `Step "${id}" was interrupted at attempt ${state.attempt}: it may have happened or not, and is not run again.`;
  return new PerdureError("E_STEP_INTERRUPTED", what);
}

function decideDispatched(
  call: StepCall,
  state: Extract<StepCall["state"], { at: "dispatched" }>,
  situation: Situation,
  decision: Decision,
): void {
  const fact = situation.inbox.fact("step", stepFactKey(state.seq));
  if (fact !== undefined) {
    decision.answered.push({ call, fact });
    return;
  }
  if (call.on === undefined || !situation.hasHandler(call.on)) decision.missingHandler ??= call;
  decision.dispatched.push(call);
  const { maxAttempts } = call.backoff;
  decision.waits.push({ kind: "step-handler", id: call.id, attempt: state.attempt, maxAttempts });
}

/** Where a step handler's result for the dispatch at `seq` is stored. */
export function stepFactKey(seq: number): string {
  return `step-${String(seq).padStart(10, "0")}`;
}

function decideDelayed(
  call: StepCall,
  state: Extract<StepCall["state"], { at: "ready" }>,
  decision: Decision,
): void {
  dueAt(decision, state.notBefore);
  const { lastError, attempt, notBefore: until } = state;
  decision.waits.push(
    call.polling !== undefined && lastError === undefined
      ? { kind: "condition", id: call.id, until, attempt }
      : {
          kind: "retry",
          id: call.id,
          until,
          attempt,
          maxAttempts: call.backoff.maxAttempts,
          ...(lastError === undefined ? {} : { lastError: cut(lastError, MAX_SHOWN_CHARS) }),
        },
  );
}

function decideReady(call: StepCall, situation: Situation, decision: Decision): void {
  const { attempt } = call.state;
  const of = { id: call.id, attempt, at: situation.now };
  if (call.on !== undefined && !situation.hasHandler(call.on)) decision.missingHandler ??= call;
  // What is announced must begin, so it is not announced.
  else if (!situation.mayBegin) decision.start.push(call);
  else if (call.on !== undefined) decision.record.push({ type: "step.dispatched", ...of, handler: call.on });
  else if (call.isAtMostOnce) decision.record.push({ type: "step.started", ...of });
  else decision.start.push(call);
}
