// Completing a callback from outside: one fact, put if absent, then the wake-up (W1, J4). Whoever is first decides: a
// second completion, or one that comes after the run stopped waiting, is told so and changes nothing.
import { isDeepStrictEqual } from "node:util";
import type { Entry, Fact } from "../ports/journal.ts";
import type { Failure } from "../ports/payload.ts";
import { isClosed } from "../ports/run.ts";
import type { Approval } from "../sdk/callback.ts";
import { PerdureError } from "../sdk/errors.ts";
import { readCallKey } from "./call-key.ts";
import type { CallbackFact } from "./decision.ts";
import type { Engine } from "./engine.ts";
import { callbackFactKey, heartbeatNote } from "./kinds/callback.ts";
import { describeThrown, pack, packFailure, unpack } from "./payloads.ts";
import { putFactOnce, readFact } from "./read-fact.ts";
import { readToken, type TokenFact } from "./tokens.ts";
import { wake } from "./wake.ts";
import { wasTaken } from "./was-taken.ts";

export type Completion =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error };

export interface Completed {
  readonly runId: string;
  readonly callback: string;
  /** False when the same completion had come before. */
  readonly stored: boolean;
}

/**
 * @throws E_CALLBACK_NOT_FOUND, E_CALLBACK_COMPLETED when it was completed otherwise, E_CALLBACK_CLOSED when nobody waits
 * any more, E_NOT_SERIALIZABLE, E_TOO_LARGE
 */
export async function completeCallback(
  engine: Engine,
  token: string,
  completion: Completion,
): Promise<Completed> {
  const { ports } = engine;
  const { runId, fact: held } = await readToken(ports, token);
  if (held.decision !== undefined)
    throw new PerdureError("E_CALLBACK_NOT_FOUND", "This token is an approval's; it is used by its link.");
  return await complete(engine, runId, held, completion);
}

/** A person has decided, by the link that says which way. */
export async function decideApproval(
  engine: Engine,
  token: string,
  by: { readonly by?: string; readonly note?: string },
): Promise<Completed> {
  const { ports } = engine;
  const { runId, fact: held } = await readToken(ports, token);
  if (held.decision === undefined)
    throw new PerdureError("E_CALLBACK_NOT_FOUND", "This token is no approval's.");
  const at = ports.clock.now();
  if (held.expiresAt !== undefined && held.expiresAt <= at)
    throw new PerdureError("E_CALLBACK_CLOSED", "This link has expired.");
  const value: Approval = { approved: held.decision === "approve", ...by, at: new Date(at) };
  return await complete(engine, runId, held, { ok: true, value });
}

/** Says that somebody is at it. @throws E_CALLBACK_NOT_FOUND, E_CALLBACK_CLOSED, E_CALLBACK_COMPLETED */
export async function heartbeatCallback(engine: Engine, token: string): Promise<void> {
  const { ports } = engine;
  const { runId, fact: held } = await readToken(ports, token);
  await refuseWhenOver(engine, runId, held);
  const at = ports.clock.now();
  const value = await pack(null, runId, engine);
  await ports.store.journal.putNote(runId, { name: heartbeatNote(held.callback), order: at, at, value });
}

async function complete(
  engine: Engine,
  runId: string,
  token: TokenFact,
  completion: Completion,
): Promise<Completed> {
  const { ports } = engine;
  const { callback } = token;
  const outcome = completion.ok
    ? { ok: true as const, value: await pack(completion.value, runId, engine) }
    : { ok: false as const, failure: await packFailure(completion.error, runId, engine) };
  const key = callbackFactKey(callback);
  const run = await ports.store.runs.get(runId);
  if (run === undefined || isClosed(run.status)) {
    const standing = await readFact(ports.store, runId, key);
    if (standing?.kind === "callback") return await again(engine, runId, token, standing, completion);
    throw closed(runId, callback);
  }
  const fact: Fact = { kind: "callback", key, at: ports.clock.now(), call: callback, outcome };
  const result = await putFactOnce(ports.store, runId, fact);
  if (!result.stored && result.existing.kind === "callback")
    return await again(engine, runId, token, result.existing, completion);
  const { id } = readCallKey(callback);
  if (!(await wake(engine, runId)) && !(await wasTaken(engine, runId, (entry) => isEndOf(entry, id))))
    throw closed(runId, callback);
  return { runId, callback: id, stored: true };
}

function isEndOf(entry: Entry, id: string): boolean {
  return (entry.type === "callback.completed" || entry.type === "callback.failed") && entry.id === id;
}

/** J4: whoever stored it may have died before it woke the run: whoever finds it wakes it, the same completion or another. */
async function again(
  engine: Engine,
  runId: string,
  { callback, decision }: TokenFact,
  { outcome }: CallbackFact,
  completion: Completion,
): Promise<Completed> {
  if ("closed" in outcome) throw closed(runId, callback);
  await wake(engine, runId);
  if (!(await isSame(engine, outcome, completion, decision !== undefined))) {
    throw new PerdureError(
      "E_CALLBACK_COMPLETED",
      `Callback "${callback}" of run ${runId} was completed before.`,
    );
  }
  return { runId, callback: readCallKey(callback).id, stored: false };
}

async function isSame(
  { ports }: Engine,
  outcome: Exclude<CallbackFact["outcome"], { closed: string }>,
  completion: Completion,
  isDecision: boolean,
): Promise<boolean> {
  if (outcome.ok !== completion.ok) return false;
  if (!outcome.ok || !completion.ok)
    return !outcome.ok && !completion.ok && isSameFailure(outcome.failure, describeThrown(completion.error));
  const standing = await unpack(outcome.value, ports.blobs);
  // Who presses a button twice has decided once, whatever the time.
  const [a, b] = isDecision ? [timeless(standing), timeless(completion.value)] : [standing, completion.value];
  return isDeepStrictEqual(a, b);
}

/** As far as a caller has a say in it. */
function isSameFailure(a: Omit<Failure, "error">, b: Omit<Failure, "error">): boolean {
  return a.name === b.name && a.message === b.message && a.code === b.code;
}

function timeless(decision: unknown): Omit<Approval, "at"> {
  const { at: _, ...rest } = decision as Approval;
  return rest;
}

async function refuseWhenOver({ ports }: Engine, runId: string, { callback }: TokenFact): Promise<void> {
  const fact = await readFact(ports.store, runId, callbackFactKey(callback));
  if (fact?.kind === "callback" && !("closed" in fact.outcome))
    throw new PerdureError(
      "E_CALLBACK_COMPLETED",
      `Callback "${callback}" of run ${runId} was completed before.`,
    );
  const run = await ports.store.runs.get(runId);
  if (fact !== undefined || run === undefined || isClosed(run.status)) throw closed(runId, callback);
}

function closed(runId: string, callback: string): PerdureError {
  return new PerdureError("E_CALLBACK_CLOSED", `Run ${runId} no longer waits for callback "${callback}".`);
}
