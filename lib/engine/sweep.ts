// The sweeper finds runs whose wake-up is overdue and sends it again (W4), so that a lost message, a schedule that never
// fires, or a sender that died between two writes only costs time. Reads each run before it believes the index.
import { GIVEN_BACK_SWEEP_MS, IDLE_SWEEP_MS, MAX_RUNS_PER_SWEEP } from "../limits.ts";
import { isClosed, type Run } from "../ports/run.ts";
import type { Engine } from "./engine.ts";
import { type Settings, sweepTime } from "./settings.ts";
import { isLeased, sendWakeUp, wake } from "./wake.ts";

export type SweepAction =
  | { readonly kind: "nothing" }
  /** Look again at this time, epoch ms. */
  | { readonly kind: "postpone"; readonly to: number }
  /** A cause is counted, its message seems lost: send it again. */
  | { readonly kind: "resend"; readonly n: number; readonly to: number }
  /** No cause is counted for what is due: count one and send it. */
  | { readonly kind: "wake" };

export interface SweepReport {
  readonly looked: number;
  readonly woken: number;
}

/** One pass. Stops at MAX_RUNS_PER_SWEEP; the next pass goes on, because every run handled moves back in the index. */
export async function sweep(engine: Engine): Promise<SweepReport> {
  const { ports } = engine;
  const due = await ports.store.index.due(ports.clock.now(), MAX_RUNS_PER_SWEEP);
  let woken = 0;
  for (const runId of due) {
    if (await sweepOne(engine, runId)) woken += 1;
  }
  return { looked: due.length, woken };
}

/** One run that cannot be read or woken must not keep the others from it. */
async function sweepOne(engine: Engine, runId: string): Promise<boolean> {
  try {
    const run = await engine.ports.store.runs.get(runId);
    return run !== undefined && (await actOn(engine, run));
  } catch (error) {
    engine.ports.log.error("a run could not be swept", { run: runId, error: String(error) });
    return false;
  }
}

async function actOn(engine: Engine, run: Run): Promise<boolean> {
  const { ports, settings } = engine;
  const action = decideSweep(run, ports.clock.now(), settings);
  switch (action.kind) {
    case "nothing":
      return false;
    case "postpone":
      await postpone(engine, run, action.to);
      return false;
    case "resend":
      // The message first: a sweeper that dies between the two finds the run again (J4).
      await sendWakeUp(engine, run.runId, action.n, 0);
      await postpone(engine, run, action.to);
      break;
    case "wake":
      await wake(engine, run.runId);
      break;
  }
  ports.log.warn("overdue run woken by the sweeper", { run: run.runId, action: action.kind });
  return true;
}

export function decideSweep(run: Run, now: number, settings: Settings): SweepAction {
  if (isClosed(run.status) || run.sweepAt === undefined || run.sweepAt > now) return { kind: "nothing" };
  const postponeTo = (at: number) => ({ kind: "postpone", to: sweepTime(at, settings) }) as const;
  if (run.status === "stalled" || run.status === "paused") return postponeTo(now + IDLE_SWEEP_MS);
  if (isLeased(run, now)) return postponeTo(now);
  if (run.checkAt !== undefined && run.checkAt <= now) return { kind: "wake" };

  const { nextWakeAt } = run;
  if (run.wake > run.handled + timersOwnCause(run)) return resend(run, now, settings);
  if (nextWakeAt !== undefined && nextWakeAt <= now) {
    return run.wake > run.handled ? resend(run, now, settings) : { kind: "wake" };
  }
  return postponeTo(Math.min(nextWakeAt ?? now + IDLE_SWEEP_MS, run.checkAt ?? Number.POSITIVE_INFINITY));
}

/** A near timer's delayed message was counted when it was sent; a far one is counted when its schedule fires. */
function timersOwnCause(run: Run): 0 | 1 {
  return run.nextWakeAt !== undefined && run.timer === undefined ? 1 : 0;
}

/** A run given back after a fault of the surroundings has a message on its way that backs off: look again much later. */
function resend(run: Run, now: number, settings: Settings): SweepAction {
  const wasGivenBack = run.status === "pending" && run.fence > 0;
  return {
    kind: "resend",
    n: run.wake,
    to: sweepTime(wasGivenBack ? now + GIVEN_BACK_SWEEP_MS : now, settings),
  };
}

async function postpone({ ports }: Engine, run: Run, to: number): Promise<void> {
  if (run.sweepAt === undefined) return;
  await ports.store.runs.postpone({ runId: run.runId, from: run.sweepAt, to });
}
