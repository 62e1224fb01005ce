// What must hold of a run that people end or hold, at every write and every start of a body, whatever the faults: a
// request that was accepted is not passed over, nothing runs of what ends outright, and nobody claims what is held.
import { isTerminal } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { Attempt, SimProcess } from "./sim-process.ts";

type Request = "cancel" | "terminate";

export class EndRules {
  /** Runs that somebody means to hold, and whether he was told that they are. */
  readonly holds = new Map<string, "asked" | "held">();
  /** When the run was let go last, epoch ms: its timers had to wait until then. */
  readonly resumedAt = new Map<string, number>();
  readonly #complain: (what: string) => void;
  readonly #now: () => number;
  /** What a process has stored and not counted yet. */
  readonly #stored = new Map<SimProcess, { readonly runId: string; readonly request: Request }>();
  readonly #accepted = new Set<string>();
  readonly #told = new Set<string>();
  /** Runs whose next owner begins their code anew: they are left whatever came meanwhile, and told then. */
  readonly #begunAnew = new Set<string>();
  /** Runs whose time is up, as their journals say. */
  readonly #expired = new Set<string>();
  /** The run whose code has thrown in a process, since it loaded the journal. */
  readonly #failed = new Map<SimProcess, string>();
  /** The run that a process has claimed, when it had been cancelled by then. */
  readonly #cancelledBefore = new Map<SimProcess, string>();
  /** The run that a process has loaded, when nothing of its code may run any more. */
  readonly #outright = new Map<SimProcess, string>();
  /** When it was recorded that an attempt begins which is made at most once, by run and step, epoch ms. */
  readonly #announcedAt = new Map<string, number>();
  /** Since when a process knows that its run is paused, epoch ms. */
  readonly #knowsOfPause = new Map<SimProcess, number>();

  constructor(complain: (what: string) => void, now: () => number) {
    this.#complain = complain;
    this.#now = now;
  }

  readonly handlers: Handlers = {
    "journal.putFact": ({ process, args: [runId, fact] }) => {
      if (fact.kind === "cancel" || fact.kind === "terminate")
        this.#stored.set(process, { runId, request: fact.kind });
    },
    // Counted from here on (W1).
    "runs.raise": ({ process, args: [{ runId }], answer }) => {
      const stored = this.#stored.get(process);
      if (stored?.runId === runId && answer !== undefined) this.#accepted.add(`${stored.request} ${runId}`);
    },
    "journal.load": ({ process, args: [runId], answer: { facts, checkpoints } }) => {
      this.#failed.delete(process);
      const isAsked = (request: Request) => facts.some(({ kind }) => kind === request);
      const hasEnded = checkpoints.at(-1)?.entries.some(isTerminal) === true;
      const isOutright = isAsked("terminate") || (isAsked("cancel") && checkpoints.length === 0);
      if (isOutright && !hasEnded) this.#outright.set(process, runId);
      else this.#outright.delete(process);
    },
    "journal.append": (seen) => this.#appended(seen),
    "runs.claim": ({ process, args: [{ runId }], answer, before }) => {
      if (!answer.ok) return;
      if (this.#accepted.has(`cancel ${runId}`)) this.#cancelledBefore.set(process, runId);
      else this.#cancelledBefore.delete(process);
      if (before?.paused === true) this.#complain(`${runId} was claimed while it was paused`);
      if (this.holds.get(runId) === "held") this.#complain(`${runId} was claimed while it was held`);
    },
    "runs.suspend": (seen) => this.#suspended(seen),
    "runs.stall": ({ args: [{ runId }], answer }) => {
      if (answer.ok) this.#letGo(runId);
    },
    "runs.seize": ({ args: [{ runId }], answer }) => {
      if (answer !== undefined) this.#letGo(runId);
    },
    "runs.resume": ({ args: [{ runId }], answer }) => {
      if (answer !== undefined) this.resumedAt.set(runId, this.#now());
    },
  };

  /** An answer has come to the process that asked: who renews its lease, or may not leave, is told how the run stands. */
  heard(process: SimProcess, name: string, answer: unknown): void {
    const { ok, run } = (answer ?? {}) as { readonly ok?: boolean; readonly run?: Run };
    const told = name === "runs.renew" ? (answer as Run | undefined) : run;
    if (name !== "runs.renew" && (name !== "runs.suspend" || ok === true)) return;
    if (told?.paused !== true) this.#knowsOfPause.delete(process);
    else if (!this.#knowsOfPause.has(process)) this.#knowsOfPause.set(process, this.#now());
  }

  codeFailed(process: SimProcess, runId: string): void {
    this.#failed.set(process, runId);
  }

  /** A step's body begins in this process. */
  bodyBegins(process: SimProcess, { runId, id, on, isLate }: Attempt): void {
    if (on || isLate === true) return;
    if (this.#outright.get(process) === runId)
      this.#complain(`${runId}: step ${id} ran although the run was to end without its code`);
    const pausedSince = this.#knowsOfPause.get(process);
    // What is announced begins: left out, it would count as interrupted.
    const isAnnounced = (this.#announcedAt.get(`${runId} ${id}`) ?? this.#now()) <= (pausedSince ?? 0);
    if (pausedSince !== undefined && pausedSince < this.#now() && !isAnnounced)
      this.#complain(
        `${runId}: step ${id} began by process ${process.id}, which knew that the run is paused`,
      );
  }

  #appended({ process, args: [runId, { entries }], answer }: SeenBy<"journal.append">): void {
    if (!answer.ok) return;
    if (this.#outright.get(process) === runId && entries[0]?.type !== "run.cancelled")
      this.#complain(
        `${runId}: ${entries[0]?.type} was recorded although the run was to end without its code`,
      );
    if (entries.some(({ type }) => type === "run.cancel_requested")) this.#told.add(runId);
    for (const entry of entries)
      if (entry.type === "step.started") this.#announcedAt.set(`${runId} ${entry.id}`, this.#now());
    if (entries.some(({ type }) => type === "run.expired")) this.#expired.add(runId);
    if (entries.at(-1)?.type === "run.continued") this.#begunAnew.add(runId);
    else this.#begunAnew.delete(runId);
  }

  #suspended({ process, args: [suspension], answer, before }: SeenBy<"runs.suspend">): void {
    const { runId, fence, seen, status, waits } = suspension;
    if (!answer.ok) return;
    const isRepeated = before?.fence === fence && before.leaseUntil === undefined && before.handled === seen;
    if (isRepeated || (status === "pending" && this.#begunAnew.has(runId))) return;
    if (this.#accepted.has(`terminate ${runId}`))
      this.#complain(`${runId} was suspended after it had been terminated`);
    // Whose bodies had a moment left to come to an end hands the run over as soon as they have.
    const isHandedOver = status === "pending" && this.#cancelledBefore.get(process) !== runId;
    // Code that has come to its end is told nothing more: its run only hears out what it would have to undo.
    const isOver = this.#failed.get(process) === runId || this.#expired.has(runId);
    const hearsOut = isOver && waits.length > 0 && waits.every(({ kind }) => kind === "step-handler");
    if (this.#accepted.has(`cancel ${runId}`) && !this.#told.has(runId) && !hearsOut && !isHandedOver)
      this.#complain(`${runId} was suspended and its code was not told that it is cancelled`);
  }

  #letGo(runId: string): void {
    this.holds.delete(runId);
    this.resumedAt.set(runId, this.#now());
  }
}
