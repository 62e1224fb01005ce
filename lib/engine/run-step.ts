// A step handler's work: one attempt of one dispatched step. The workflow's code is replayed up to the dispatch, which
// gives the body with all it closed over; the body runs; its result becomes an inbox fact. Appends nothing (J1).
//
//   message ──► claim S#seq ──► load, replay to seq ──► body ──► put I#step-seq if absent ──► wake the run ──► delete
//
// Delivered twice: the second finds the claim held and waits, or finds the result and only repeats the wake-up (J4). A
// handler that stopped for longer than its lease may see its body run again beside it; of two results the first is kept.
import { MAX_STEP_DELIVERIES } from "../limits.ts";
import type { Fact, StepClaim, StepFailure } from "../ports/journal.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { CancelledError, PerdureError } from "../sdk/errors.ts";
import { type PackedResult, runAttempt } from "./attempt.ts";
import type { StepCall } from "./call.ts";
import { type Disposition, DONE, type Engine, faultBackoffMs, type Host, later } from "./engine.ts";
import { interrupted, stepFactKey } from "./kinds/step.ts";
import { keepLease } from "./lease.ts";
import { stall } from "./leave.ts";
import { type StepRequest, writeMessage } from "./messages.ts";
import type { Outcome } from "./outcome.ts";
import { progressOf } from "./progress.ts";
import { readFact } from "./read-fact.ts";
import { assertFolds, endOf, replay } from "./replay.ts";
import { decideRetry } from "./retry.ts";
import { packAttempt } from "./step-runner.ts";
import { UnreadableError } from "./unreadable.ts";
import { wake } from "./wake.ts";

/** First wait for the deployment that brings activations and step handlers together again; it doubles. */
const UNREACHABLE_RETRY_MS = 15_000;

export async function runStep(engine: Engine, request: StepRequest, host: Host): Promise<Disposition> {
  const { ports, settings } = engine;
  const { runId, seq } = request;
  const run = await ports.store.runs.get(runId);
  if (run === undefined || isClosed(run.status)) return DONE;
  if ((await readFact(ports.store, runId, stepFactKey(seq))) !== undefined) return await woken(engine, runId);

  const owner = ports.random.id();
  const now = ports.clock.now();
  const leaseUntil = now + settings.leaseMs;
  const { ok, claim } = await ports.store.journal.claimStep({ runId, seq, owner, now, leaseUntil });
  if (!ok) return later(claim.leaseUntil - now + 500);

  const over = new AbortController();
  const unwanted = new AbortController();
  const stop = keepLease({
    clock: ports.clock,
    settings,
    leaseUntil,
    renew: async (until) => {
      if (!(await ports.store.journal.renewStep({ runId, seq, owner, leaseUntil: until }))) return false;
      if (await isEnding(engine, runId)) unwanted.abort(new CancelledError(`run ${runId} was cancelled`));
      return true;
    },
    extend: (visibilityMs) => host.extend(visibilityMs),
    onLost: () => over.abort(new Error(`the claim of step ${seq} of run ${runId} is lost`)),
  });
  try {
    await host.extend(settings.visibilityMs);
    const signal = AbortSignal.any([over.signal, unwanted.signal]);
    const result = await attempt(engine, run, claim, signal);
    if (result === undefined) return DONE;
    if (result === "answered") return await woken(engine, runId);
    if (result instanceof PerdureError) return await unreachable(engine, run, request, result, host);
    // The failure may be our own abort's. Whoever holds the claim now will tell how the step went.
    if (over.signal.aborted && !result.ok) return later(settings.leaseMs);
    await putStepResult(engine, runId, seq, result);
    return await woken(engine, runId);
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    ports.log.error("step handler failed", { run: runId, seq, error: String(error) });
    return later(Math.max(settings.leaseMs, faultBackoffMs(host.receiveCount)));
  } finally {
    stop();
    over.abort(new Error("the attempt is over"));
  }
}

/** Stores a step's result; of two the first is kept, which is what makes it recorded once. */
export async function putStepResult(
  engine: Engine,
  runId: string,
  seq: number,
  result: PackedResult,
): Promise<void> {
  const { clock, store } = engine.ports;
  const outcome = result.ok ? result : failureOf(result);
  const fact: Fact = { kind: "step", key: stepFactKey(seq), at: clock.now(), seq, outcome };
  await store.journal.putFact(runId, fact);
}

/** The run has closed, or somebody has asked for its end: the body is told, and may end in its own way. */
async function isEnding({ ports }: Engine, runId: string): Promise<boolean> {
  const run = await ports.store.runs.get(runId);
  if (run === undefined || isClosed(run.status)) return true;
  return (await ports.store.journal.fact(runId, "cancel")) !== undefined;
}

/** A fault of the run's code; anything else is of the store or the surroundings. */
function asFault(error: unknown): PerdureError {
  if (error instanceof PerdureError && !(error instanceof UnreadableError)) return error;
  throw error;
}

/** Nothing when the journal says that this attempt is over; a fault when this code does not come to the step. */
async function attempt(
  engine: Engine,
  run: Run,
  { seq, claims }: StepClaim,
  signal: AbortSignal,
): Promise<PackedResult | PerdureError | "answered" | undefined> {
  const { ports } = engine;
  const journal = await ports.store.journal.load(run.runId, run.folds);
  if (endOf(journal) !== undefined) return undefined;
  assertFolds(journal, run);
  const isAnswered = journal.facts.some((fact) => fact.key === stepFactKey(seq));
  if (isAnswered || (await ports.store.journal.retired(run.runId, stepFactKey(seq))) !== undefined)
    return "answered";
  const replayed = await replay(engine, run, journal, seq).catch(asFault);
  if (replayed instanceof PerdureError) return replayed;
  const { execution, isPast, lastSeq } = replayed;
  if (isPast) return undefined;
  const call = [...execution.calls.open()].find((open): open is StepCall => isDispatchedAt(open, seq));
  if (call === undefined || lastSeq < seq) {
    const what = `Run ${run.runId}: this code does not come to the step dispatched at entry ${seq}.`;
    return execution.fault ?? new PerdureError("E_STEP_UNREACHABLE", what);
  }
  const log = ports.log.with({ run: run.runId, handler: call.on });
  const notes = new Map(journal.notes.map((note) => [note.name, note]));
  const progress = await progressOf(engine, run.runId, call, notes);
  // Claimed before and without an answer: that attempt may have happened.
  const outcome: Outcome =
    call.isAtMostOnce && claims > 1
      ? { ok: false, error: interrupted(call) }
      : await runAttempt({ call, clock: ports.clock, log, progress, signal });
  const packed = await packAttempt(call, outcome, run.runId, engine);
  if (packed.ok) return packed;
  // Asked here, where the error is still the one that was thrown, of the class it was thrown as.
  return {
    ...packed,
    retry: decideRetry(call, packed.error, ports.random.next()),
  };
}

/**
 * Not a failure of the step: activations and step handlers have different code. During a deployment that passes by
 * itself; after that it needs a person, exactly as a divergence does (D1).
 */
async function unreachable(
  engine: Engine,
  run: Run,
  request: StepRequest,
  fault: PerdureError,
  host: Host,
): Promise<Disposition> {
  if (host.receiveCount < MAX_STEP_DELIVERIES) return later(UNREACHABLE_RETRY_MS * 2 ** host.receiveCount);
  const { kind } = await stall(engine, run, fault, "onlooker");
  // This delivery was the message's last: a fresh one asks again, or it would count as a lost attempt.
  if (kind !== "left") {
    const handler = engine.ports.stepHandlers.get(request.handler);
    await handler?.send(writeMessage(request), engine.settings.leaseMs);
  }
  return DONE;
}

/** What is stored of a failure: the record, not the error. */
function failureOf({ failure, retry }: Extract<PackedResult, { ok: false }>): StepFailure {
  return { ok: false, failure, ...(retry === undefined ? {} : { retry }) };
}

function isDispatchedAt(call: { readonly kind: string; readonly state?: unknown }, seq: number): boolean {
  const { state } = call as StepCall;
  return call.kind === "step" && state.at === "dispatched" && state.seq === seq;
}

async function woken(engine: Engine, runId: string): Promise<Disposition> {
  await wake(engine, runId);
  return DONE;
}
