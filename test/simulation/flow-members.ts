// What the rules of flow control know of runs and of who works on them, in the order in which things happened. Counts and
// remembers; decides nothing.
import { isTerminal, type TerminalEntry } from "../../lib/ports/journal.ts";
import type { Wait } from "../../lib/ports/run.ts";
import type { Handlers } from "./seen-call.ts";
import type { SimProcess } from "./sim-process.ts";

/** Keys of limiters are never called so. */
const WORKFLOW = "simulated";

export interface Member {
  readonly runId: string;
  readonly createdAt: number;
  readonly limiters: readonly string[];
  readonly isChild: boolean;
  /** Highest fence that was given out. */
  fence: number;
  /** Number of the event of its terminal entry, and of META's closing. */
  ended?: number;
  terminal?: TerminalEntry;
  closed?: number;
  isPaused: boolean;
  isStalled: boolean;
  /** Since when it waits for a person: number of the event. */
  heldSince?: number;
  /** When a person let it go on last: number of the event. */
  movableSince: number;
  /** Places of a rate that were given to it, epoch ms. */
  readonly places: number[];
  /** Somebody has asked for its end. */
  isAsked: boolean;
  /** An owner has begun it: epoch ms. */
  begunAt?: number;
  /** The limiter that it has been left to wait at. */
  waitsAt?: string;
}

interface Claim {
  readonly runId: string;
  readonly fence: number;
}

export class FlowMembers {
  readonly all = new Map<string, Member>();
  readonly #claims = new Map<SimProcess, Claim>();
  readonly #made = new Map<string, PromiseWithResolvers<void>>();
  wasAnyHeld = false;

  readonly handlers: Handlers = {
    "runs.create": ({ args: [run], answer, at }) => {
      const { runId, createdAt, parent } = run;
      // The slot of a schedule is the business of other rules.
      const limiters = (run.workflow === WORKFLOW && run.limiters) || [];
      if (!answer.created || this.all.has(runId)) return;
      const common = {
        fence: 0,
        isPaused: false,
        isStalled: false,
        isAsked: false,
        movableSince: at,
        places: [],
      };
      const isChild = parent !== undefined;
      this.all.set(runId, { runId, createdAt, limiters, isChild, ...common });
      this.#madeOf(runId).resolve();
    },
    "runs.claim": ({ process, args: [{ runId }], answer }) => {
      if (!answer.ok) return;
      this.#claimed(process, runId, answer.run.fence);
      delete this.all.get(runId)?.waitsAt;
    },
    "runs.suspend": ({ args: [{ runId, waits }], answer }) => {
      const member = this.all.get(runId);
      const ref = waits[0] && refOf(waits[0]);
      if (answer.ok && member !== undefined && ref !== undefined) member.waitsAt = ref;
    },
    "runs.seize": ({ process, args: [{ runId }], answer, at }) => {
      if (answer === undefined) return;
      this.#claimed(process, runId, answer.fence);
      this.#letGo(runId, at);
    },
    "runs.revive": ({ args: [{ runId }], answer, at }) => {
      if (answer !== undefined) this.#letGo(runId, at);
    },
    "runs.resume": ({ args: [{ runId }], answer, at }) => {
      if (answer !== undefined) this.#letGo(runId, at);
    },
    "runs.pause": ({ args: [{ runId }], answer, at }) => {
      const member = this.all.get(runId);
      if (answer === undefined || member === undefined) return;
      member.isPaused = true;
      member.heldSince ??= at;
      this.wasAnyHeld = true;
    },
    "runs.stall": ({ args: [{ runId }], answer, at }) => {
      const member = this.all.get(runId);
      if (!answer.ok || member === undefined) return;
      member.heldSince ??= at;
      member.isStalled = true;
      member.isPaused = false;
      this.wasAnyHeld = true;
    },
    "runs.close": ({ args: [{ runId }], answer, at }) => {
      const member = this.all.get(runId);
      if (answer.ok && member !== undefined) member.closed ??= at;
    },
    "journal.putFact": ({ args: [runId, fact] }) => {
      const member = this.all.get(runId);
      if (member !== undefined && (fact.kind === "cancel" || fact.kind === "terminate"))
        member.isAsked = true;
    },
    "journal.append": ({ args: [runId, { entries }], answer, at }) => {
      const member = this.all.get(runId);
      const last = entries.at(-1);
      if (!answer.ok || member === undefined || last === undefined || !isTerminal(last)) return;
      member.ended ??= at;
      member.terminal ??= last;
    },
  };

  /** The run that a process has claimed, if it still owns it. */
  ownedBy(process: SimProcess): Member | undefined {
    const claim = this.#claims.get(process);
    const member = claim && this.all.get(claim.runId);
    return member?.fence === claim?.fence ? member : undefined;
  }

  claimedBy(process: SimProcess): string | undefined {
    return this.#claims.get(process)?.runId;
  }

  fenceOf(process: SimProcess): number {
    return this.#claims.get(process)?.fence ?? 0;
  }

  /** Resolves when the run is there. */
  async made(runId: string): Promise<void> {
    await this.#madeOf(runId).promise;
  }

  #madeOf(runId: string): PromiseWithResolvers<void> {
    const known = this.#made.get(runId) ?? Promise.withResolvers<void>();
    this.#made.set(runId, known);
    return known;
  }

  #claimed(process: SimProcess, runId: string, fence: number): void {
    this.#claims.set(process, { runId, fence });
    const member = this.all.get(runId);
    if (member !== undefined) member.fence = Math.max(member.fence, fence);
  }

  #letGo(runId: string, at: number): void {
    const member = this.all.get(runId);
    if (member === undefined) return;
    member.isPaused = false;
    member.isStalled = false;
    delete member.heldSince;
    member.movableSince = at;
  }
}

function refOf({ kind, id }: Wait): string | undefined {
  const key = id === WORKFLOW ? "" : id;
  if (kind === "singleton") return `s/${key}`;
  if (kind !== "concurrency") return undefined;
  return key === "" ? "w/" : `k/${key}`;
}

/** Whether it would make use of a slot. */
export function canMove({ ended, isPaused, isStalled }: Member): boolean {
  return ended === undefined && !isPaused && !isStalled;
}

export function isOlder(
  a: { readonly runId: string; readonly createdAt: number },
  b: { readonly runId: string; readonly createdAt: number },
): boolean {
  return a.createdAt === b.createdAt ? a.runId < b.runId : a.createdAt < b.createdAt;
}
