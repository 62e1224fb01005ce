// The ends of callbacks: recorded when they have come, and made, if nobody was quicker, when the time is up or nobody
// waits any more (kinds/callback.ts).
import type { CallEntry, Fact } from "../ports/journal.ts";
import type { CallbackCall } from "./call.ts";
import type { CallbackFact, Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import { callbackFactKey, heartbeatNote } from "./kinds/callback.ts";
import { unpack } from "./payloads.ts";
import { packResult } from "./step-runner.ts";
import { checkQuietly } from "./validate.ts";

type CallbackEnd = CallbackFact["outcome"];

export async function performCallbacks(
  engine: Engine,
  runId: string,
  decision: Decision,
): Promise<CallEntry[]> {
  const entries: CallEntry[] = [];
  for (const { call, fact } of decision.callbacksEnded)
    entries.push(await entryOf(engine, runId, call, fact.outcome, isOfSilence(call, fact)));
  for (const { call, isSilent } of decision.callbacksDue) {
    if (isSilent && (await hasBeenHeard(engine, runId, call, decision))) continue;
    entries.push(await entryOf(engine, runId, call, await end(engine, runId, call, "timed_out"), isSilent));
  }
  for (const call of decision.withdrawCallbacks) {
    await end(engine, runId, call, "withdrawn");
    entries.push({ type: "callback.withdrawn", id: call.id, at: engine.ports.clock.now() });
  }
  return entries;
}

/** Whether an end that an earlier activation made, before it died, was for want of heartbeats. */
function isOfSilence({ heartbeatTimeoutMs, deadline }: CallbackCall, { at }: CallbackFact): boolean {
  return heartbeatTimeoutMs !== undefined && (deadline === undefined || at < deadline);
}

/** A heartbeat may have come since the notes were read. */
async function hasBeenHeard(
  { ports: { store, clock } }: Engine,
  runId: string,
  call: CallbackCall,
  decision: Decision,
): Promise<boolean> {
  const note = await store.journal.note(runId, heartbeatNote(call.key));
  if (note === undefined || note.at + (call.heartbeatTimeoutMs ?? 0) <= clock.now()) return false;
  decision.freshNotes.push(note);
  return true;
}

/** Ends a callback unless it has ended; answers how it did. */
async function end(
  { ports: { store, clock } }: Engine,
  runId: string,
  call: CallbackCall,
  closed: "timed_out" | "withdrawn",
): Promise<CallbackEnd> {
  const outcome = { closed };
  const key = callbackFactKey(call.key);
  const fact: Fact = { kind: "callback", key, at: clock.now(), call: call.key, outcome };
  const result = await store.journal.putFact(runId, fact);
  return !result.stored && result.existing.kind === "callback" ? result.existing.outcome : outcome;
}

async function entryOf(
  engine: Engine,
  runId: string,
  call: CallbackCall,
  outcome: CallbackEnd,
  isSilent: boolean,
): Promise<CallEntry> {
  const { clock, blobs } = engine.ports;
  const of = { id: call.id, at: clock.now() };
  if ("closed" in outcome)
    return { type: "callback.timed_out", ...of, ...(isSilent ? { silent: true } : {}) };
  if (!outcome.ok) return { type: "callback.failed", ...of, failure: outcome.failure };
  if (call.schema === undefined) return { type: "callback.completed", ...of, value: outcome.value };
  // J3: checked once, before it is recorded.
  const packed = await packResult(
    await checkQuietly(call.schema, await unpack(outcome.value, blobs)),
    runId,
    engine,
  );
  return packed.ok
    ? { type: "callback.completed", ...of, value: packed.value }
    : { type: "callback.failed", ...of, failure: packed.failure };
}
