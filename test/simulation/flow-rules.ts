// What must hold of the limiters that runs go through (docs/design/protocol.md: Q1 to Q3), at every write, at every start
// of a body and whenever the world rests, whatever the faults:
//
//   - never more holders than the code that takes the slot allows, and nobody works without a slot but a process that was
//     replaced meanwhile: that one zombie cannot be helped
//   - a slot is taken out of nobody's hands before its end; the first in line is passed over by nobody who saw it there
//   - nobody stands beside a free slot for longer than the line's own looks take, and not at all where nothing went wrong
//   - places of a rate lie an interval apart, and nobody begins before his
//   - when all is over nobody holds what he took before his end

import { START_LEASE_MS } from "../../lib/limits.ts";
import type { TerminalEntry } from "../../lib/ports/journal.ts";
import { type Flow, intervalMsOf, leastLimitOf, limitAt, slotRefsOf } from "./flow.ts";
import { canMove, FlowMembers, isOlder, type Member } from "./flow-members.ts";
import type { FlowSight } from "./flow-sights.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { Attempt, SimProcess } from "./sim-process.ts";

const SKEW_MS = 10_000;

interface Slot {
  readonly at: number;
  readonly atMs: number;
  readonly process: SimProcess;
  readonly fence: number;
  /** By the clock of whoever took it, epoch ms. */
  readonly takenAt: number;
}

interface Limiter {
  /** Of the workflow, without its name. */
  readonly ref: string;
  readonly holders: Map<string, Slot>;
  /** When each got into line: number of the event. */
  readonly waiters: Map<string, { readonly runId: string; readonly createdAt: number; readonly at: number }>;
  lastPlace?: number;
  /** Since when somebody waits here for nothing, epoch ms. */
  forgottenSince?: number;
}

export interface FlowWatch {
  readonly flow: Flow | undefined;
  readonly complain: (what: string) => void;
  readonly saw: (what: FlowSight) => void;
  readonly now: () => number;
  /** The effects of the last fault begin now or before; nothing when there was none. */
  readonly lastFaultAt: () => number | undefined;
  readonly doClocksDisagree: () => boolean;
  /** The line's own looks and what they need. */
  readonly patienceMs: number;
}

export class FlowRules {
  readonly members = new FlowMembers();
  readonly #watch: FlowWatch;
  readonly #limiters = new Map<string, Limiter>();
  readonly #looks = new Map<SimProcess, Map<string, number>>();
  readonly #begins = new Map<string, number[]>();
  readonly #held = new Set<string>();
  readonly #asked = new Set<string>();
  /** When a starter took the slot of a run that was not there yet, epoch ms. */
  readonly #doorAt = new Map<string, number>();

  constructor(watch: FlowWatch) {
    this.#watch = watch;
  }

  readonly handlers: Handlers = {
    "limits.read": ({ process, args: [{ limiter }], at }) => {
      const looks = this.#looks.get(process) ?? new Map<string, number>();
      this.#looks.set(process, looks.set(limiter, at));
    },
    "limits.take": (seen) => this.#taken(seen),
    "limits.release": (seen) => this.#released(seen),
    "limits.enlist": ({ args: [{ limiter, runId, createdAt }], at }) => {
      const { waiters } = this.#at(limiter);
      if (waiters.has(runId)) return;
      waiters.set(runId, { runId, createdAt, at });
      this.#watch.saw("stood in line");
    },
    "limits.delist": ({ args: [{ limiter, runId }] }) => {
      this.#at(limiter).waiters.delete(runId);
    },
    "limits.reserve": (seen) => this.#reserved(seen),
    "runs.create": (seen) => this.#created(seen),
    "runs.pause": ({ args: [{ runId }], answer, before }) => {
      if (answer !== undefined && before?.paused !== true && this.#isInLine(runId))
        this.#watch.saw("paused in line");
    },
    "runs.stall": ({ args: [{ runId }], answer }) => {
      if (!answer.ok) return;
      if (this.#isInLine(runId)) this.#watch.saw("stalled in line");
      if (this.#isHolding(runId)) this.#watch.saw("stalled with a slot");
    },
    "runs.suspend": ({ args: [{ waits }], answer }) => {
      if (answer.ok && waits[0]?.kind === "rate") this.#watch.saw("waited for its place");
    },
    "journal.putFact": ({ process, args: [runId, fact], answer }) => {
      if (fact.kind !== "cancel" || !answer.stored || this.members.claimedBy(process) === undefined) return;
      if (fact.reason?.endsWith("takes its place") !== true) return;
      this.#asked.add(runId);
      this.#watch.saw("asked to make room");
    },
    "journal.append": (seen) => this.#appended(seen),
  };

  /** A client has been answered with another run than its own. */
  answeredWith(runId: string, own: string): void {
    const { flow, complain, saw } = this.#watch;
    saw("answered with the run that is there");
    if (flow?.singleton?.onConflict !== "use-existing")
      complain(`a start of ${own} was answered with ${runId}`);
    if (this.members.all.get(runId) === undefined)
      complain(`a start was answered with ${runId}, which is not there`);
    if (this.members.all.has(own) && this.#watch.lastFaultAt() === undefined)
      complain(`a start was answered with ${runId} and made ${own}`);
  }

  /** A step's body begins in this process. */
  bodyBegins(process: SimProcess, { runId, id, on, isLate }: Attempt): void {
    if (isLate === true) return;
    const member = this.members.all.get(runId);
    if (member === undefined) return;
    if (!on) this.#works(process, member, `step ${id} began`);
    else this.#handles(member, id);
  }

  #handles(member: Member, id: string): void {
    const { runId } = member;
    for (const ref of slotRefsOf(member)) {
      if (!this.#held.has(`${ref} ${runId}`))
        this.#watch.complain(`Q1: step ${id} of ${runId} began, and it never held a slot of ${ref}`);
    }
  }

  /** The world rests: nothing is under way at this moment. */
  rest(): void {
    const { flow, complain, now, lastFaultAt, patienceMs } = this.#watch;
    if (flow === undefined) return;
    for (const limiter of this.#limiters.values()) {
      const forgotten = this.#forgotten(flow, limiter);
      if (forgotten === undefined) {
        delete limiter.forgottenSince;
        continue;
      }
      limiter.forgottenSince ??= now();
      const since = limiter.forgottenSince;
      const faultAt = lastFaultAt();
      if (faultAt !== undefined && now() < Math.max(faultAt, since) + patienceMs) continue;
      complain(`Q3: ${forgotten}, for ${now() - since} ms`);
    }
  }

  /** A run that should go on and does not, in words. */
  #forgotten(flow: Flow, { ref, holders, waiters }: Limiter): string | undefined {
    const would = (runId: string) => {
      const member = this.members.all.get(runId);
      return member !== undefined && canMove(member) ? member : undefined;
    };
    const sleeper = [...holders.keys()].find((runId) => would(runId)?.waitsAt === ref);
    if (flow.singleton?.onConflict === "cancel-other" && ref.startsWith("s/")) {
      const spared = this.#spared(ref, holders);
      if (spared !== undefined) return spared;
    }
    if (sleeper !== undefined) return `${sleeper} was let in at ${ref} and is not woken`;
    const outsider = [...this.members.all.values()].find(
      (member) =>
        member.waitsAt === ref && canMove(member) && !holders.has(member.runId) && !waiters.has(member.runId),
    );
    if (outsider !== undefined) return `${outsider.runId} waits for ${ref} and stands in no line`;
    const first = [...waiters.keys()].find((runId) => !holders.has(runId) && would(runId) !== undefined);
    const open = [...holders.keys()].filter((runId) => this.#isOpen(runId)).length;
    if (first === undefined || open >= leastLimitOf(flow, ref)) return undefined;
    return `${first} stands in line at ${ref} beside a free slot`;
  }

  /** Who waits where the newest run counts has asked whoever is before it. */
  #spared(ref: string, holders: Limiter["holders"]): string | undefined {
    const newest = [...this.members.all.values()].find(
      (member) => member.waitsAt === ref && canMove(member) && !holders.has(member.runId),
    );
    if (newest === undefined) return undefined;
    const older = [...holders.keys()]
      .map((runId) => this.members.all.get(runId))
      .find((member) => member?.ended === undefined && member?.isAsked === false && isOlder(member, newest));
    return older && `${older.runId} has not been asked to make room for ${newest.runId}`;
  }

  /** When all is over. */
  judge(): void {
    const { flow, complain } = this.#watch;
    if (flow === undefined) return;
    const isCalm = this.#watch.lastFaultAt() === undefined;
    for (const { ref, holders, waiters } of this.#limiters.values()) {
      for (const [runId, { at }] of holders) {
        const ended = this.members.all.get(runId)?.ended;
        if (isCalm || (ended !== undefined && at < ended))
          complain(`Q2: ${runId} has ended and holds a slot of ${ref} still`);
      }
      if (isCalm && waiters.size > 0)
        complain(`Q3: ${[...waiters.keys()].join()} are still in line at ${ref}`);
    }
    for (const member of this.members.all.values()) this.#judgeReplaced(member);
    if (isCalm && !this.members.wasAnyHeld) this.#judgeRate(flow);
  }

  #taken({
    process,
    args: [{ limiter: name, runId, now: takenAt }],
    answer,
    at,
  }: SeenBy<"limits.take">): void {
    if (answer !== true) return;
    const { flow, complain, saw, now } = this.#watch;
    const limiter = this.#at(name);
    const { ref, holders } = limiter;
    const isNew = !holders.has(runId);
    if (!this.members.all.has(runId)) this.#doorAt.set(`${process.id} ${runId}`, now());
    holders.set(runId, { at, atMs: now(), takenAt, process, fence: this.members.fenceOf(process) });
    this.#held.add(`${ref} ${runId}`);
    if (!isNew || flow === undefined) return;
    const limit = limitAt(flow, ref, process.version);
    if (holders.size > limit)
      complain(`Q1: ${[...holders.keys()].join()} hold ${ref}, which has room for ${limit}`);
    const member = this.members.all.get(runId);
    // Whoever starts a singleton at its door stands in no line.
    if (member === undefined) return;
    if (this.members.claimedBy(process) !== runId) {
      saw("let in by another");
      const looked = this.#looks.get(process)?.get(name) ?? 0;
      if ((member.heldSince ?? looked) < looked)
        complain(`Q3: ${runId} was let in at ${ref} and waits for a person`);
    }
    const passed = this.#passedOver(process, name, member);
    if (passed !== undefined) complain(`Q3: ${runId} was let in at ${ref} before ${passed}`);
  }

  /** Somebody older who was there to see when this process looked last, and could have been let in. */
  #passedOver(process: SimProcess, name: string, member: Member): string | undefined {
    const looked = this.#looks.get(process)?.get(name) ?? 0;
    const { waiters, holders } = this.#at(name);
    const older = [...waiters.values()].find((waiter) => {
      const other = this.members.all.get(waiter.runId);
      if (other === undefined || holders.has(waiter.runId)) return false;
      return canMove(other) && other.movableSince < looked && waiter.at < looked && isOlder(waiter, member);
    });
    return older?.runId;
  }

  #released({ process, args: [{ limiter: name, runId, takenAt }] }: SeenBy<"limits.release">): void {
    const { complain, saw } = this.#watch;
    const { ref, holders } = this.#at(name);
    const slot = holders.get(runId);
    if (slot === undefined) return;
    // Somebody has taken a slot since it was looked at: nothing is taken out of anybody's hands.
    const takenLast = Math.max(...[...holders.values()].map((held) => held.takenAt));
    if (takenAt !== undefined && takenAt !== takenLast) return;
    holders.delete(runId);
    const member = this.members.all.get(runId);
    // A starter that seems to have died may be about to make its run, by a clock that is ahead: such a run gets into line.
    const hasBeenClaimed = member !== undefined && member.fence > 0;
    if (hasBeenClaimed && member.ended === undefined)
      complain(`Q2: ${runId} is open, and its slot of ${ref} was taken out of its hands`);
    if (this.members.claimedBy(process) !== runId) saw("freed of a run that is gone");
    else if (this.members.fenceOf(process) > slot.fence) saw("given back by a later owner");
  }

  #reserved({ process, args: [{ limiter: name, intervalMs }], answer }: SeenBy<"limits.reserve">): void {
    if (answer === undefined) return;
    const limiter = this.#at(name);
    if (limiter.lastPlace !== undefined && answer < limiter.lastPlace + intervalMs)
      this.#watch.complain(`place ${answer} of ${limiter.ref} follows ${limiter.lastPlace}`);
    limiter.lastPlace = answer;
    const runId = this.members.claimedBy(process);
    if (runId !== undefined) this.members.all.get(runId)?.places.push(answer);
  }

  /** Of two starts at the door of a singleton one makes a run, unless it was slower than its slot is kept for it. */
  #created({ process, args: [{ runId, limiters = [], parent }], answer }: SeenBy<"runs.create">): void {
    const { flow, complain, doClocksDisagree } = this.#watch;
    if (!answer.created || parent !== undefined || flow?.singleton?.onConflict !== "use-existing") return;
    const ref = limiters.find((each) => each.startsWith("s/")) ?? "s/";
    const { holders } = this.#named(ref);
    if (holders.has(runId) || doClocksDisagree()) return;
    const lookedAt = this.#doorAt.get(`${process.id} ${runId}`) ?? Number.POSITIVE_INFINITY;
    if (this.#watch.now() - lookedAt >= START_LEASE_MS) return;
    complain(`${runId} was made without the slot of ${ref}`);
  }

  #appended({ process, args: [runId, { entries, fence }], answer }: SeenBy<"journal.append">): void {
    const member = this.members.all.get(runId);
    if (!answer.ok || member === undefined || member.limiters.length === 0) return;
    const { terminal } = member;
    if (terminal !== undefined && entries.includes(terminal)) this.#ended(member, terminal);
    else if (fence > 0) this.#works(process, member, `${entries[0]?.type} was recorded`);
  }

  /**
   * Only by a process that was replaced, or that does not know yet that a former owner has brought the run to its end, may a
   * run be worked on without its slots: nothing of that is recorded.
   */
  #works(process: SimProcess, member: Member, what: string): void {
    const { complain, saw } = this.#watch;
    const isOwner = this.members.ownedBy(process) === member && member.terminal === undefined;
    for (const ref of slotRefsOf(member)) {
      if (this.#named(ref).holders.has(member.runId)) continue;
      if (isOwner) complain(`Q1: ${member.runId}: ${what} without a slot of ${ref}`);
      else saw("work of zombies without a slot");
    }
    if (member.begunAt !== undefined || !isOwner) return;
    member.begunAt = this.#watch.now();
    this.#beginsAt(member, member.begunAt);
  }

  #beginsAt({ runId, limiters, places }: Member, now: number): void {
    const { flow, complain, doClocksDisagree } = this.#watch;
    const ref = limiters.find((each) => each.startsWith("r/"));
    if (flow?.rate === undefined || ref === undefined) return;
    const mayBeginAt =
      Math.min(...places) - (Math.min(flow.rate.burst, flow.rate.limit) - 1) * intervalMsOf(flow.rate);
    if (now + (doClocksDisagree() ? SKEW_MS : 0) < mayBeginAt)
      complain(`${runId} began ${mayBeginAt - now} ms before its place of ${ref}`);
    this.#begins.set(ref, [...(this.#begins.get(ref) ?? []), now]);
  }

  #ended({ runId, limiters }: Member, { type }: TerminalEntry): void {
    const { saw } = this.#watch;
    const isCut = type === "run.cancelled" || type === "run.timed_out";
    if (!isCut || limiters.length === 0) return;
    if (this.#isHolding(runId)) saw("cut off with a slot");
    else if (this.#isInLine(runId)) saw("cut off in line");
  }

  /** Who has made room for a newer run did so for one that there is. */
  #judgeReplaced({ runId, createdAt, limiters, terminal }: Member): void {
    const { flow, complain, saw } = this.#watch;
    const message = terminal !== undefined && "failure" in terminal ? terminal.failure.message : "";
    if (!message.endsWith("takes its place") && !this.#asked.has(runId)) return;
    const ref = limiters.find((each) => each.startsWith("s/")) ?? "";
    const isNewer = [...this.members.all.values()].some(
      (other) => other.limiters.includes(ref) && isOlder({ runId, createdAt }, other),
    );
    if (flow?.singleton?.onConflict !== "cancel-other" || !isNewer)
      complain(`${runId} made room and there is no newer run`);
    if (message.endsWith("takes its place") && !this.#asked.has(runId)) saw("made room unasked");
  }

  /** Nothing was late: so often and no more. */
  #judgeRate({ rate }: Flow): void {
    if (rate === undefined) return;
    const most = rate.limit + Math.min(rate.burst, rate.limit) - 1;
    for (const [ref, begins] of this.#begins) {
      const inOrder = begins.toSorted((a, b) => a - b);
      for (const [i, at] of inOrder.entries()) {
        const first = inOrder[i - most];
        if (first !== undefined && at - first < rate.perMs)
          this.#watch.complain(`${most + 1} runs of ${ref} began within ${at - first} ms`);
      }
    }
  }

  #isOpen(runId: string): boolean {
    const member = this.members.all.get(runId);
    return member !== undefined && member.closed === undefined;
  }

  #isInLine(runId: string): boolean {
    return [...this.#limiters.values()].some(({ waiters }) => waiters.has(runId));
  }

  #isHolding(runId: string): boolean {
    return [...this.#limiters.values()].some(({ holders }) => holders.has(runId));
  }

  #named(ref: string): Limiter {
    return this.#at(`simulated/${ref}`);
  }

  #at(name: string): Limiter {
    const known = this.#limiters.get(name);
    if (known !== undefined) return known;
    const ref = name.slice(name.indexOf("/") + 1);
    const made: Limiter = { ref, holders: new Map(), waiters: new Map() };
    this.#limiters.set(name, made);
    return made;
  }
}
