// What must hold between a run and its children, in the order in which things happened: a child is started once, its
// parent hears of its end after it, and when the parent ends first, each child meets what its policy says.
import { callKeyOf } from "../../lib/engine/call-key.ts";
import { type ChildStarted, type Entry, isTerminal, type TerminalEntry } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import { isInTurn } from "./loop-primitive.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";

/** An entry of a parent. */
interface Told {
  readonly entry: Entry;
  /** Of its call: ids come again in the next generation. */
  readonly key: string;
  readonly at: number;
}

interface Member {
  /** Number of the event, and of those below. */
  readonly created: number;
  readonly parent: Run["parent"];
  /** What holds of it and its parent, the rules of schedules say. */
  readonly isScheduled: boolean;
  creations: number;
  /** The terminal entry. */
  ended?: number;
  terminal?: TerminalEntry;
  closed?: number;
  /** Its code was told that it is cancelled. */
  told?: number;
  /** Somebody asked for its end. */
  asked?: number;
  /** Not for its family's sake: a newer run of its singleton takes its place. */
  wasReplaced?: true;
  generation: number;
  readonly entries: Told[];
  /** Of its checkpoints: one may be put again. */
  readonly marks: Set<string>;
}

type Saw = (
  what: "children cancelled" | "children abandoned" | "children waited for" | "children never made",
) => void;

export class FamilyRules {
  readonly #complain: (what: string) => void;
  readonly #saw: Saw;
  readonly #doRunsBeginAnew: boolean;
  readonly #members = new Map<string, Member>();
  /** When somebody asked for the end of a run that was not there. */
  readonly #askedBefore = new Map<string, number>();

  /** `doRunsBeginAnew`: their code may. */
  constructor(complain: (what: string) => void, saw: Saw, doRunsBeginAnew: boolean) {
    this.#doRunsBeginAnew = doRunsBeginAnew;
    this.#complain = complain;
    this.#saw = saw;
  }

  readonly handlers: Handlers = {
    "runs.create": ({ args: [{ runId, parent, scheduled }], answer, at }) => {
      if (!answer.created) return;
      const known = this.#members.get(runId);
      const asked = this.#askedBefore.get(runId);
      if (known === undefined)
        this.#members.set(runId, {
          created: at,
          parent,
          isScheduled: scheduled !== undefined,
          creations: 1,
          generation: 1,
          entries: [],
          marks: new Set(),
          ...(asked === undefined ? {} : { asked }),
        });
      else known.creations += 1;
    },
    "journal.append": (seen) => this.#appended(seen),
    "journal.putFact": ({ args: [runId, fact], answer, at }) => {
      if (!answer.stored || (fact.kind !== "cancel" && fact.kind !== "terminate")) return;
      const member = this.#members.get(runId);
      if (member === undefined) this.#askedBefore.set(runId, at);
      else member.asked ??= at;
      if (member !== undefined && fact.reason?.endsWith("takes its place")) member.wasReplaced = true;
    },
    "runs.close": ({ args: [{ runId }], answer, at }) => {
      const member = this.#members.get(runId);
      if (answer.ok && member !== undefined) member.closed ??= at;
    },
  };

  /** When all is over. */
  judge(): void {
    for (const [runId, { created, creations, parent, isScheduled }] of this.#members) {
      if (creations !== 1) this.#complain(`${runId} was created ${creations} times`);
      if (parent === undefined || isScheduled) continue;
      const started = this.#members.get(parent.runId)?.entries.filter(({ entry }) => isStart(entry, runId));
      const [first] = started ?? [];
      if (started?.length !== 1)
        this.#complain(`${runId} was started ${started?.length} times by ${parent.runId}`);
      else if (first !== undefined && first.at > created)
        this.#complain(`${runId} was made before ${parent.runId} had recorded its start`);
    }
    for (const [runId, parent] of this.#members)
      for (const { entry, key, at } of parent.entries)
        if (entry.type === "child.started" && this.#members.get(entry.runId)?.isScheduled !== true)
          this.#judgeChild(runId, parent, entry, { key, at });
  }

  #judgeChild(
    parentId: string,
    parent: Member,
    start: ChildStarted,
    { key, at: startedAt }: Pick<Told, "key" | "at">,
  ): void {
    const child = this.#members.get(start.runId);
    if (child === undefined && mayNeverBe(parent, start)) {
      this.#saw("children never made");
      return;
    }
    if (child?.ended === undefined || parent.ended === undefined) {
      this.#complain(`child ${start.id} of ${parentId} is not there, or not over`);
      return;
    }
    const ends = parent.entries.filter((told) => isEnd(told.entry) && told.key === key);
    if (ends.length > 1) this.#complain(`child ${start.id} of ${parentId} has ${ends.length} ends`);
    for (const { at } of ends)
      if (at < child.ended) this.#complain(`${parentId} heard of the end of ${start.id} before it came`);
    const what = `child ${key} of ${parentId}`;
    const over = parent.entries.find(({ entry, at }) => at > startedAt && endsPartOf(entry, start.id))?.at;
    if (start.onParentClose === "cancel") this.#judgeCancel(what, parent, child, { key, over });
    else if (start.onParentClose === "wait") this.#judgeWait(what, parent, child, over);
    else this.#judgeAbandon(what, parent, child);
  }

  /** `over`: when the turn or the generation that began the child has ended. */
  #judgeCancel(
    what: string,
    parent: Member,
    child: Member,
    { key, over }: { readonly key: string; readonly over: number | undefined },
  ): void {
    const { asked, ended = 0 } = child;
    const given = parent.entries.find((told) => told.entry.type === "child.cancelled" && told.key === key);
    const outlives = ended > (given?.at ?? over ?? parent.closed ?? Number.POSITIVE_INFINITY);
    if (outlives && asked === undefined) this.#complain(`${what} was not asked to end with it`);
    if (asked === undefined) return;
    this.#saw("children cancelled");
    const mayAsk = Math.min(parent.ended ?? asked, parent.told ?? asked);
    // It is told before the end of its turn is recorded; who tells it may die in between, and the end never come.
    const isOfPart = over !== undefined || this.#doRunsBeginAnew || isInTurn(key);
    if (given === undefined && !isOfPart && !child.wasReplaced && asked < mayAsk)
      this.#complain(`${what} was asked to end before it`);
  }

  #judgeAbandon(what: string, parent: Member, child: Member): void {
    if (child.asked !== undefined && !child.wasReplaced) this.#complain(`${what} was asked to end`);
    if ((child.ended ?? 0) > (parent.ended ?? 0)) this.#saw("children abandoned");
  }

  /** Who is ended from outside at once, or has no time left, waits for nobody. */
  #judgeWait(what: string, parent: Member, child: Member, over: number | undefined): void {
    if (child.asked !== undefined && !child.wasReplaced) this.#complain(`${what} was asked to end`);
    const { terminal, ended = 0 } = parent;
    const isCutOff = terminal?.type === "run.timed_out" || (terminal && "terminated" in terminal);
    if (isCutOff === true && over === undefined) return;
    this.#saw("children waited for");
    if ((child.ended ?? 0) > (over ?? ended)) this.#complain(`${what} was not waited for`);
  }

  #appended({ args: [runId, { entries, mark }], answer, at }: SeenBy<"journal.append">): void {
    const member = this.#members.get(runId);
    if (!answer.ok || member === undefined || member.marks.has(mark)) return;
    member.marks.add(mark);
    for (const entry of entries) {
      const isTold = ["child.", "loop.", "run.continued"].some((type) => entry.type.startsWith(type));
      const key = "id" in entry ? callKeyOf(entry.id, member.generation) : "";
      if (isTold) member.entries.push({ entry, key, at });
      if (entry.type === "run.continued") member.generation = entry.generation;
      if (entry.type === "run.cancel_requested") member.told ??= at;
      if (!isTerminal(entry)) continue;
      member.ended ??= at;
      member.terminal = entry;
    }
  }
}

/** Who is ended outright makes no child; what is to end with its parent need not begin. */
function mayNeverBe({ terminal }: Member, { onParentClose }: ChildStarted): boolean {
  return onParentClose === "cancel" || (terminal !== undefined && "terminated" in terminal);
}

function isStart(entry: Entry, runId: string): boolean {
  return entry.type === "child.started" && entry.runId === runId;
}

function isEnd({ type }: Entry): boolean {
  return type === "child.succeeded" || type === "child.failed";
}

/** Whether an entry that comes after a call of that id ends the turn or the generation that it is of. */
function endsPartOf(entry: Entry, id: string): boolean {
  if (entry.type === "run.continued") return true;
  if (entry.type !== "loop.turned" || !id.startsWith(`${entry.id}/`)) return false;
  return Number.parseInt(id.slice(entry.id.length + 1), 10) < entry.turn;
}
