// Whether a run may begin. Asked by activate.ts before any code of the run is executed; once an owner of the run has
// appended to its journal the run is in, and is not asked again.
//
//   its time, when it was given one ──► slots, in the order of its limiters ──► a place of its rate, which it waits for with its slots in hand
//
// A place is given out once: META's `waits` holds it. Who dies in between has used up a place, which makes others wait a
// little longer and lets nobody begin too early.
import type { Run, Wait } from "../../ports/run.ts";
import type { Loaded } from "../../ports/store.ts";
import type { Ending } from "../activation.ts";
import type { Engine } from "../engine.ts";
import { paceOf, slotLimitersOf } from "./limiters.ts";
import { enter } from "./slots.ts";

export type Admission =
  | { readonly kind: "admitted" }
  | { readonly kind: "waits"; readonly wait: Wait; readonly checkAt?: number }
  | { readonly kind: "replaced"; readonly by: string };

/** A fork's journal begins with entries of no owner. */
export function isToBeAdmitted({ startAt, limiters }: Run, { checkpoints }: Loaded): boolean {
  return (startAt ?? limiters) !== undefined && !checkpoints.some(({ fence }) => fence > 0);
}

/** How the run is left until then. Its deadline counts while it waits. */
export function waitingFor(
  { wait, checkAt }: Extract<Admission, { kind: "waits" }>,
  { deadline = Number.POSITIVE_INFINITY }: Run,
): Extract<Ending, { kind: "blocked" }> {
  const nextAt = Math.min(wait.until ?? Number.POSITIVE_INFINITY, deadline);
  return {
    kind: "blocked",
    nextAt: Number.isFinite(nextAt) ? nextAt : undefined,
    onHandler: false,
    ...(checkAt === undefined ? {} : { checkAt }),
    waits: [wait],
  };
}

export async function admit(engine: Engine, run: Run): Promise<Admission> {
  const { startAt, workflow } = run;
  // T1. Without a slot in hand: others go on meanwhile.
  if (startAt !== undefined && startAt > engine.ports.clock.now())
    return { kind: "waits", wait: { kind: "start", id: workflow, until: startAt } };
  for (const limiter of slotLimitersOf(engine, run)) {
    const entered = await enter(engine, run, limiter);
    if (entered.kind === "replaced") return entered;
    const { kind, id } = limiter;
    if (entered.kind === "full") return { kind: "waits", wait: { kind, id }, checkAt: entered.checkAt };
  }
  return await takePlace(engine, run);
}

async function takePlace(engine: Engine, run: Run): Promise<Admission> {
  const pace = paceOf(engine, run);
  if (pace === undefined) return { kind: "admitted" };
  const { store, clock } = engine.ports;
  const { name: limiter, id, intervalMs, burst } = pace;
  const now = clock.now();
  const given = run.waits.find(({ kind }) => kind === "rate")?.until;
  // GCRA: places lie an interval apart, and one may be used some intervals early.
  const until =
    given ?? (await store.limits.reserve({ limiter, now, intervalMs })) - (burst - 1) * intervalMs;
  return until <= now ? { kind: "admitted" } : { kind: "waits", wait: { kind: "rate", id, until } };
}
