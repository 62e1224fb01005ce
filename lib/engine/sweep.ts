// The sweeper finds runs whose wake-up is overdue and sends it again (W4), so that a lost message, a schedule that never
// fires, or a sender that died between two writes only costs time. Reads each run before it believes the index.
import { IDLE_SWEEP_MS, MAX_RUNS_PER_SWEEP } from "../limits.ts";
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
    const run = await ports.store.runs.get(runId);
    if (run !== undefined && (await actOn(engine, run))) woken += 1;
  }
  return { looked: due.length, woken };
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
  const soon = sweepTime(now, settings);
  if (run.status === "stalled" || run.status === "paused")
    return { kind: "postpone", to: sweepTime(now + IDLE_SWEEP_MS, settings) };
  if (isLeased(run, now)) return { kind: "postpone", to: soon };
  if (
    run.nextWakeAt !== undefined &&
    run.nextWakeAt > now &&
    run.wake <= run.handled + 1 &&
    !isCheckDue(run, now)
  ) {
    // The one counted cause, if any, is the timer's own message, still delayed.
    return {
      kind: "postpone",
      to: sweepTime(Math.min(run.nextWakeAt, run.checkAt ?? run.nextWakeAt), settings),
    };
  }
  if (run.wake > run.handled && !isCheckDue(run, now)) return { kind: "resend", n: run.wake, to: soon };
  if (isCheckDue(run, now) || (run.nextWakeAt !== undefined && run.nextWakeAt <= now))
    return { kind: "wake" };
  return { kind: "postpone", to: sweepTime(run.checkAt ?? now + IDLE_SWEEP_MS, settings) };
}

function isCheckDue(run: Run, now: number): boolean {
  return run.checkAt !== undefined && run.checkAt <= now;
}

async function postpone({ ports }: Engine, run: Run, to: number): Promise<void> {
  if (run.sweepAt === undefined) return;
  await ports.store.runs.postpone({ runId: run.runId, from: run.sweepAt, to });
}
