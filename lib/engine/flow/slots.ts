// A run's way into the limiters it goes through, and out again. Called by admission.ts before any code of a run is executed,
// and by leave.ts when it has ended.
//
// Q1  A run's code is executed only while the run holds a slot of each of its limiters, and no more runs hold one than the
//     limit says. It holds them from its first activation to its end, also while it sleeps. (A process that was replaced, or
//     whose run a former owner has brought to its end, works on without them until it finds out: none of that is recorded.)
import { IDLE_SWEEP_MS } from "../../limits.ts";
import type { Waiter } from "../../ports/limits.ts";
import { isClosed, type Run } from "../../ports/run.ts";
import { cancelQuietly } from "../cancel-run.ts";
import type { Engine } from "../engine.ts";
import { allSlotLimitersOf, type SlotLimiter } from "./limiters.ts";
import { freeWhatIsLeft, letIn, look } from "./line.ts";

export type Entered =
  | { readonly kind: "in" }
  /** `checkAt`: when to look again although nobody has called, epoch ms. */
  | { readonly kind: "full"; readonly checkAt: number }
  /** A newer run of the singleton is there. */
  | { readonly kind: "replaced"; readonly by: string };

export async function enter(engine: Engine, run: Run, limiter: SlotLimiter): Promise<Entered> {
  const { store, clock } = engine.ports;
  const { name, limit } = limiter;
  const { runId } = run;
  const me = { limiter: name, ...waiterOf(run) };
  const before = await look(engine, name);
  // Whoever has let it in takes it out of the line. A slot that was taken at the door may just be passing for nobody's:
  // taken once more it is the run's, or is somebody else's by now.
  const wasTakenAtDoor = limiter.usesExisting && before.holders.includes(runId);
  if (wasTakenAtDoor && (await store.limits.take({ limiter: name, runId, limit, now: clock.now() })))
    return { kind: "in" };
  if (before.holders.includes(runId) && !wasTakenAtDoor) return { kind: "in" };
  const isFree = before.waiters.length === 0 && before.holders.length < limit;
  if (isFree && (await store.limits.take({ limiter: name, runId, limit, now: clock.now() })))
    return { kind: "in" };
  // Q3: enlisted, it looks once more.
  await store.limits.enlist(me);
  if (before.holders.length >= limit) await freeWhatIsLeft(engine, name, before);
  await letIn(engine, limiter, runId);
  const after = await look(engine, name);
  const by = limiter.cancelsOthers ? await replacedBy(engine, run, after) : undefined;
  if (by !== undefined) return { kind: "replaced", by };
  if (after.holders.includes(runId)) return { kind: "in" };
  const ahead = after.waiters.findIndex((waiter) => waiter.runId === runId);
  return { kind: "full", checkAt: checkAtOf(engine, limiter, ahead < 0 ? after.waiters.length : ahead) };
}

/**
 * Gives back all that a run holds, and lets in the next. After the terminal entry, because from then on no code of it is
 * executed (Q1), and before META closes, because until then it is done again if whoever does it dies (Q2, J4).
 */
export async function leaveLimiters(engine: Engine, run: Run): Promise<void> {
  const { limits } = engine.ports.store;
  for (const limiter of allSlotLimitersOf(engine, run)) {
    const me = { limiter: limiter.name, ...waiterOf(run) };
    if (isInLine(run, limiter)) await limits.delist(me);
    await limits.release(me);
    // Also when it held nothing: it may have been next, and have kept others from looking. Where the code is not deployed
    // nobody knows the limit: the first in line look by themselves.
    if (engine.registry.has(run.workflow)) await letIn(engine, limiter);
  }
}

/**
 * Once META is closed. Somebody who saw the run in line may have let it in just after it gave back; whoever does so later is
 * told that the run is closed.
 *
 *   run   give back ─────────────── META closed ── give back again
 *   other            make it a holder
 */
export async function leaveLimitersAgain(engine: Engine, run: Run): Promise<void> {
  for (const { name } of allSlotLimitersOf(engine, run)) {
    const { holders } = await look(engine, name);
    if (holders.includes(run.runId)) return await leaveLimiters(engine, run);
  }
}

/**
 * Where the newest run counts: asks the older ones to end. Answers with a newer one. Of two runs that come at once the one
 * that looks later sees the other, because each stands there before it looks.
 */
async function replacedBy(
  engine: Engine,
  run: Run,
  { holders, waiters }: { readonly holders: readonly string[]; readonly waiters: readonly Waiter[] },
): Promise<string | undefined> {
  const { runs } = engine.ports.store;
  const ids = new Set([...holders, ...waiters.map(({ runId }) => runId)]);
  ids.delete(run.runId);
  const found = await Promise.all([...ids].map((runId) => runs.get(runId)));
  const others = found.filter((other) => other !== undefined).filter(({ status }) => !isClosed(status));
  const newer = others.find((other) => isBefore(run, other));
  if (newer !== undefined) return newer.runId;
  for (const { runId } of others) await cancelQuietly(engine, runId, `run ${run.runId} takes its place`);
  return undefined;
}

function isBefore(a: Waiter, b: Waiter): boolean {
  return a.createdAt === b.createdAt ? a.runId < b.runId : a.createdAt < b.createdAt;
}

/** As META says; it may have got into line since. */
function isInLine({ waits }: Run, { kind, id }: SlotLimiter): boolean {
  return waits.some((wait) => wait.kind === kind && wait.id === id);
}

/** Those whose turn is near look often whether something was lost; those far behind, less often. */
function checkAtOf({ ports, settings }: Engine, { limit }: SlotLimiter, ahead: number): number {
  const waitMs = settings.sweepGrainMs * (1 + Math.floor(ahead / limit));
  return ports.clock.now() + Math.min(waitMs, IDLE_SWEEP_MS);
}

function waiterOf({ runId, createdAt }: Run): Waiter {
  return { runId, createdAt };
}
