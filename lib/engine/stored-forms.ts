// The forms that META, checkpoints and facts have in every store: what an adapter reads is checked against them before
// anybody believes it. A table can be edited by hand, restored in part, or have been written by a newer version; half of
// a run must not be taken for a whole one.
//
// Checked is what the engine relies on. Fields that no form names are left alone: a newer version may add some.
// Written by hand and not as a schema, because a resume checks every entry of its journal.
import type { Checkpoint, Entry, Fact, Note } from "../ports/journal.ts";
import { type Fold, isClosed, RUN_STATUSES, type Run } from "../ports/run.ts";
import { UnreadableError } from "./unreadable.ts";

type Test = (value: unknown) => boolean;
type Form = Readonly<Record<string, Test>>;

/** Of Date: what lies beyond cannot be shown. */
const MAX_TIME_MS = 8.64e15;

const isText: Test = (value) => typeof value === "string";
const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isPosition: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const isTime: Test = (value) => typeof value === "number" && value >= 0 && value <= MAX_TIME_MS;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const orAbsent =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);
const fits =
  (form: Form): Test =>
  (value) =>
    isRecord(value) && faultsOf(value, form).length === 0;

const isPayload: Test = (value) => {
  if (!isRecord(value)) return false;
  const { encoding, text, gzip, blob, sizeBytes } = value;
  if (!isText(encoding)) return false;
  if (encoding !== "json" && encoding !== "devalue") throw new Newer(`the encoding ${quote(encoding)}`);
  if ("text" in value) return isText(text);
  if ("gzip" in value) return gzip instanceof Uint8Array;
  return isText(blob) && isCount(sizeBytes);
};
const isFailure = fits({
  name: isText,
  message: isText,
  code: orAbsent(isText),
  where: orAbsent(isText),
  error: isPayload,
});
const isOutcome: Test = (value) =>
  isRecord(value) &&
  (value["ok"] === true
    ? isPayload(value["value"])
    : value["ok"] === false && isFailure(value["failure"]) && orAbsent(isRetry)(value["retry"]));
const isRetry: Test = (value) =>
  isRecord(value) && (value["again"] === false || (value["again"] === true && isTime(value["delayMs"])));

const isCallbackEnd: Test = (value) =>
  isRecord(value) && ("closed" in value ? isText(value["closed"]) : isOutcome(value));
const isTexts: Test = (value) => Array.isArray(value) && value.every(isText);
const isFlag: Test = (value) => typeof value === "boolean";
const isUndone: Test = (value) => Array.isArray(value) && value.every(fits({ id: isText, ok: isFlag }));
/** `null` takes an attribute away. */
const isAttributes =
  (mayRemove: boolean): Test =>
  (value) =>
    isRecord(value) &&
    Object.values(value).every(
      (each) => isText(each) || isFlag(each) || Number.isFinite(each) || (mayRemove && each === null),
    );

const ofCall = { id: isText, at: isTime };
const ENTRIES: Readonly<Record<Entry["type"], Form>> = {
  "step.succeeded": { ...ofCall, attempt: isPosition, value: isPayload },
  "step.failed": { ...ofCall, attempt: isPosition, failure: isFailure },
  "step.retrying": { ...ofCall, attempt: isPosition, failure: isFailure, retryAt: isTime },
  "step.dispatched": { ...ofCall, attempt: isPosition, handler: isText },
  "step.started": { ...ofCall, attempt: isPosition },
  "step.polled": { ...ofCall, attempt: isPosition, value: isPayload, nextAt: isTime },
  "step.timed_out": { ...ofCall, attempt: isPosition, failure: isFailure },
  "sleep.started": { ...ofCall, wakeAt: isTime },
  "sleep.finished": ofCall,
  "signal.awaited": { ...ofCall, signal: isText, deadline: isTime },
  "signal.received": { ...ofCall, signal: isText, fact: isText, value: isPayload },
  "signal.refused": { ...ofCall, signal: isText, fact: isText, failure: isFailure },
  "signal.timed_out": { ...ofCall, signal: isText },
  "callback.awaited": { ...ofCall, deadline: orAbsent(isTime) },
  "callback.completed": { ...ofCall, value: isPayload },
  "callback.failed": { ...ofCall, failure: isFailure },
  "callback.timed_out": ofCall,
  "callback.withdrawn": ofCall,
  "child.started": { ...ofCall, runId: isText, onParentClose: isText },
  "child.succeeded": { ...ofCall, value: isPayload },
  "child.failed": { ...ofCall, failure: isFailure, status: orAbsent(isText) },
  "child.cancelled": ofCall,
  "state.published": { ...ofCall, value: isPayload },
  "attributes.set": { ...ofCall, attributes: isAttributes(true) },
  "attributes.refused": { ...ofCall, failure: isFailure },
  "event.emitted": { ...ofCall, event: isText, source: isText, value: isPayload },
  "tx.committed": ofCall,
  "tx.refused": { ...ofCall, failure: isFailure },
  "loop.turned": {
    ...ofCall,
    turn: isPosition,
    value: isPayload,
    from: isPosition,
    untaken: orAbsent(isTexts),
  },
  "run.continued": {
    at: isTime,
    generation: isPosition,
    value: isPayload,
    untaken: orAbsent(isTexts),
  },
  "run.continue_refused": { at: isTime, failure: isFailure },
  "run.cancel_requested": { at: isTime, reason: orAbsent(isText) },
  "run.began": { at: isTime },
  "run.expired": { at: isTime },
  "run.version_marked": { at: isTime, change: isText, version: isCount },
  "run.succeeded": { at: isTime, value: isPayload },
  "run.failed": { at: isTime, failure: isFailure, undone: orAbsent(isUndone) },
  "run.timed_out": { at: isTime, failure: isFailure, undone: orAbsent(isUndone) },
  "run.cancelled": { at: isTime, failure: isFailure, undone: orAbsent(isUndone) },
};
const FACTS: Readonly<Record<Fact["kind"], Form>> = {
  signal: { at: isTime, signal: isText, value: isPayload },
  step: { at: isTime, seq: isPosition, outcome: isOutcome },
  input: { at: isTime, value: isPayload },
  child: { at: isTime, call: isText, status: isText, outcome: isOutcome },
  callback: { at: isTime, call: isText, outcome: isCallbackEnd },
  token: { at: isTime, callback: isText, expiresAt: orAbsent(isTime) },
  cancel: { at: isTime, reason: orAbsent(isText) },
  terminate: { at: isTime, reason: orAbsent(isText) },
};
const NOTE: Form = { name: isText, order: isCount, at: isTime, value: isPayload };
const CHECKPOINT: Form = { first: isPosition, fence: isCount, mark: isText, at: isTime };
const isWait = fits({ kind: isText, id: isText, until: orAbsent(isTime) });
const isFold: Test = (value) =>
  fits({ from: isPosition, to: isPosition })(value) && (value as Fold).from <= (value as Fold).to;
/** In order and apart: what is read lies between them. */
const isFolds: Test = (value) =>
  Array.isArray(value) &&
  value.every((fold, i) => isFold(fold) && (i === 0 || value[i - 1].to + 1 < fold.from));
const RUN: Form = {
  workflow: isText,
  version: isText,
  input: (value) =>
    isRecord(value) && ("payload" in value ? isPayload(value["payload"]) : isText(value["fact"])),
  inputHash: isText,
  createdAt: isTime,
  startAt: orAbsent(isTime),
  closedAt: orAbsent(isTime),
  deadline: orAbsent(isTime),
  parent: orAbsent(fits({ runId: isText, id: isText, awaits: isFlag })),
  scheduled: orAbsent(fits({ schedule: isText, for: isTime })),
  limiters: orAbsent(isTexts),
  paused: orAbsent(isFlag),
  attributes: orAbsent(isAttributes(false)),
  behaviour: isPosition,
  fence: isCount,
  leaseOwner: orAbsent(isText),
  leaseUntil: orAbsent(isTime),
  wake: isCount,
  handled: isCount,
  fails: isCount,
  lastSeq: isCount,
  nextWakeAt: orAbsent(isTime),
  checkAt: orAbsent(isTime),
  timer: orAbsent(fits({ name: isText, fireAt: isTime })),
  waits: (value) => Array.isArray(value) && value.every(isWait),
  stalled: orAbsent(fits({ code: isText, message: isText, at: isTime })),
  folds: orAbsent(isFolds),
  sweepAt: orAbsent(isTime),
  expiresAt: orAbsent(isCount),
};

/** @throws E_CORRUPT, E_NEWER_FORMAT; `place` names the item */
export function asRun(value: unknown, place: string): Run {
  return read(place, () => {
    assertFits(value, RUN);
    const { status, closedAt, wake, handled } = value;
    assertKnown("status", status, RUN_STATUSES);
    const run = value as unknown as Run;
    const isEnded = isClosed(run.status);
    if (isEnded !== (closedAt !== undefined)) throw new Corrupt(isEnded ? ["closedAt"] : ["status"]);
    // No wake-up could ever claim it (W2).
    if ((handled as number) > (wake as number)) throw new Corrupt(["handled"]);
    return run;
  });
}

/** @throws E_CORRUPT, E_NEWER_FORMAT; `place` names the item */
export function asCheckpoint(value: unknown, place: string): Checkpoint {
  return read(place, () => {
    assertFits(value, CHECKPOINT);
    const { entries } = value;
    if (!Array.isArray(entries) || entries.length === 0) throw new Corrupt(["entries"]);
    for (const [i, entry] of entries.entries()) {
      read(`entry ${(value["first"] as number) + i}`, () => assertOneOf("type", entry, ENTRIES));
    }
    return value as unknown as Checkpoint;
  });
}

/** @throws E_CORRUPT, E_NEWER_FORMAT; `place` names the item */
export function asFact(value: unknown, place: string): Fact {
  return read(place, () => {
    assertOneOf("kind", value, FACTS);
    if (!isText(value["key"])) throw new Corrupt(["key"]);
    return value as unknown as Fact;
  });
}

/** @throws E_CORRUPT, E_NEWER_FORMAT; `place` names the item */
export function asNote(value: unknown, place: string): Note {
  return read(place, () => {
    assertFits(value, NOTE);
    return value as unknown as Note;
  });
}

/** The counterpart of J1: a journal with a gap or an overlap would replay as another run. @throws E_CORRUPT */
export function assertGapless(
  runId: string,
  checkpoints: readonly Checkpoint[],
  folds: readonly Fold[] = [],
): void {
  let next = 1;
  for (const { first, entries } of checkpoints) {
    const isFolded = folds.some(({ from, to }) => from <= next && first === to + 1);
    if (first !== next && !(isFolded && first > next)) {
      const what = `The journal of run ${runId} has a checkpoint at position ${first} where ${next} was due.`;
      throw new UnreadableError("E_CORRUPT", what);
    }
    next = first + entries.length;
  }
}

function assertOneOf(
  discriminator: string,
  value: unknown,
  forms: Readonly<Record<string, Form>>,
): asserts value is Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Corrupt([discriminator]);
  const kind = value[discriminator];
  assertKnown(discriminator, kind, Object.keys(forms));
  assertFits(value, forms[kind as string] ?? {});
}

function assertKnown(name: string, value: unknown, known: readonly string[]): void {
  if (!isText(value)) throw new Corrupt([name]);
  if (!known.includes(value as string)) throw new Newer(`the ${name} ${quote(value)}`);
}

function assertFits(value: unknown, form: Form): asserts value is Readonly<Record<string, unknown>> {
  const faults = isRecord(value) ? faultsOf(value, form) : Object.keys(form);
  if (faults.length > 0) throw new Corrupt(faults);
}

function faultsOf(value: Readonly<Record<string, unknown>>, form: Form): string[] {
  const faults: string[] = [];
  for (const name in form) if (form[name]?.(value[name]) !== true) faults.push(name);
  return faults;
}

/** Names of the fields that are not as they must be. */
class Corrupt extends Error {
  constructor(fields: readonly string[]) {
    super(`it has no usable ${fields.join(", ")}`);
  }
}

class Newer extends Error {
  constructor(what: string) {
    super(`it has ${what}, which this version does not know`);
  }
}

function read<Value>(place: string, act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    if (error instanceof UnreadableError) throw new UnreadableError(error.code, `${place}, ${error.what}`);
    if (error instanceof Corrupt)
      throw new UnreadableError("E_CORRUPT", `${place} cannot be read: ${error.message}.`);
    if (error instanceof Newer)
      throw new UnreadableError("E_NEWER_FORMAT", `${place} cannot be read: ${error.message}.`);
    throw error;
  }
}

function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 40));
}
