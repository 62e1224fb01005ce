// The line at a limiter: who is let in when there is room, and what is left of runs that are gone. Owns Q2 and Q3.
//
// Q2  A slot is taken out of a run's hands only when the run has ended, or was never made. (A holder that closes gives it
//     back before META says that it is closed, so a crash in between is made up for within a lease. What a replaced owner
//     still takes afterwards is found by the next run that meets a full limiter.)
// Q3  Who waits stands in line before it looks for the last time, and who gives back does so before it looks at the line:
//
//       waiter   enlist ── look: full ── suspend            or   enlist ── look: room, let in
//       holder             give back ── look: let it in             give back ── look: nobody
//
//     Who is in line is let in by whoever looks: made a holder, then woken, then taken out of the line. If whoever does
//     it dies in between, it is done again, because its own run has not left yet.
import { MAX_HOLDERS_CHECKED, MAX_LOOKS_AT_LINE, MAX_WAITERS_READ, START_LEASE_MS } from "../../limits.ts";
import type { Standing, Waiter } from "../../ports/limits.ts";
import { isClosed, type Run } from "../../ports/run.ts";
import type { Engine } from "../engine.ts";
import { wake } from "../wake.ts";

type Limiter = { readonly name: string; readonly limit: number };

export async function look({ ports }: Engine, limiter: string): Promise<Standing> {
  return await ports.store.limits.read({ limiter, waiters: MAX_WAITERS_READ });
}

/** Lets in the first in line while there is room. `awake` needs no waking. */
export async function letIn(engine: Engine, limiter: Limiter, awake?: string): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS_AT_LINE; looks += 1) {
    const standing = await look(engine, limiter.name);
    let isFull = false;
    let isMoved = false;
    for (const waiter of standing.waiters) {
      const isIn = standing.holders.includes(waiter.runId);
      if (isFull && !isIn) continue;
      const done = await letInOne(engine, limiter, waiter, { isIn, isAwake: waiter.runId === awake });
      // Whoever gives a slot back looks at the line.
      if (!done) isFull = true;
      else isMoved = true;
    }
    if (!isMoved) return;
  }
}

/** False when it is full. */
async function letInOne(
  engine: Engine,
  { name: limiter, limit }: Limiter,
  waiter: Waiter,
  { isIn, isAwake }: { readonly isIn: boolean; readonly isAwake: boolean },
): Promise<boolean> {
  const { runs, limits } = engine.ports.store;
  const { runId } = waiter;
  if (!isIn) {
    const run = await runs.get(runId);
    if (run === undefined || !canMove(run)) {
      await standAside(engine, limiter, waiter);
      return true;
    }
    if (!(await limits.take({ limiter, runId, limit, now: engine.ports.clock.now() }))) return false;
  }
  // It may have ended since it was read.
  if (!isAwake && !(await wake(engine, runId))) await limits.release({ limiter, runId });
  await limits.delist({ limiter, ...waiter });
  return true;
}

/** Q2. */
export async function freeWhatIsLeft(
  engine: Engine,
  limiter: string,
  { holders, takenAt }: Standing,
): Promise<void> {
  const { runs, limits } = engine.ports.store;
  for (const runId of some(engine, holders)) {
    const run = await runs.get(runId);
    if (!isGone(engine, run, takenAt)) continue;
    await limits.release({ limiter, runId, ...(run === undefined ? { takenAt } : {}) });
  }
}

/** Whether a slot is nobody's. A singleton's is taken before its run is made: one that is not there yet may still come. */
export function isGone({ ports }: Engine, holder: Run | undefined, takenAt: number | undefined): boolean {
  if (holder !== undefined) return isClosed(holder.status);
  return ports.clock.now() >= (takenAt ?? 0) + START_LEASE_MS;
}

/** Whether a run in line would make use of a slot: those that wait for a person keep nobody back. */
function canMove(run: Run): boolean {
  return !isClosed(run.status) && run.status !== "stalled" && !run.paused;
}

/**
 * Out of the line. When a person lets the run go on, it gets into line again, at its old place; if that has happened just
 * now, its place must not be lost.
 */
async function standAside({ ports }: Engine, limiter: string, waiter: Waiter): Promise<void> {
  const { runs, limits } = ports.store;
  await limits.delist({ limiter, ...waiter });
  const run = await runs.get(waiter.runId);
  if (run !== undefined && canMove(run)) await limits.enlist({ limiter, ...waiter });
}

/** All when there are few, otherwise a few by chance. */
function some({ ports }: Engine, holders: readonly string[]): readonly string[] {
  if (holders.length <= MAX_HOLDERS_CHECKED) return holders;
  const first = Math.floor(ports.random.next() * holders.length);
  return [...holders, ...holders].slice(first, first + MAX_HOLDERS_CHECKED);
}
