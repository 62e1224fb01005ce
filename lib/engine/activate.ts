// A wake-up message becomes an activation: claim, load, replay, work, leave. Decides what happens to the message (W2):
// it is deleted only when this activation claimed with it and has left the run in order, or when the run has nothing
// for it to do.
import { LATE_BEGINNING_MS, MAX_REPLAYS_PER_ACTIVATION } from "../limits.ts";
import type { TerminalEntry } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { ClaimRefusal, Loaded } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { SCHEDULE_WORKFLOW } from "../sdk/names.ts";
import { Activation } from "./activation.ts";
import { BEHAVIOUR } from "./behaviour.ts";
import { endFactOf } from "./end-request.ts";
import { type Disposition, DONE, type Engine, faultBackoffMs, type Host, later } from "./engine.ts";
import { admit, isToBeAdmitted, waitingFor } from "./flow/admission.ts";
import { JournalWriter, Overtaken } from "./journal-writer.ts";
import { keepLease, LeaseLost } from "./lease.ts";
import { close, type Left, leave, stall } from "./leave.ts";
import { leftoversOf } from "./leftovers.ts";
import type { WakeUp } from "./messages.ts";
import { Outgoing } from "./outgoing.ts";
import { isPoison } from "./poison.ts";
import { assertFolds, endOf, lastSeqOf, type Replayed, replay } from "./replay.ts";
import { isDeploymentUnderWay } from "./stall-unreadable.ts";
import { type CancelFact, cancelledOutright, timedOut } from "./terminal.ts";
import { unreachable } from "./unreachable.ts";
import { UnreadableError } from "./unreadable.ts";
import { isLeased } from "./wake.ts";

export async function activate(engine: Engine, wakeUp: WakeUp, host: Host): Promise<Disposition> {
  const { ports, settings } = engine;
  const now = ports.clock.now();
  const leaseUntil = now + settings.leaseMs;
  const owner = ports.random.id();
  const claim = await ports.store.runs.claim({ runId: wakeUp.runId, n: wakeUp.n, owner, now, leaseUntil });
  if (!claim.ok) return refused(claim.reason, claim.run, wakeUp.n, now);

  const holder = new Holder(engine, host, claim.run, owner, leaseUntil);
  try {
    return await holder.activate();
  } catch (error) {
    if (error instanceof LeaseLost) return later(settings.leaseMs);
    // It will be no better the next time: a person must see to it.
    if (error instanceof UnreadableError && !isDeploymentUnderWay(error, host.receiveCount))
      return settle(await stall(engine, claim.run, error, "owner"), engine);
    ports.log.error("activation failed", { run: wakeUp.runId, error: String(error) });
    // Not the run's fault: give it back. When that fails too, the lease simply runs out.
    await ports.store.runs.abandon({ runId: wakeUp.runId, fence: claim.run.fence }).catch(() => {});
    return later(faultBackoffMs(host.receiveCount));
  } finally {
    holder.release();
  }
}

function refused(reason: ClaimRefusal, run: Run | undefined, n: number, now: number): Disposition {
  switch (reason) {
    case "absent":
    case "closed":
    case "stalled":
    case "handled":
      return DONE;
    // Who lets it go sends a message. But while its holder lives, this may be the holder's own (W2).
    case "paused":
      return run !== undefined && isLeased(run, now) ? untilFree(run, now) : DONE;
    // W2: anybody's live lease, even our own from an earlier delivery. Deleting it here could lose the run. A number
    // ahead of `wake` says that its sender, who holds the lease, is just about to leave.
    case "leased":
      return run === undefined || n > run.wake ? later(0) : untilFree(run, now);
    default:
      return unreachable(reason);
  }
}

function untilFree({ leaseUntil = 0 }: Run, now: number): Disposition {
  return later(Math.max(0, leaseUntil - now) + 500);
}

/** The holder of one lease. */
class Holder {
  readonly #over = new AbortController();
  readonly #stopKeeping: () => void;
  #overtaken = new AbortController();
  #activation: Activation | undefined;
  /** META as it was heard of last, since it was claimed. */
  #heard: Run | undefined;

  readonly #engine: Engine;
  readonly #host: Host;
  /** As it was claimed, or as it stood when a cause came before it could begin. */
  #run: Run;
  readonly #owner: string;
  readonly #outgoing: Outgoing;

  constructor(engine: Engine, host: Host, run: Run, owner: string, leaseUntil: number) {
    this.#engine = engine;
    this.#host = host;
    this.#run = run;
    this.#owner = owner;
    this.#outgoing = new Outgoing(engine, run);
    this.#stopKeeping = keepLease({
      clock: engine.ports.clock,
      settings: engine.settings,
      leaseUntil,
      renew: (until) => this.#renew(until),
      extend: (visibilityMs) => host.extend(visibilityMs),
      onLost: () =>
        this.#over.abort(new LeaseLost(`run ${run.runId}: fence ${run.fence} is no longer the lease's`)),
    });
  }

  release(): void {
    this.#stopKeeping();
    this.#over.abort(new LeaseLost(`run ${this.#run.runId}: the activation is over`));
  }

  async activate(): Promise<Disposition> {
    const { store } = this.#engine.ports;
    // The queue's own visibility is as long as the function may run; shortened, a crash is noticed soon.
    const [loaded] = await Promise.all([
      store.journal.load(this.#run.runId, this.#run.folds),
      this.#host.extend(this.#engine.settings.visibilityMs),
    ]);
    let journal = loaded;
    for (let replays = 0; replays < MAX_REPLAYS_PER_ACTIVATION; replays += 1) {
      try {
        return await this.#replayAndWork(journal);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        journal = await store.journal.load(this.#run.runId, this.#run.folds);
      }
    }
    throw new PerdureError(
      "E_INTERNAL",
      `Run ${this.#run.runId}: overtaken ${MAX_REPLAYS_PER_ACTIVATION} times.`,
    );
  }

  async #replayAndWork(journal: Loaded): Promise<Disposition> {
    const engine = this.#engine;
    const run = this.#run;
    // J2: who wakes up late may load what a newer owner has written meanwhile.
    const newest = journal.checkpoints.at(-1)?.fence ?? 0;
    if (newest > run.fence) throw await this.#replacedBy(newest);
    this.#outgoing.noteAll(journal.checkpoints);
    await this.#outgoing.trySend();
    const ended = endOf(journal);
    const outright = askedToEnd(engine, run, journal);
    if (ended === undefined && outright !== undefined)
      return settle(await this.#endOutright(outright, journal), engine);
    assertReaches(journal, run);
    assertFolds(journal, run);
    if (ended !== undefined) {
      await this.#outgoing.send();
      const leftovers = leftoversOf(run, journal.checkpoints);
      return settle(await close(engine, run, ended.terminal, ended.seq, leftovers), engine);
    }
    if (isToBeAdmitted(run, journal)) {
      const keptBack = await this.#keepBack(journal);
      if (keptBack !== undefined) return keptBack;
    }
    if (beginsLate(run, journal, engine.ports.clock.now())) {
      await this.#writer(0).append([{ type: "run.began", at: engine.ports.clock.now() }]);
      return await this.#replayAndWork(await engine.ports.store.journal.load(run.runId, run.folds));
    }
    const replayed = await replayOrFault(engine, run, journal);
    if (replayed instanceof PerdureError) {
      if (isDeploymentUnderWay(replayed, this.#host.receiveCount)) throw replayed;
      return settle(await stall(engine, run, replayed, "owner"), engine);
    }
    const activation = this.#begin(replayed, journal);
    await activation.catchUp();
    for (;;) {
      const ending = await activation.work();
      // What META vouches for with `lastSeq` has been sent.
      await this.#outgoing.send();
      const left = await leave(engine, run, activation, ending);
      if (left.kind !== "woken") return settle(left, engine);
      this.#hear(left.run);
    }
  }

  /** A fence that no lease has had, META would know: the journal is not this run's any more. */
  async #replacedBy(newest: number): Promise<Error> {
    const { runId, fence } = this.#run;
    const standing = await this.#engine.ports.store.runs.get(runId);
    if (standing === undefined || standing.fence >= newest)
      return new LeaseLost(`run ${runId}: fence ${newest} has replaced ${fence}`);
    const what = `The journal of run ${runId} has a checkpoint of fence ${newest}, and META has only come to ${standing.fence}.`;
    return new UnreadableError("E_CORRUPT", what);
  }

  /** Until there is room for it, it waits as any run waits, and none of its code is executed. Nothing when there is. */
  async #keepBack(journal: Loaded): Promise<Disposition | undefined> {
    const [engine, run] = [this.#engine, this.#run];
    const now = engine.ports.clock.now();
    if (run.deadline !== undefined && run.deadline <= now)
      return settle(await this.#endWith(await timedOut(run, engine, now), journal), engine);
    const admission = await admit(engine, run);
    if (admission.kind === "admitted") return undefined;
    if (admission.kind === "replaced") {
      const reason = `run ${admission.by} takes its place`;
      return settle(
        await this.#endOutright({ kind: "cancel", key: "cancel", at: now, reason }, journal),
        engine,
      );
    }
    const leftovers = leftoversOf(run, journal.checkpoints);
    const position = {
      seen: run.wake,
      lastSeq: lastSeqOf(journal),
      leftovers: () => leftovers,
      fold: async () => undefined,
    };
    const left = await leave(engine, run, position, waitingFor(admission, run));
    if (left.kind !== "woken") return settle(left, engine);
    // What it waits for it has, although META does not say so: a place of a rate is given out once.
    this.#run = { ...left.run, waits: [admission.wait] };
    return await this.#replayAndWork(await engine.ports.store.journal.load(run.runId, run.folds));
  }

  /** Without running any code of the workflow. */
  async #endOutright(fact: CancelFact, journal: Loaded): Promise<Left> {
    const now = this.#engine.ports.clock.now();
    return await this.#endWith(await cancelledOutright(this.#run, fact, this.#engine, now), journal);
  }

  async #endWith(entry: TerminalEntry, journal: Loaded): Promise<Left> {
    const writer = this.#writer(lastSeqOf(journal));
    const lastSeq = await writer.append([entry]);
    await this.#outgoing.send();
    return await close(this.#engine, this.#run, entry, lastSeq, leftoversOf(this.#run, journal.checkpoints));
  }

  #writer(lastSeq: number, signal: AbortSignal = this.#over.signal): JournalWriter {
    const common = { engine: this.#engine, run: this.#run, owner: this.#owner };
    return new JournalWriter({ ...common, signal, next: lastSeq + 1 });
  }

  #begin({ execution, lastSeq }: Replayed, { facts, stepClaims, notes }: Loaded): Activation {
    // Attempts of a replay that was overtaken can no longer be recorded: they hear of it.
    this.#overtaken.abort(new Overtaken(`run ${this.#run.runId}: replayed again`));
    this.#overtaken = new AbortController();
    const signal = AbortSignal.any([this.#over.signal, this.#overtaken.signal]);
    const common = { engine: this.#engine, host: this.#host, run: this.#run, signal };
    const writer = this.#writer(lastSeq, signal);
    this.#activation = new Activation({
      ...common,
      execution,
      writer,
      outgoing: this.#outgoing,
      facts,
      stepClaims,
      notes,
    });
    // While the journal was loaded and replayed, somebody may have paused the run.
    if (this.#heard !== undefined) this.#activation.notice(this.#heard);
    return this.#activation;
  }

  #hear(run: Run): void {
    this.#heard = run;
    this.#activation?.notice(run);
  }

  async #renew(leaseUntil: number): Promise<boolean> {
    const { runId, fence } = this.#run;
    const run = await this.#engine.ports.store.runs.renew({ runId, fence, leaseUntil });
    if (run !== undefined) this.#hear(run);
    return run !== undefined;
  }
}

/** Whether the run is to end without its code: it was terminated, or cancelled before anything of it happened. */
function askedToEnd(engine: Engine, run: Run, { facts, checkpoints }: Loaded): CancelFact | undefined {
  const asked = (kind: CancelFact["kind"]) => endFactOf(engine, run, facts, kind);
  return asked("terminate") ?? (checkpoints.length === 0 ? asked("cancel") : undefined);
}

/**
 * It stood in line, was paused, or its message was long under way: that is no time that its steps have taken. The times of a
 * schedule count from when it was made all the same.
 */
function beginsLate(run: Run, { checkpoints }: Loaded, now: number): boolean {
  const { startAt, createdAt, workflow, behaviour } = run;
  if (checkpoints.length > 0 || behaviour > BEHAVIOUR || workflow === SCHEDULE_WORKFLOW) return false;
  return now - (startAt ?? createdAt) >= LATE_BEGINNING_MS;
}

/** META follows the journal (J4). A journal that ends before it has lost entries: what they recorded would run again. */
function assertReaches({ checkpoints }: Loaded, { runId, lastSeq }: Run): void {
  const last = checkpoints.at(-1);
  const end = last === undefined ? 0 : last.first + last.entries.length - 1;
  if (end >= lastSeq) return;
  const what = `The journal of run ${runId} ends at position ${end}, and it had come to ${lastSeq}.`;
  throw new UnreadableError("E_CORRUPT", what);
}

/** W2: the message goes only when the run was left in order. */
function settle(left: Left, engine: Engine): Disposition {
  return left.kind === "left" ? DONE : later(engine.settings.leaseMs);
}

/** A fault of the run's own making needs a person; anything else thrown is of the surroundings and tried again. */
async function replayOrFault(engine: Engine, run: Run, journal: Loaded): Promise<Replayed | PerdureError> {
  const poison = poisonOf(run, journal);
  if (poison !== undefined) return poison;
  try {
    return await replay(engine, run, journal);
  } catch (error) {
    if (error instanceof PerdureError) return error;
    throw error;
  }
}

function poisonOf(run: Run, { checkpoints }: Loaded): PerdureError | undefined {
  if (!isPoison(run, checkpoints.at(-1)?.fence ?? 0)) return undefined;
  const what = `Run ${run.runId} was activated ${run.fails - 1} times and each time the process ended without a word.`;
  return new PerdureError("E_POISON", what);
}
