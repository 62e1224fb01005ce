// The Context a workflow gets: turns its calls into Call records of the execution and returns their promises. Runs
// nothing; whether a step's body ever runs is decided elsewhere, from the journal. A scope is a Context of its own, whose
// calls have longer ids.
import type { Log } from "../ports/log.ts";
import type { AttributeChange } from "../ports/run.ts";
import type { TransactionWrite } from "../ports/transaction.ts";
import type { ApprovalOptions, CallbackOptions, Submit } from "../sdk/callback.ts";
import type { ChildOptions } from "../sdk/child.ts";
import type { Context } from "../sdk/context.ts";
import type { Duration } from "../sdk/duration.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkName } from "../sdk/names.ts";
import { checkFunction } from "../sdk/options.ts";
import type { EmittedEvent } from "../sdk/outgoing.ts";
import type { Check, ConditionOptions, StepBody, StepContext, StepOptions } from "../sdk/step.ts";
import type { Time } from "../sdk/time.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { askAttributes, askEvent, askState } from "./ask-outgoing.ts";
import { askTransaction } from "./ask-transaction.ts";
import type { CallKind } from "./call.ts";
import { type AskedOf, makeCall } from "./call-factory.ts";
import { waitForApproval, waitForCallback } from "./compose/callback.ts";
import { runChild, startChild } from "./compose/child.ts";
import { runLoop } from "./compose/loop.ts";
import { mapItems } from "./compose/map.ts";
import { parallel } from "./compose/parallel.ts";
import { type Enter, runScope } from "./compose/scope.ts";
import type { Execution } from "./execution.ts";
import {
  askCondition,
  askSignal,
  askSleep,
  askSleepUntil,
  askStep,
  checkVersionRange,
  compensationOf,
} from "./options.ts";
import { createScheduling, SCHEDULING, scheduledOf } from "./schedules/verbs.ts";
import { seededRandom, seededUuid } from "./seeded.ts";
import type { VersionRange } from "./versions.ts";

/** `prefix` is empty, or ends with '/'. */
export function createContext(execution: Execution, log: Log, prefix: string): Context {
  const { runId, workflow } = execution.run;
  const enter: Enter = {
    execution,
    prefix,
    contextOf: (inner) => createContext(execution, log, inner),
  };
  const make = <K extends CallKind>(kind: K, name: string, ask: (name: string) => AskedOf<K>) =>
    makeCall(execution, kind, `${prefix}${String(name)}`, () => {
      checkName(kind, name);
      return ask(name);
    });
  const waitForSignal = (name: string, options: object = {}) =>
    make("signal", name, () => askSignal(name, options));

  const ctx = {
    runId,
    workflow,
    step: (name: string, body: StepBody<unknown>, options: StepOptions<unknown> = {}) =>
      make("step", name, () => askStep(execution, name, body, options)),
    sleep: (name: string, duration: Duration) => make("sleep", name, () => askSleep(name, duration)),
    sleepUntil: (name: string, time: Time) => make("sleep", name, () => askSleepUntil(name, time)),
    waitForSignal,
    async *signals(name: string, options: object = {}) {
      for (;;) yield await waitForSignal(name, options);
    },
    waitForCondition: (name: string, check: Check<unknown>, options: ConditionOptions<unknown>) =>
      make("step", name, () => askCondition(execution, name, check, options)),
    waitForCallback: (name: string, submit: Submit, options: CallbackOptions = {}) =>
      waitForCallback(execution, prefix, name, submit, options),
    waitForApproval: (name: string, options: ApprovalOptions) =>
      waitForApproval(execution, prefix, name, options),
    runChild: (name: string, child: AnyWorkflow, input: unknown, options: ChildOptions = {}) =>
      runChild(execution, { prefix, name, workflow: child, input, options }),
    startChild: (name: string, child: AnyWorkflow, input: unknown, options: ChildOptions = {}) =>
      startChild(execution, { prefix, name, workflow: child, input, options }),
    scope: (name: string, body: (scope: Context) => Promise<unknown>) => runScope(enter, name, body),
    parallel: (name: string, branches: never, options = {}) => parallel(enter, name, branches, options),
    map: (name: string, items: readonly unknown[], body: never, options = {}) =>
      mapItems(enter, name, items, body, options),
    loop: (name: string, state: unknown, body: never) => runLoop(enter, name, state, body),
    continueAsNew: (input: unknown) => execution.end.continueAsNew(input),
    compensations: {
      add: (name: string, undo: (step: StepContext) => unknown) =>
        addCompensation(execution, prefix, name, undo),
      run: () => {
        execution.checkCalled("ctx.compensations.run");
        return execution.undos.runOwn();
      },
      forget: () => {
        execution.checkCalled("ctx.compensations.forget");
        execution.undos.forgetOwn();
      },
    },
    version: (change: string, range: VersionRange) => versionOf(execution, change, range),
    publish: (published: unknown) => make("state", "state", () => askState(published)),
    setAttributes: (change: AttributeChange) => make("attributes", "attributes", () => askAttributes(change)),
    emit: (event: EmittedEvent) => make("event", event?.type, () => askEvent(event)),
    tx: (name: string, writes: readonly TransactionWrite[]) =>
      make("tx", name, () => askTransaction(name, writes)),
    now: () => new Date(execution.now),
    random: () => seededRandom(runId, drawOf(execution, "ctx.random", prefix)),
    uuid: () => seededUuid(runId, drawOf(execution, "ctx.uuid", prefix)),
    log: liveLog(execution, log),
    scheduled: scheduledOf(execution),
    [SCHEDULING]: createScheduling(execution, prefix),
    get isCancelled() {
      return execution.end.isCancelled;
    },
  };
  // The overloads of Context give the callers their types.
  return ctx as unknown as Context;
}

/** A branch that this code no longer has is for a person: the code's own error handling must not take it for its own. */
function versionOf(execution: Execution, change: string, range: VersionRange): number {
  checkVersionRange(change, range);
  execution.checkCalled(`ctx.version "${change}"`);
  try {
    return execution.versions.choose(execution.run.runId, change, range, execution.bodies.scope);
  } catch (error) {
    if (error instanceof PerdureError) execution.fault ??= error;
    throw error;
  }
}

function addCompensation(
  execution: Execution,
  prefix: string,
  name: string,
  undo: (step: StepContext) => unknown,
): void {
  checkName("compensation", name);
  execution.checkCalled(`ctx.compensations.add "${name}"`);
  execution.checkReach(`compensation "${name}"`, `${prefix}${name}`);
  checkFunction(`The undo of compensation "${name}"`, undo);
  const compensation = compensationOf(`compensation "${name}"`, (_: unknown, step) => undo(step));
  const id = execution.calls.nextId("scope", `${prefix}${name}`, execution.turn);
  if (compensation !== undefined) execution.undos.add(id, compensation, undefined);
}

function drawOf(execution: Execution, what: string, prefix: string): string {
  execution.checkCalled(what);
  execution.checkReach(what, prefix);
  return execution.nextDraw(prefix);
}

/** What replay has already logged is not logged again. */
function liveLog(execution: Execution, log: Log): Log {
  return {
    debug: (message, fields) => execution.live && log.debug(message, fields),
    info: (message, fields) => execution.live && log.info(message, fields),
    warn: (message, fields) => execution.live && log.warn(message, fields),
    error: (message, fields) => execution.live && log.error(message, fields),
    with: (fields) => liveLog(execution, log.with(fields)),
  };
}
