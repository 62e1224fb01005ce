// What to do with a message that was delivered too often. Lease conflicts raise a message's count too, so the run is
// read first and only a run that truly got nowhere is given to a person.
import { MAX_DEAD_ROUNDS } from "../limits.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type Disposition, DONE, type Engine, later } from "./engine.ts";
import { fireTimer } from "./fire-timer.ts";
import { stall } from "./leave.ts";
import { type Message, readMessage, type StepRequest, type WakeUp, writeMessage } from "./messages.ts";
import { packFailure } from "./payloads.ts";
import { isPoison } from "./poison.ts";
import { putStepResult } from "./run-step.ts";
import { orStall } from "./stall-unreadable.ts";
import { isLeased, wake } from "./wake.ts";

export async function handleDeadLetter(engine: Engine, body: string): Promise<Disposition> {
  const message = readMessage(body);
  if (message === undefined) {
    engine.ports.log.error("a dead letter that is not Perdure's was dropped", { length: body.length });
    return DONE;
  }
  return await orStall(engine, message.runId, Number.POSITIVE_INFINITY, () => judge(engine, message));
}

async function judge(engine: Engine, message: Message): Promise<Disposition> {
  switch (message.kind) {
    case "wake-up":
      return await deadWakeUp(engine, message);
    case "timer":
      return await fireTimer(engine, message);
    case "step":
      return await deadStep(engine, message);
    // Nobody knew it for an hour. Whatever it was about, its run looks at what is stored.
    case "unknown":
      engine.ports.log.error("a message of a newer version was given up", { run: message.runId });
      await wake(engine, message.runId);
      return DONE;
  }
}

export type Verdict =
  | { readonly kind: "drop" }
  /** A fresh wake-up that remembers how often it has died without progress of its run. */
  | { readonly kind: "again"; readonly deaths: number }
  | { readonly kind: "stall"; readonly code: "E_POISON" | "E_DEAD_LETTER" };

/**
 * `lastFence` is the fence of the run's last checkpoint. Stalled is only a run that is poison, or one that got nowhere
 * while a wake-up died again and again: a count of deliveries proves nothing, because lease conflicts raise it too.
 */
export function judgeWakeUp(run: Run | undefined, lastFence: number, wakeUp: WakeUp, now: number): Verdict {
  if (run === undefined || isClosed(run.status) || run.status === "stalled" || run.paused)
    return { kind: "drop" };
  if (run.handled >= wakeUp.n) return { kind: "drop" };
  const before = wakeUp.lastFence === lastFence ? (wakeUp.deaths ?? 0) : 0;
  if (isLeased(run, now)) return { kind: "again", deaths: before };
  if (isPoison(run, lastFence)) return { kind: "stall", code: "E_POISON" };
  const deaths = before + 1;
  return deaths < MAX_DEAD_ROUNDS ? { kind: "again", deaths } : { kind: "stall", code: "E_DEAD_LETTER" };
}

async function deadWakeUp(engine: Engine, wakeUp: WakeUp): Promise<Disposition> {
  const { ports, settings } = engine;
  const { runId, n } = wakeUp;
  const run = await ports.store.runs.get(runId);
  const lastFence = (await ports.store.journal.last(runId))?.fence ?? 0;
  const verdict = judgeWakeUp(run, lastFence, wakeUp, ports.clock.now());
  if (run === undefined || verdict.kind === "drop") return DONE;
  if (verdict.kind === "again") {
    const fresh: WakeUp = {
      kind: "wake-up",
      runId,
      n: Math.max(n, run.wake),
      deaths: verdict.deaths,
      lastFence,
    };
    await ports.activations.send(writeMessage(fresh), settings.leaseMs);
    return DONE;
  }
  const what = `Run ${runId}: wake-up ${n} was delivered again and again and its run got nowhere.`;
  // Refused when the run has moved meanwhile: judge it again.
  const { kind } = await stall(engine, run, new PerdureError(verdict.code, what), "onlooker");
  return kind === "left" ? DONE : later(settings.leaseMs);
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
    `Step handler "${handler}" was given the step at entry ${seq} of run ${runId} again and again and ended without a word.`,
  );
  await putStepResult(engine, runId, seq, {
    ok: false,
    error,
    failure: await packFailure(error, runId, engine),
  });
  await wake(engine, runId);
  return DONE;
}
