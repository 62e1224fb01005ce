// From facts that have come to the entries that record them: results of step handlers, and signals whose payload must
// fit the schema of the call that takes them.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CallEntry } from "../ports/journal.ts";
import { attemptEntry } from "./attempt.ts";
import type { Decision } from "./decide.ts";
import type { Engine } from "./engine.ts";
import type { Outcome } from "./execution.ts";
import { unpack } from "./payloads.ts";
import { packResult } from "./step-runner.ts";
import { checkInput } from "./validate.ts";

export async function readFacts(engine: Engine, runId: string, decision: Decision): Promise<CallEntry[]> {
  return [...(await answers(engine, decision)), ...(await checkedSignals(engine, runId, decision))];
}

async function answers({ ports }: Engine, { answered }: Decision): Promise<CallEntry[]> {
  const { clock, random, blobs } = ports;
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
    const of = { id: call.id, signal: call.name, fact: fact.key, at: clock.now() };
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

/** A schema may throw; that is a refusal too. */
async function checkQuietly(schema: StandardSchemaV1 | undefined, payload: unknown): Promise<Outcome> {
  try {
    return { ok: true, value: await checkInput(schema, payload) };
  } catch (error) {
    return { ok: false, error };
  }
}
