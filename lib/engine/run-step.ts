// A step handler's work: one attempt of one dispatched step. The workflow's code is replayed up to the dispatch, which
// gives the body with all it closed over; the body runs; its result becomes an inbox fact. Appends nothing (J1).
//
//   message ──► claim S#seq ──► load, replay to seq ──► body ──► put I#step-seq if absent ──► wake the run ──► delete
//
// Delivered twice: the second finds the claim held and waits, or finds the result and only repeats the wake-up (J4). A
// handler that stopped for longer than its lease may see its body run again beside it; of two results the first is kept.
import type { Fact } from "../ports/journal.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type PackedResult, runAttempt } from "./attempt.ts";
import type { StepCall } from "./call.ts";
import { type Disposition, DONE, type Engine, faultBackoffMs, type Host, later } from "./engine.ts";
import { keepLease } from "./lease.ts";
import type { StepRequest } from "./messages.ts";
import { packFailure } from "./payloads.ts";
import { replay } from "./replay.ts";
import { packResult } from "./step-runner.ts";
import { wake } from "./wake.ts";

export async function runStep(engine: Engine, request: StepRequest, host: Host): Promise<Disposition> {
  const { ports, settings } = engine;
  const { runId, seq } = request;
  const run = await ports.store.runs.get(runId);
  if (run === undefined || isClosed(run.status)) return DONE;
  if ((await ports.store.journal.fact(runId, factKey(seq))) !== undefined) return await woken(engine, runId);

  const owner = ports.random.id();
  const now = ports.clock.now();
  const leaseUntil = now + settings.leaseMs;
  const { ok, claim } = await ports.store.journal.claimStep({ runId, seq, owner, now, leaseUntil });
  if (!ok) return later(claim.leaseUntil - now + 500);

  const over = new AbortController();
  const stop = keepLease({
    clock: ports.clock,
    settings,
    leaseUntil,
    renew: (until) => ports.store.journal.renewStep({ runId, seq, owner, leaseUntil: until }),
    extend: (visibilityMs) => host.extend(visibilityMs),
    onLost: () => over.abort(new Error(`the claim of step ${seq} of run ${runId} is lost`)),
  });
  try {
    await host.extend(settings.visibilityMs);
    const result = await attempt(engine, run, seq, over.signal);
    if (result === undefined) return DONE;
    await putStepResult(engine, runId, seq, result);
    return await woken(engine, runId);
  } catch (error) {
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
  const outcome = result.ok ? result : ({ ok: false, failure: result.failure } as const);
  const fact: Fact = { kind: "step", key: factKey(seq), at: clock.now(), seq, outcome };
  await store.journal.putFact(runId, fact);
}

/** Nothing when the journal says that this attempt is over. */
async function attempt(
  engine: Engine,
  run: Run,
  seq: number,
  signal: AbortSignal,
): Promise<PackedResult | undefined> {
  const { ports } = engine;
  const journal = await ports.store.journal.load(run.runId);
  const { execution, terminal, lastSeq } = await replay(engine, run, journal, seq);
  if (terminal !== undefined) return undefined;
  const dispatched = [...execution.calls.open()].find((call): call is StepCall => isDispatchedAt(call, seq));
  if (dispatched === undefined || lastSeq < seq) {
    const error =
      execution.fault ??
      new PerdureError(
        "E_STEP_UNREACHABLE",
        `Run ${run.runId}: this code does not come to the step dispatched at entry ${seq}.`,
      );
    return { ok: false, error, failure: await packFailure(error, run.runId, ports.blobs) };
  }
  const log = ports.log.with({ run: run.runId, handler: dispatched.on });
  const result = await runAttempt({ call: dispatched, clock: ports.clock, log, signal });
  return await packResult(result, run.runId, ports.blobs);
}

function isDispatchedAt(call: { readonly kind: string; readonly state?: unknown }, seq: number): boolean {
  const { state } = call as StepCall;
  return call.kind === "step" && state.at === "dispatched" && state.seq === seq;
}

async function woken(engine: Engine, runId: string): Promise<Disposition> {
  await wake(engine, runId);
  return DONE;
}

function factKey(seq: number): string {
  return `step-${String(seq).padStart(10, "0")}`;
}
