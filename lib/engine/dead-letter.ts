// What to do with a message that was delivered too often. Lease conflicts raise a message's count too, so the run is
// read first and only a run that truly got nowhere is given to a person (DESIGN §6).
import { MAX_STEP_DELIVERIES } from "../limits.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type Disposition, DONE, type Engine, later } from "./engine.ts";
import { fireTimer } from "./fire-timer.ts";
import { stall } from "./leave.ts";
import { readMessage, type StepRequest, type WakeUp, writeMessage } from "./messages.ts";
import { packFailure } from "./payloads.ts";
import { isPoison } from "./poison.ts";
import { putStepResult } from "./run-step.ts";
import { isLeased, wake } from "./wake.ts";

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

type Verdict = "drop" | "again" | "stall";

/**
 * `lastFence` is the fence of the run's last checkpoint. Stalled is only a run that is poison, or that nobody has
 * claimed since the last fresh wake-up: a count that lease conflicts have raised proves nothing.
 */
export function judgeWakeUp(
  run: Run | undefined,
  lastFence: number,
  { n, afterFence }: WakeUp,
  now: number,
): Verdict {
  if (run === undefined || isClosed(run.status) || run.status === "stalled" || run.handled >= n)
    return "drop";
  if (isLeased(run, now)) return "again";
  return isPoison(run, lastFence) || afterFence === run.fence ? "stall" : "again";
}

async function deadWakeUp(engine: Engine, wakeUp: WakeUp): Promise<Disposition> {
  const { ports, settings } = engine;
  const { runId, n } = wakeUp;
  const now = ports.clock.now();
  const run = await ports.store.runs.get(runId);
  const lastFence = (await ports.store.journal.last(runId))?.fence ?? 0;
  const verdict = judgeWakeUp(run, lastFence, wakeUp, now);
  if (run === undefined || verdict === "drop") return DONE;
  if (verdict === "again") {
    const fresh = writeMessage({ kind: "wake-up", runId, n: Math.max(n, run.wake), afterFence: run.fence });
    await ports.activations.send(fresh, settings.leaseMs);
    return DONE;
  }
  const code = isPoison(run, lastFence) ? "E_POISON" : "E_DEAD_LETTER";
  const fault = new PerdureError(
    code,
    `Run ${runId}: wake-up ${n} was delivered again and again and no activation came of it.`,
  );
  // Refused when the run has moved meanwhile: judge it again.
  return (await stall(engine, run, fault, "onlooker")).kind === "left" ? DONE : later(settings.leaseMs);
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
  await putStepResult(engine, runId, seq, {
    ok: false,
    error,
    failure: await packFailure(error, runId, ports.blobs),
  });
  await wake(engine, runId);
  return DONE;
}
