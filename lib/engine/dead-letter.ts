// What to do with a message that was delivered too often. Lease conflicts raise a message's count too, so the run is
// read first and only a run that truly got nowhere is given to a person (DESIGN §6).
import { IDLE_SWEEP_MS, MAX_FAILS, MAX_STEP_DELIVERIES } from "../limits.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { DONE, type Disposition, type Engine, later } from "./engine.ts";
import { fireTimer } from "./fire-timer.ts";
import { readMessage, type StepRequest, type WakeUp, writeMessage } from "./messages.ts";
import { packFailure } from "./payloads.ts";
import { putStepResult } from "./run-step.ts";
import { sweepTime } from "./settings.ts";
import { isLeased, sendWakeUp, wake } from "./wake.ts";

export async function handleDeadLetter(engine: Engine, body: string): Promise<Disposition> {
  const message = readMessage(body);
  switch (message?.kind) {
    case undefined:
      engine.ports.log.error("a dead letter that is not Perdure's was dropped", { length: body.length });
      return DONE;
    case "wake-up":
      return await deadWakeUp(engine, message);
    case "timer":
      return await fireTimer(engine, message);
    case "step":
      return await deadStep(engine, message);
  }
}

type WakeUpVerdict = "drop" | "again" | "stall";

export function judgeWakeUp(run: Run | undefined, n: number, now: number): WakeUpVerdict {
  if (run === undefined || isClosed(run.status) || run.status === "stalled" || run.handled >= n) return "drop";
  if (isLeased(run, now)) return "again";
  // Claimed at least once and not yet poison: its activations count their own failures, so this cannot go on for ever.
  return run.fails > 0 && run.fails <= MAX_FAILS ? "again" : "stall";
}

async function deadWakeUp(engine: Engine, { runId, n }: WakeUp): Promise<Disposition> {
  const { ports, settings } = engine;
  const now = ports.clock.now();
  const run = await ports.store.runs.get(runId);
  const verdict = judgeWakeUp(run, n, now);
  if (run === undefined || verdict === "drop") return DONE;
  if (verdict === "again") {
    await sendWakeUp(engine, runId, run.wake, settings.leaseMs);
    return DONE;
  }
  const code = run.fails > MAX_FAILS ? "E_POISON" : "E_DEAD_LETTER";
  const reason = new PerdureError(code, `Run ${runId}: wake-up ${n} was delivered many times and no activation came of it.`);
  ports.log.error("run stalled", { run: runId, workflow: run.workflow, code });
  const { ok } = await ports.store.runs.stall({
    runId,
    fence: run.fence,
    by: "onlooker",
    now,
    reason: { code, message: reason.message, at: now },
    sweepAt: sweepTime(now + IDLE_SWEEP_MS, settings),
  });
  // Refused: the run has moved meanwhile; judge it again.
  return ok ? DONE : later(settings.leaseMs);
}

/** Nobody holds the step: its attempt has failed, and the step's retry policy decides what follows. */
async function deadStep(engine: Engine, request: StepRequest): Promise<Disposition> {
  const { ports, settings } = engine;
  const { runId, seq, handler } = request;
  const run = await ports.store.runs.get(runId);
  if (run === undefined || isClosed(run.status)) return DONE;
  const now = ports.clock.now();
  const claim = { runId, seq, owner: ports.random.id(), now, leaseUntil: now + settings.leaseMs };
  if (!(await ports.store.journal.claimStep(claim)).ok) {
    // A handler is at work; the count rose because this message met its claim. A fresh one watches over it (W2).
    await ports.stepHandlers.get(handler)?.send(writeMessage(request), settings.leaseMs);
    return DONE;
  }
  const error = new PerdureError(
    "E_STEP_LOST",
    `Step handler "${handler}" was given the step at entry ${seq} of run ${runId} ${MAX_STEP_DELIVERIES} times and ended without a word.`,
  );
  await putStepResult(engine, runId, seq, { ok: false, error, failure: await packFailure(error, runId, ports.blobs) });
  await wake(engine, runId);
  return DONE;
}
