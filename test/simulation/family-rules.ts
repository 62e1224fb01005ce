// What must hold between a run and its children, in the order in which things happened: a child is started once, its
// parent hears of its end after it, and when the parent ends first, each child meets what its policy says.
import { type ChildStarted, type Entry, isTerminal, type TerminalEntry } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";

interface Member {
  /** Number of the event, and of those below. */
  readonly created: number;
  readonly parent: Run["parent"];
  creations: number;
  /** The terminal entry. */
  ended?: number;
  terminal?: TerminalEntry;
  closed?: number;
  /** Its code was told that it is cancelled. */
  told?: number;
  /** Somebody asked for its end. */
  asked?: number;
  readonly entries: { readonly entry: Entry; readonly at: number }[];
}

type Saw = (what: "children cancelled" | "children abandoned" | "children waited for") => void;

export class FamilyRules {
  readonly #complain: (what: string) => void;
  readonly #saw: Saw;
  readonly #members = new Map<string, Member>();

  constructor(complain: (what: string) => void, saw: Saw) {
    this.#complain = complain;
    this.#saw = saw;
  }

  readonly handlers: Handlers = {
    "runs.create": ({ args: [{ runId, parent }], answer, at }) => {
      if (!answer.created) return;
      const known = this.#members.get(runId);
      if (known === undefined) this.#members.set(runId, { created: at, parent, creations: 1, entries: [] });
      else known.creations += 1;
    },
    "journal.append": (seen) => this.#appended(seen),
    "journal.putFact": ({ args: [runId, fact], answer, at }) => {
      const member = this.#members.get(runId);
      if (answer.stored && (fact.kind === "cancel" || fact.kind === "terminate") && member !== undefined)
        member.asked ??= at;
    },
    "runs.close": ({ args: [{ runId }], answer, at }) => {
      const member = this.#members.get(runId);
      if (answer.ok && member !== undefined) member.closed ??= at;
    },
  };

  /** When all is over. */
  judge(): void {
    for (const [runId, { creations, parent }] of this.#members) {
      if (creations !== 1) this.#complain(`${runId} was created ${creations} times`);
      if (parent === undefined) continue;
      const started = this.#members.get(parent.runId)?.entries.filter(({ entry }) => isStart(entry, runId));
      // None when its parent died and was told to end before it could record it.
      if (started === undefined || started.length > 1)
        this.#complain(`${runId} was started ${started?.length} times by ${parent.runId}`);
    }
    for (const [runId, parent] of this.#members)
      for (const { entry } of parent.entries)
        if (entry.type === "child.started") this.#judgeChild(runId, parent, entry);
  }

  #judgeChild(parentId: string, parent: Member, start: ChildStarted): void {
    const child = this.#members.get(start.runId);
    if (child?.ended === undefined || parent.ended === undefined) {
      this.#complain(`child ${start.id} of ${parentId} is not there, or not over`);
      return;
    }
    const ends = parent.entries.filter(({ entry }) => isEnd(entry, start.id));
    if (ends.length > 1) this.#complain(`child ${start.id} of ${parentId} has ${ends.length} ends`);
    for (const { at } of ends)
      if (at < child.ended) this.#complain(`${parentId} heard of the end of ${start.id} before it came`);
    const what = `child ${start.id} of ${parentId}`;
    if (start.onParentClose === "cancel") this.#judgeCancel(what, parent, child, start);
    else if (start.onParentClose === "wait") this.#judgeWait(what, parent, child);
    else this.#judgeAbandon(what, parent, child);
  }

  #judgeCancel(what: string, parent: Member, child: Member, { id }: ChildStarted): void {
    const { asked, ended = 0 } = child;
    const given = parent.entries.find(({ entry }) => entry.type === "child.cancelled" && entry.id === id);
    const outlives = ended > (given?.at ?? parent.closed ?? Number.POSITIVE_INFINITY);
    if (outlives && asked === undefined) this.#complain(`${what} was not asked to end with it`);
    if (asked === undefined) return;
    this.#saw("children cancelled");
    const mayAsk = Math.min(parent.ended ?? asked, parent.told ?? asked);
    if (given === undefined && asked < mayAsk) this.#complain(`${what} was asked to end before it`);
  }

  #judgeAbandon(what: string, parent: Member, child: Member): void {
    if (child.asked !== undefined) this.#complain(`${what} was asked to end`);
    if ((child.ended ?? 0) > (parent.ended ?? 0)) this.#saw("children abandoned");
  }

  /** Who is ended from outside at once, or has no time left, waits for nobody. */
  #judgeWait(what: string, parent: Member, child: Member): void {
    if (child.asked !== undefined) this.#complain(`${what} was asked to end`);
    const { terminal } = parent;
    const isCutOff = terminal?.type === "run.timed_out" || (terminal && "terminated" in terminal);
    if (isCutOff === true) return;
    this.#saw("children waited for");
    if ((child.ended ?? 0) > (parent.ended ?? 0)) this.#complain(`${what} was not waited for`);
  }

  #appended({ args: [runId, { entries }], answer, at }: SeenBy<"journal.append">): void {
    const member = this.#members.get(runId);
    if (!answer.ok || member === undefined) return;
    for (const entry of entries) {
      if (entry.type.startsWith("child.")) member.entries.push({ entry, at });
      if (entry.type === "run.cancel_requested") member.told ??= at;
      if (!isTerminal(entry)) continue;
      member.ended ??= at;
      member.terminal = entry;
    }
  }
}

function isStart(entry: Entry, runId: string): boolean {
  return entry.type === "child.started" && entry.runId === runId;
}

function isEnd(entry: Entry, id: string): boolean {
  return (entry.type === "child.succeeded" || entry.type === "child.failed") && entry.id === id;
}
