// The conditions of RunStore (lib/ports/store.ts) as pure decisions: given the run as it stands and a request, what is
// the answer, and what is written if the condition holds. The local stores apply a rule to a run in one indivisible
// step, so each condition stands here once. (On DynamoDB the same conditions are expressions, in lib/aws.)
//
// "The lease is held by fence f" means: f is the run's fence and there is a lease. A lease that was given back is not
// held by the fence that gave it, although the fence has not moved: a late renewal must not bring it back to life.
// Whether a lease is live is asked only where somebody wants to take it: its own holder may use it until it is taken.
import { isClosed, type Run } from "../ports/run.ts";
import type { ClaimRefusal, RunStore, Suspension } from "../ports/store.ts";

/** An answer, and the run to store, absent when the condition did not hold. */
export interface Ruling<Answer> {
  readonly answer: Answer;
  readonly write?: Run;
}
export type Rule<Answer> = (run: Run | undefined) => Ruling<Answer>;

type Request<Method extends keyof RunStore> = Parameters<RunStore[Method]>[0];
type Answer<Method extends keyof RunStore> = Awaited<ReturnType<RunStore[Method]>>;

export function createRule(created: Run): Rule<Answer<"create">> {
  return (run) =>
    run === undefined
      ? { answer: { created: true, run: created }, write: created }
      : { answer: { created: false, run } };
}

export function claimRule({ n, owner, now, leaseUntil }: Request<"claim">): Rule<Answer<"claim">> {
  return (run) => {
    if (run === undefined) return { answer: { ok: false, reason: "absent" } };
    const reason = whyNotClaimable(run, n, now);
    if (reason !== undefined) return { answer: { ok: false, reason, run } };
    const claimed: Run = {
      ...run,
      status: "running",
      fence: run.fence + 1,
      fails: run.fails + 1,
      // W2: a message whose sender died before it raised `wake` still counts.
      wake: Math.max(run.wake, n),
      leaseOwner: owner,
      leaseUntil,
    };
    return { answer: { ok: true, run: claimed }, write: claimed };
  };
}

function whyNotClaimable(run: Run, n: number, now: number): ClaimRefusal | undefined {
  if (isClosed(run.status)) return "closed";
  if (run.status === "stalled") return "stalled";
  if (run.paused) return "paused";
  // Before the lease: a message that was handled may be deleted, whoever holds the run now (W2).
  if (n <= run.handled) return "handled";
  if (isLeaseLive(run, now)) return "leased";
  return undefined;
}

export function renewRule({ fence, leaseUntil }: Request<"renew">): Rule<Answer<"renew">> {
  return (run) => {
    if (!holdsLease(run, fence)) return { answer: undefined };
    const renewed = { ...run, leaseUntil };
    return { answer: renewed, write: renewed };
  };
}

export function abandonRule({ fence }: Request<"abandon">): Rule<void> {
  return (run) => {
    if (!holdsLease(run, fence)) return { answer: undefined };
    return {
      answer: undefined,
      write: { ...withoutLease(run), status: run.paused ? "paused" : "pending", fails: run.fails - 1 },
    };
  };
}

export function suspendRule(suspension: Suspension): Rule<Answer<"suspend">> {
  const { fence, seen, wake, status, waits, lastSeq, sweepAt } = suspension;
  return (run) => {
    if (hasSuspended(run, suspension)) return { answer: { ok: true } };
    // W1: `wake` that moved is a cause which the activation has not seen.
    if (!holdsLease(run, fence) || run.wake !== seen) return { answer: { ok: false, run } };
    const suspended: Run = {
      ...withoutPlans(withoutLease(run)),
      status: run.paused ? "paused" : status,
      handled: seen,
      wake,
      fails: 0,
      waits,
      lastSeq,
      sweepAt,
      // W3: the wake source is recorded in the write that suspends.
      ...(suspension.nextWakeAt !== undefined && { nextWakeAt: suspension.nextWakeAt }),
      ...(suspension.checkAt !== undefined && { checkAt: suspension.checkAt }),
      ...(suspension.timer !== undefined && { timer: suspension.timer }),
      ...(suspension.attributes !== undefined && { attributes: suspension.attributes }),
      ...(suspension.folds !== undefined && { folds: suspension.folds }),
    };
    return { answer: { ok: true }, write: suspended };
  };
}

/** Repeated: `handled` moves only under a lease, and a claim needs n > handled, so this fence has put it there. */
function hasSuspended(run: Run | undefined, { fence, seen }: Suspension): boolean {
  return run?.fence === fence && run.leaseUntil === undefined && run.handled === seen;
}

export function closeRule(request: Request<"close">): Rule<Answer<"close">> {
  const { fence, status, closedAt, lastSeq, expiresAt, attributes } = request;
  return (run) => {
    // The fence alone decides, not the lease: the terminal entry is in the journal, META only follows (J4).
    if (run === undefined || run.fence !== fence) return { answer: { ok: false } };
    if (isClosed(run.status)) return { answer: { ok: run.status === status } };
    const {
      sweepAt: _sweepAt,
      stalled: _stalled,
      paused: _paused,
      ...open
    } = withoutPlans(withoutLease(run));
    const shown = attributes === undefined ? {} : { attributes };
    const closed: Run = { ...open, status, closedAt, lastSeq, expiresAt, ...shown, waits: [] };
    return { answer: { ok: true }, write: closed };
  };
}

export function stallRule({ fence, by, now, reason, sweepAt }: Request<"stall">): Rule<Answer<"stall">> {
  return (run) => {
    if (run === undefined || isClosed(run.status) || run.fence !== fence) return { answer: { ok: false } };
    if (by === "onlooker" && isLeaseLive(run, now)) return { answer: { ok: false } };
    return {
      answer: { ok: true },
      write: { ...withoutPause(withoutLease(run)), status: "stalled", stalled: reason, sweepAt },
    };
  };
}

export function seizeRule({ owner, leaseUntil }: Request<"seize">): Rule<Answer<"seize">> {
  return (run) => {
    if (run === undefined || isClosed(run.status)) return { answer: undefined };
    const { stalled: _stalled, paused: _paused, ...rest } = run;
    const seized: Run = { ...rest, status: "running", fence: run.fence + 1, leaseOwner: owner, leaseUntil };
    return { answer: seized, write: seized };
  };
}

export function raiseRule({ sweepAt }: Request<"raise">): Rule<Answer<"raise">> {
  return (run) => {
    if (run === undefined || isClosed(run.status)) return { answer: undefined };
    const raised = { ...run, wake: run.wake + 1, sweepAt };
    return { answer: raised, write: raised };
  };
}

export function reviveRule({ sweepAt }: Request<"revive">): Rule<Answer<"revive">> {
  return (run) => {
    if (run?.status !== "stalled") return { answer: undefined };
    const { stalled: _stalled, ...rest } = run;
    const revived: Run = {
      ...rest,
      status: "pending",
      // Whoever still means to stall the run for what was mended is too late.
      fence: run.fence + 1,
      // Wake-ups of before have no say any more: their dead letters would stall the run once more.
      handled: run.wake,
      wake: run.wake + 1,
      fails: 0,
      lastSeq: 0,
      sweepAt,
    };
    return { answer: revived, write: revived };
  };
}

export function pauseRule({ sweepAt }: Request<"pause">): Rule<Answer<"pause">> {
  return (run) => {
    if (run === undefined || isClosed(run.status) || run.status === "stalled") return { answer: undefined };
    if (run.paused) return { answer: run };
    const status = run.leaseUntil === undefined ? "paused" : run.status;
    const paused: Run = { ...run, paused: true, status, wake: run.wake + 1, sweepAt };
    return { answer: paused, write: paused };
  };
}

export function resumeRule({ sweepAt }: Request<"resume">): Rule<Answer<"resume">> {
  return (run) => {
    if (!run?.paused) return { answer: undefined };
    const { paused: _paused, ...rest } = run;
    const status = run.leaseUntil === undefined ? "pending" : run.status;
    const resumed: Run = { ...rest, status, wake: run.wake + 1, sweepAt };
    return { answer: resumed, write: resumed };
  };
}

export function postponeRule({ from, to }: Request<"postpone">): Rule<void> {
  return (run) => {
    // A closed run has no sweepAt, so it never has this one (W4).
    if (run === undefined || run.sweepAt !== from) return { answer: undefined };
    return { answer: undefined, write: { ...run, sweepAt: to } };
  };
}

function holdsLease(run: Run | undefined, fence: number): run is Run {
  return run !== undefined && run.fence === fence && run.leaseUntil !== undefined;
}

/** Until is exclusive: at `leaseUntil` the lease is over. */
function isLeaseLive({ leaseUntil }: Run, now: number): boolean {
  return leaseUntil !== undefined && now < leaseUntil;
}

function withoutLease(run: Run): Run {
  const { leaseOwner: _owner, leaseUntil: _until, ...rest } = run;
  return rest;
}

/** Who stalls needs a person anyway. */
function withoutPause(run: Run): Run {
  const { paused: _paused, ...rest } = run;
  return rest;
}

function withoutPlans(run: Run): Run {
  const { nextWakeAt: _nextWakeAt, checkAt: _checkAt, timer: _timer, ...rest } = run;
  return rest;
}
