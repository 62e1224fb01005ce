// From what was decided to the entries that record it, where that takes I/O. Everything here may be done again by a later
// activation without harm (J4): what it does outside is idempotent by a key that follows from the run and the call.
import type { CallEntry } from "../ports/journal.ts";
import type { Ports } from "../ports/ports.ts";
import type { Run } from "../ports/run.ts";
import { attemptEntry } from "./attempt.ts";
import type { Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import { packFailure, unpack } from "./payloads.ts";
import { performCallbacks } from "./perform-callbacks.ts";
import { performChildren } from "./perform-children.ts";
import { packResult } from "./step-runner.ts";
import { checkQuietly } from "./validate.ts";

export async function perform(engine: Engine, run: Run, decision: Decision): Promise<CallEntry[]> {
  const { ports } = engine;
  return [
    ...(await answers(ports, decision)),
    ...(await checkedSignals(engine, run.runId, decision)),
    ...(await failures(engine, run.runId, decision)),
    ...(await performCallbacks(engine, run.runId, decision)),
    ...(await performChildren(engine, run, decision)),
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

/** J3: checked once, before it is recorded, so that a replay gives the same value whatever the schema is by then. */
async function checkedSignals(engine: Engine, runId: string, { unchecked }: Decision): Promise<CallEntry[]> {
  const { clock, blobs } = engine.ports;
  const entries: CallEntry[] = [];
  for (const { call, fact } of unchecked) {
    const of = { id: call.id, signal: call.signal, fact: fact.key, at: clock.now() };
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
