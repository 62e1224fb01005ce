// From what was decided to the entries that record it, where that takes I/O. Everything here may be done again by a later
// activation without harm (J4): what it does outside is idempotent by a key that follows from the run and the call.
import type { CallEntry } from "../ports/journal.ts";
import type { Ports } from "../ports/ports.ts";
import { attemptEntry } from "./attempt.ts";
import type { Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { packFailure, unpack } from "./payloads.ts";
import { performCallbacks } from "./perform-callbacks.ts";
import { performChildren } from "./perform-children.ts";
import { isOutgoing, performOutgoing } from "./perform-outgoing.ts";
import { packResult } from "./step-runner.ts";
import { checkQuietly } from "./validate.ts";

export async function perform(
  engine: Engine,
  execution: Execution,
  decision: Decision,
): Promise<CallEntry[]> {
  const { ports } = engine;
  const { run } = execution;
  return [
    ...(await answers(ports, decision)),
    ...(await checkedSignals(engine, execution, decision)),
    ...(await failures(engine, run.runId, decision)),
    ...(await performCallbacks(engine, run.runId, decision)),
    ...(await performChildren(engine, run, decision)),
    ...(await performOutgoing(engine, execution, decision.outgoing)),
  ];
}

async function answers({ clock, random, blobs }: Ports, { answered }: Decision): Promise<CallEntry[]> {
  const entries: CallEntry[] = [];
  for (const { call, fact } of answered) {
    const { outcome } = fact;
    const result = outcome.ok ? outcome : { ...outcome, error: await unpack(outcome.failure.error, blobs) };
    entries.push(attemptEntry(call, result, clock.now(), random.next()));
  }
  return entries;
}

/**
 * J3: checked once, before it is recorded, so that a replay gives the same value whatever the schema is by then. A signal that
 * was consumed in what replay leaves out, and put again since, is no news (F5).
 */
async function checkedSignals(
  engine: Engine,
  { run: { runId, folds = [] } }: Execution,
  { unchecked, repeated }: Decision,
): Promise<CallEntry[]> {
  const { clock, blobs, store } = engine.ports;
  const entries: CallEntry[] = [];
  for (const { call, fact } of unchecked) {
    if (folds.length > 0 && (await store.journal.retired(runId, fact.key)) !== undefined) {
      repeated.push(fact.key);
      continue;
    }
    const of = { id: call.id, signal: call.signal, fact: fact.key, at: clock.now() };
    if (call.schema === undefined) {
      entries.push({ type: "signal.received", ...of, value: fact.value });
      continue;
    }
    const checked = await checkQuietly(call.schema, await unpack(fact.value, blobs));
    const packed = await packResult(checked, runId, engine);
    entries.push(
      packed.ok
        ? { type: "signal.received", ...of, value: packed.value }
        : { type: "signal.refused", ...of, failure: packed.failure },
    );
  }
  return entries;
}

async function failures(engine: Engine, runId: string, { failed }: Decision): Promise<CallEntry[]> {
  const { clock } = engine.ports;
  const entries: CallEntry[] = [];
  for (const { call, type, error } of failed) {
    const failure = await packFailure(error, runId, engine);
    entries.push({ type, id: call.id, attempt: call.state.attempt, failure, at: clock.now() });
  }
  return entries;
}

/**
 * What the code has said and did not wait for, when it has ended: recorded together with the end. Nothing else of what
 * it began without waiting for it happens.
 */
export async function lastWords(engine: Engine, execution: Execution): Promise<CallEntry[]> {
  const said = [...execution.calls.open()].filter((call) => isOutgoing(call));
  return await performOutgoing(engine, execution, said);
}
