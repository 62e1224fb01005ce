// States that a run should reach now and then, so that a simulation which never got there does not pass for a proof
// ("sometimes" counters). Counts only; what must never be, the rules say.
import type { CallbackFact } from "../../lib/engine/decision.ts";
import type { Message } from "../../lib/engine/messages.ts";
import type { Checkpoint, Entry } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import { NO_FLOW } from "./flow-sights.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { SimProcess } from "./sim-process.ts";
import { NO_TIMETABLE } from "./timetable-sights.ts";

const NONE = {
  "hand-offs": 0,
  "suspensions refused": 0,
  "signals while suspending": 0,
  "claims refused as leased": 0,
  "claims of an expired lease": 0,
  "writes of zombies": 0,
  "slots lost to a newer owner": 0,
  "slots lost to an older owner": 0,
  "bodies of zombies": 0,
  "stale schedules": 0,
  "sent again by the sweeper": 0,
  "woken by the sweeper": 0,
  "sent again by dead letters": 0,
  "steps lost": 0,
  "stalled as poison": 0,
  "stalled as dead letter": 0,
  "stalled by its owner": 0,
  revived: 0,
  "timed out": 0,
  "cancelled by its code": 0,
  "cancelled before it began": 0,
  "cancelled while leased": 0,
  terminated: 0,
  undone: 0,
  "children cancelled": 0,
  "children abandoned": 0,
  "children waited for": 0,
  "children never made": 0,
  "began later": 0,
  "runs retried": 0,
  "runs forked": 0,
  "steps kept": 0,
  "started by a signal": 0,
  "signalled with a start": 0,
  "callbacks completed": 0,
  "callbacks completed twice": 0,
  "callbacks completed too late": 0,
  "callbacks timed out": 0,
  heartbeats: 0,
  "steps interrupted": 0,
  "looks that were not the last": 0,
  "looks used up": 0,
  "steps out of time": 0,
  "sleeps until the past": 0,
  "signals streamed": 0,
  "changes marked": 0,
  "children given up": 0,
  "not to be undone": 0,
  "undone early": 0,
  "undoings forgotten": 0,
  "lease seized": 0,
  "paused while leased": 0,
  "claims refused as paused": 0,
  resumed: 0,
  "runs over a deployment": 0,
  "old code beside new": 0,
  turns: 0,
  generations: 0,
  "folds in META": 0,
  "loads that left something out": 0,
  "facts retired": 0,
  "facts that came again": 0,
  "signals while a turn ends": 0,
  "states published": 0,
  "states read": 0,
  "attributes set": 0,
  "events sent": 0,
  "events sent again": 0,
  transactions: 0,
  "transactions found done": 0,
  "transactions refused": 0,
  "transactions whose slot was taken": 0,
  ...NO_FLOW,
  ...NO_TIMETABLE,
};
export type Sight = keyof typeof NONE;
export const SIGHTS = Object.keys(NONE) as readonly Sight[];

/** What is done about a signal of a stream, at whatever depth. */
const STREAMED = /(?:^|\/)stream n\d+ \d+$/;

/** A saga (undo-primitive.ts) has undone its own, or had it forgotten. */
const UNDONE_EARLY = /(?:^|\/)saga n\d+ ran \d+$/;
const FORGOTTEN = /(?:^|\/)saga n\d+ forgot \d+$/;

export class Sights {
  readonly counts: Record<Sight, number> = { ...NONE };
  /** Highest fence that was given out, by run. */
  readonly #fences = new Map<string, number>();
  /** When a process last read the inbox of a run. */
  readonly #readAt = new Map<SimProcess, number>();
  readonly #signalledAt = new Map<string, number>();
  /** Clients who have asked for a run: who signals afterwards does both at once. */
  readonly #starting = new WeakMap<SimProcess, "created" | "found">();
  readonly #cancelling = new WeakSet<SimProcess>();
  /** Latest version of the code that has written to a run. */
  readonly #versions = new Map<string, number>();

  readonly handlers: Handlers = {
    "runs.create": ({ process, answer }) => {
      if (process.actor === "client") this.#starting.set(process, answer.created ? "created" : "found");
    },
    "runs.claim": (seen) => this.#claimed(seen),
    "runs.suspend": (seen) => this.#suspended(seen),
    "runs.stall": ({ args: [{ by, reason }], answer }) => {
      if (!answer.ok) return;
      if (reason.code === "E_POISON") this.saw("stalled as poison");
      if (reason.code === "E_DEAD_LETTER") this.saw("stalled as dead letter");
      if (by === "owner") this.saw("stalled by its owner");
    },
    "runs.seize": ({ answer, before }) => {
      if (answer !== undefined && before?.leaseUntil !== undefined) this.saw("lease seized");
    },
    "runs.pause": ({ answer, before }) => {
      if (answer !== undefined && before?.leaseUntil !== undefined && !before.paused)
        this.saw("paused while leased");
    },
    "runs.resume": ({ answer }) => {
      if (answer !== undefined) this.saw("resumed");
    },
    "runs.revive": ({ answer }) => {
      if (answer !== undefined) this.saw("revived");
    },
    "runs.raise": ({ process, answer, before }) => {
      if (this.#cancelling.has(process) && answer !== undefined && before?.leaseUntil !== undefined)
        this.saw("cancelled while leased");
      if (process.actor === "sweeper" && answer !== undefined) this.saw("woken by the sweeper");
    },
    "wakeUps.send": ({ process }) => {
      if (process.actor === "sweeper") this.saw("sent again by the sweeper");
      if (process.actor === "dead letters") this.saw("sent again by dead letters");
    },
    "journal.load": ({ process, at }) => {
      this.#readAt.set(process, at);
    },
    "journal.facts": ({ process, at }) => {
      this.#readAt.set(process, at);
    },
    "journal.putFact": ({ process, args: [runId, fact], answer, at }) => {
      if (fact.kind === "callback") this.#callbackEnded(process, fact, answer);
      if (fact.kind === "cancel") this.#cancelling.add(process);
      if (fact.kind === "signal" && answer.stored) {
        this.#signalledAt.set(runId, at);
        const start = this.#starting.get(process);
        if (start !== undefined)
          this.saw(start === "created" ? "started by a signal" : "signalled with a start");
      }
      if (fact.kind === "step" && answer.stored && process.actor === "dead letters") this.saw("steps lost");
    },
    "journal.putNote": ({ process }) => {
      if (process.actor === "client") this.saw("heartbeats");
    },
    "journal.append": (seen) => this.#appended(seen),
  };

  /** A message reaches its handler; the run as it stands. */
  delivered(message: Message, run: Run | undefined): void {
    if (message.kind === "timer" && run?.timer?.fireAt !== message.fireAt) this.saw("stale schedules");
  }

  zombieBody(): void {
    this.saw("bodies of zombies");
  }

  #claimed({ args: [{ runId }], answer, before }: SeenBy<"runs.claim">): void {
    if (answer.ok) {
      this.#fences.set(runId, answer.run.fence);
      if (before?.leaseUntil !== undefined) this.saw("claims of an expired lease");
    } else if (answer.reason === "leased") this.saw("claims refused as leased");
    else if (answer.reason === "paused") this.saw("claims refused as paused");
  }

  #suspended(seen: SeenBy<"runs.suspend">): void {
    const { process, args, answer, before } = seen;
    const [{ runId, fence, status, folds }] = args;
    if (fence < (this.#fences.get(runId) ?? 0)) this.saw("writes of zombies");
    if (answer.ok) {
      if (status === "pending") this.saw("hand-offs");
      return;
    }
    if (before?.fence !== fence || before.leaseUntil === undefined) return;
    this.saw("suspensions refused");
    if ((this.#signalledAt.get(runId) ?? 0) <= (this.#readAt.get(process) ?? 0)) return;
    this.saw("signals while suspending");
    if (folds !== undefined) this.saw("signals while a turn ends");
  }

  #appended({ process, args: [runId, checkpoint], answer }: SeenBy<"journal.append">): void {
    if (checkpoint.fence < (this.#fences.get(runId) ?? 0)) this.saw("writes of zombies");
    if (!answer.ok) {
      const isNewer = answer.existing.fence > checkpoint.fence;
      this.saw(isNewer ? "slots lost to a newer owner" : "slots lost to an older owner");
      return;
    }
    this.#ended(checkpoint);
    for (const entry of checkpoint.entries) this.#recorded(entry);
    const last = this.#versions.get(runId) ?? process.version;
    if (process.version > last) this.saw("runs over a deployment");
    if (process.version < last) this.saw("old code beside new");
    this.#versions.set(runId, Math.max(last, process.version));
  }

  #callbackEnded(
    { actor }: SimProcess,
    { outcome }: CallbackFact,
    answer: SeenBy<"journal.putFact">["answer"],
  ): void {
    if (answer.stored && "ok" in outcome) this.saw("callbacks completed");
    if (answer.stored && "closed" in outcome && outcome.closed === "timed_out")
      this.saw("callbacks timed out");
    if (answer.stored || answer.existing.kind !== "callback" || actor !== "client") return;
    const isClosed = "closed" in answer.existing.outcome;
    this.saw(isClosed ? "callbacks completed too late" : "callbacks completed twice");
  }

  #recorded(entry: Entry): void {
    if (entry.type === "step.failed" && entry.failure.code === "E_STEP_INTERRUPTED")
      this.saw("steps interrupted");
    if (entry.type === "step.polled") this.saw("looks that were not the last");
    if (entry.type === "step.timed_out")
      this.saw(entry.failure.code === "E_CONDITION_UNMET" ? "looks used up" : "steps out of time");
    if (entry.type === "sleep.started" && entry.wakeAt < entry.at) this.saw("sleeps until the past");
    if (entry.type === "step.succeeded" && STREAMED.test(entry.id)) this.saw("signals streamed");
    if (entry.type === "step.succeeded" && UNDONE_EARLY.test(entry.id)) this.saw("undone early");
    if (entry.type === "step.succeeded" && FORGOTTEN.test(entry.id)) this.saw("undoings forgotten");
    if (entry.type === "run.version_marked") this.saw("changes marked");
    if (entry.type === "child.cancelled") this.saw("children given up");
  }

  #ended({ first, entries }: Checkpoint): void {
    const last = entries.at(-1);
    if (last?.type === "run.timed_out") this.saw("timed out");
    for (const { ok } of (last !== undefined && "undone" in last && last.undone) || [])
      this.saw(ok ? "undone" : "not to be undone");
    if (last?.type !== "run.cancelled") return;
    if (last.terminated === true) this.saw("terminated");
    else
      this.saw(first === 1 && entries.length === 1 ? "cancelled before it began" : "cancelled by its code");
  }

  saw(sight: Sight, times = 1): void {
    this.counts[sight] += times;
  }
}
