// How an activation gives a run back: suspended, handed off, closed or stalled. Every order here is an invariant:
// the wake source exists before META says that it does (W3), the message before the lease is dropped (W2), the
// journal before META (J4).
import { IDLE_SWEEP_MS } from "../limits.ts";
import type { TerminalEntry } from "../ports/journal.ts";
import { type ArmedTimer, isClosed, type Run } from "../ports/run.ts";
import type { PerdureError } from "../sdk/errors.ts";
import type { Activation, Ending } from "./activation.ts";
import { shortDigest } from "./digest.ts";
import type { Engine } from "./engine.ts";
import { tellFamily } from "./family.ts";
import { leaveLimiters, leaveLimitersAgain } from "./flow/slots.ts";
import type { Leftovers } from "./leftovers.ts";
import { writeMessage } from "./messages.ts";
import { retentionMs, sweepTime } from "./settings.ts";
import { closedStatusOf } from "./terminal.ts";
import { unreachable } from "./unreachable.ts";
import { sendWakeUp } from "./wake.ts";

/** `replaced`: somebody else owns the run. `woken`: a cause came, `run` counts it; read the inbox and go on. */
export type Left = { readonly kind: "left" | "replaced" } | { readonly kind: "woken"; readonly run: Run };

/** How far the activation that leaves has come. */
export type Position = Pick<Activation, "seen" | "lastSeq" | "leftovers" | "fold">;

type Suspending = Extract<Ending, { kind: "blocked" | "hand-off" | "paused" }>;

export async function leave(engine: Engine, run: Run, activation: Position, ending: Ending): Promise<Left> {
  switch (ending.kind) {
    case "ended":
      return await close(engine, run, ending.terminal, activation.lastSeq, activation.leftovers());
    case "stalled":
      return await stall(engine, run, ending.fault, "owner");
    case "blocked":
    case "hand-off":
    case "paused":
      return await suspend(engine, run, activation, ending);
    default:
      return unreachable(ending);
  }
}

/**
 *   used-up facts retired ──► message n = seen + 1 ──► META: lease dropped, handled = seen, wake = seen + 1 ──► delete own message
 *
 * A crash before the update leaves the lease to expire; both messages then find it free. A signal between reading the
 * inbox and the update raises `wake`, the update is refused, and the inbox is read again (W1).
 */
async function suspend(engine: Engine, run: Run, activation: Position, ending: Suspending): Promise<Left> {
  const { ports, settings } = engine;
  const now = ports.clock.now();
  const { seen, lastSeq } = activation;
  const folds = await activation.fold();
  const plan = await planOf(engine, run, seen, ending, now);
  const { attributes } = activation.leftovers();
  const shown = {
    ...(attributes === undefined ? {} : { attributes }),
    ...(folds === undefined ? {} : { folds }),
  };
  const common = { runId: run.runId, fence: run.fence, seen, lastSeq, ...shown, ...plan };
  const result = await ports.store.runs.suspend(
    ending.kind === "blocked"
      ? { ...common, status: "suspended", waits: ending.waits, ...lookAgain(engine, run, ending, now) }
      : {
          ...common,
          status: "pending",
          waits: [],
          sweepAt: sweepTime(now, settings),
          ...checkToCome(run, now),
        },
  );
  if (result.ok) {
    if (run.timer !== undefined && run.timer.name !== plan.timer?.name)
      await ports.timers.disarm(run.timer.name);
    return { kind: "left" };
  }
  const standing = result.run;
  // Nobody will name what was armed for this suspension: its name holds our fence. (A repeated update that was applied
  // the first time may find a later owner's META, which does name it.)
  if (plan.timer !== undefined && plan.timer.name !== standing?.timer?.name)
    await ports.timers.disarm(plan.timer.name);
  if (standing === undefined || isClosed(standing.status)) return { kind: "left" };
  // Without a lease it was taken from us: an onlooker has stalled the run.
  const isOurs = standing.fence === run.fence && standing.leaseUntil !== undefined;
  return isOurs ? { kind: "woken", run: standing } : { kind: "replaced" };
}

/** A paused run needs no wake source: whoever resumes it wakes it. */
async function planOf(
  engine: Engine,
  run: Run,
  seen: number,
  ending: Suspending,
  now: number,
): Promise<Armed> {
  if (ending.kind === "paused") return { wake: seen };
  if (ending.kind === "blocked") return await arm(engine, run, seen, ending.nextAt, now);
  await sendWakeUp(engine, run.runId, seen + 1, 0);
  return { wake: seen + 1 };
}

interface Armed {
  readonly wake: number;
  readonly nextWakeAt?: number;
  readonly timer?: ArmedTimer;
}

/** Makes the wake source for `nextAt`: a delayed message when near, a timer of the Timers port when far. */
async function arm(
  engine: Engine,
  run: Run,
  seen: number,
  nextAt: number | undefined,
  now: number,
): Promise<Armed> {
  const { ports, settings } = engine;
  if (nextAt === undefined) return { wake: seen };
  const delayMs = Math.max(0, nextAt - now);
  if (delayMs <= Math.min(settings.longTimerMs, ports.activations.maxDelayMs)) {
    await sendWakeUp(engine, run.runId, seen + 1, delayMs);
    return { wake: seen + 1, nextWakeAt: nextAt };
  }
  // Armed already and far from firing: it stays. Otherwise a new one, named after this very suspension, because a timer that
  // has fired may linger under its old name and must not pass for a new one.
  if (run.timer?.fireAt === nextAt) return { wake: seen, nextWakeAt: nextAt, timer: run.timer };
  const timer = { name: shortDigest(`${run.runId} ${nextAt} ${run.fence} ${seen}`), fireAt: nextAt };
  const message = writeMessage({ kind: "timer", runId: run.runId, fireAt: nextAt });
  await ports.timers.arm({
    name: timer.name,
    fireAt: Math.max(now, nextAt - settings.scheduleLeadMs),
    message,
  });
  return { wake: seen, nextWakeAt: nextAt, timer };
}

/** When the sweeper looks again (W4). */
function lookAgain(
  { settings }: Engine,
  run: Run,
  ending: Extract<Ending, { kind: "blocked" }>,
  now: number,
): { readonly sweepAt: number; readonly checkAt?: number } {
  const nextAt = ending.nextAt ?? now + IDLE_SWEEP_MS;
  const wanted = ending.checkAt ?? (ending.onHandler ? now + settings.sweepGrainMs : undefined);
  if (wanted === undefined) return { sweepAt: sweepTime(nextAt, settings) };
  const { checkAt = wanted } = checkToCome(run, now);
  return { checkAt, sweepAt: sweepTime(Math.min(nextAt, checkAt), settings) };
}

/** A check that is still to come stays: causes and hand-offs that come more often than it must not push it away for ever. */
function checkToCome({ checkAt }: Run, now: number): { readonly checkAt?: number } {
  return checkAt !== undefined && checkAt > now ? { checkAt } : {};
}

/** The terminal entry is in the journal; META follows, now or by whoever is woken next (J4). */
export async function close(
  engine: Engine,
  run: Run,
  terminal: TerminalEntry,
  lastSeq: number,
  { children, attributes }: Leftovers,
): Promise<Left> {
  const { store, timers } = engine.ports;
  await tellFamily(engine, run, terminal, children);
  await leaveLimiters(engine, run);
  const result = await store.runs.close({
    runId: run.runId,
    fence: run.fence,
    status: closedStatusOf(terminal),
    closedAt: terminal.at,
    lastSeq,
    ...(attributes === undefined ? {} : { attributes }),
    expiresAt: Math.ceil((terminal.at + retentionMs(engine.settings)) / 1000),
  });
  if (!result.ok) return { kind: "replaced" };
  await leaveLimitersAgain(engine, run);
  if (run.timer !== undefined) await timers.disarm(run.timer.name);
  return { kind: "left" };
}

/** Nothing is overwritten: after a fix, `retry` lets the run go on from its journal (D1). */
export async function stall(
  engine: Engine,
  run: Run,
  fault: PerdureError,
  by: "owner" | "onlooker",
): Promise<Left> {
  const { store, clock, log } = engine.ports;
  const now = clock.now();
  log.error("run stalled", {
    run: run.runId,
    workflow: run.workflow,
    code: fault.code,
    reason: fault.message,
  });
  const result = await store.runs.stall({
    runId: run.runId,
    fence: run.fence,
    by,
    now,
    reason: { code: fault.code, message: fault.message, at: now },
    sweepAt: sweepTime(now + IDLE_SWEEP_MS, engine.settings),
  });
  return { kind: result.ok ? "left" : "replaced" };
}
