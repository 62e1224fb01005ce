// What must hold when replay leaves out what is over (docs/design/protocol.md, turns and generations), at every write and
// every start of a body, by what was written and not by what the engine makes of it.
//
// F2  A fold of META holds nothing but what is over: earlier turns of one loop, or earlier generations.
// F4  What is retired has been used up by the journal.
// F5  Signals that were taken in a fold have left the inbox.
// And: nothing of a turn runs or is recorded after its end; no signal is taken twice; what a load reads does not grow with
// the turns of a loop.
import { MAX_FOLDS } from "../../lib/limits.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import type { Fold } from "../../lib/ports/run.ts";
import type { JournalBook, Noted } from "./journal-book.ts";
import { TURN } from "./loop-primitive.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";
import type { Sight } from "./sights.ts";
import type { Attempt, SimProcess } from "./sim-process.ts";

export class FoldRules {
  readonly #complain: (what: string) => void;
  readonly #saw: (what: Sight) => void;
  readonly #book: JournalBook;
  /** Keys of facts that were used up, by run. */
  readonly #retired = new Map<string, Set<string>>();
  readonly #loadedAt = new Map<SimProcess, number>();

  constructor(book: JournalBook, complain: (what: string) => void, saw: (what: Sight) => void) {
    this.#book = book;
    this.#complain = complain;
    this.#saw = saw;
  }

  readonly handlers: Handlers = {
    "journal.load": ({ process, args: [runId, folds], at, answer }) => {
      this.#loadedAt.set(process, at);
      if (folds === undefined || folds.length === 0) return;
      const entries = answer.checkpoints.reduce((total, checkpoint) => total + checkpoint.entries.length, 0);
      if (entries < this.#book.of(runId).length) this.#saw("loads that left something out");
    },
    "journal.append": (seen) => this.#appended(seen),
    "journal.retire": (seen) => this.#retiredFacts(seen),
    "journal.retired": ({ answer }) => {
      if (answer !== undefined) this.#saw("facts that came again");
    },
    "runs.suspend": ({ args: [{ runId, lastSeq, folds }], answer, before }) => {
      if (!answer.ok) return;
      for (const fold of folds ?? []) this.#checkFold(runId, fold);
      this.#checkReach(runId, lastSeq, folds ?? before?.folds ?? []);
      if (folds !== undefined) this.#saw("folds in META");
    },
  };

  /** Keys of the facts that have left the inbox. */
  retired(runId: string): Iterable<string> {
    return this.#retired.get(runId) ?? [];
  }

  /** A step's body begins in this process. */
  bodyBegins(process: SimProcess, { runId, id, attempt, isLate, generation = 1 }: Attempt): void {
    const endedAt = endOf(this.#book.of(runId), id, generation)?.at;
    if (endedAt === undefined || isLate === true) return;
    if (endedAt <= (this.#loadedAt.get(process) ?? 0))
      this.#complain(`${runId}: attempt ${attempt} of step ${id} ran again after its turn had ended`);
  }

  #appended({ args: [runId, { first, entries, fence }], answer }: SeenBy<"journal.append">): void {
    if (!answer.ok) return;
    const journal = this.#book.of(runId);
    for (const [i, entry] of entries.entries()) {
      if (entry.type === "loop.turned") this.#saw("turns");
      if (entry.type === "run.continued") this.#saw("generations");
      if (isFold(entry) && entries.length > 1 && fence > 0)
        this.#complain(`${runId}: ${entry.type} shares its checkpoint`);
      if (!("id" in entry)) continue;
      const noted = journal[first + i - 1];
      const end = endOf(journal, entry.id, noted?.generation ?? 1);
      if (end !== undefined && end.seq < first + i)
        this.#complain(`${runId}: ${entry.type} of ${entry.id} was recorded after its turn had ended`);
    }
  }

  #retiredFacts({ args: [{ runId, facts }] }: SeenBy<"journal.retire">): void {
    const retired = this.#retired.get(runId) ?? new Set();
    this.#retired.set(runId, retired);
    const journal = this.#book.of(runId);
    for (const fact of facts) {
      retired.add(fact.key);
      this.#saw("facts retired");
      if (fact.kind === "signal" && !isTaken(journal, fact.key))
        this.#complain(`F4: ${runId}: signal ${fact.key} was retired and nobody has taken it`);
      if (fact.kind === "step" && fact.seq > journal.length)
        this.#complain(`F4: ${runId}: the result of step ${fact.seq} was retired before it was asked for`);
      if (fact.kind === "input" || fact.kind === "cancel" || fact.kind === "terminate")
        this.#complain(`F4: ${runId}: its ${fact.kind} was retired`);
    }
  }

  #checkFold(runId: string, { from, to }: Fold): void {
    const journal = this.#book.of(runId);
    const behind = journal[to];
    const held = journal.slice(from - 1, to);
    const isOver = (noted: Noted) => behind !== undefined && isPastOf(noted, behind);
    if (behind === undefined || !behind.isFirst || !held.every(isOver))
      this.#complain(`F2: META of ${runId} leaves out ${from} to ${to}, which is not over`);
    // What stands behind another in its checkpoint may have been given up because of that, and wait for the next who asks.
    for (const { entry, isFirst } of held)
      if ("fact" in entry && isFirst && this.#retired.get(runId)?.has(entry.fact) !== true)
        this.#complain(`F5: ${runId}: signal ${entry.fact} was taken at a place left out and not retired`);
  }

  /** Whatever was over when the run was left, and lies in one piece, is left out when it is resumed. */
  #checkReach(runId: string, lastSeq: number, folds: readonly Fold[]): void {
    if (folds.length > MAX_FOLDS) this.#complain(`${runId} has ${folds.length} folds`);
    const journal = this.#book.of(runId);
    const begins = journal.slice(0, lastSeq).filter(({ entry }) => isFold(entry));
    const last = begins.at(-1);
    if (last === undefined) return;
    const generation = last.entry.type === "run.continued" ? last.entry.generation : last.generation;
    const own = begins.filter((begin) => begin.generation === generation);
    const loops = new Set(own.map(({ entry }) => ("id" in entry ? entry.id : "")));
    // Of loops side by side, or in each other, only so many stretches can be left out.
    if (loops.size > 1) return;
    const wanted = [begins.findLast(({ entry }) => entry.type === "run.continued"), own.at(-1)];
    for (const begin of wanted) {
      if (begin === undefined) continue;
      const kept = journal.findLast((noted) => noted.seq < begin.seq && !isPastOf(noted, begin));
      const from = (kept?.seq ?? 0) + 1;
      const isLeftOut = folds.some((fold) => fold.to === begin.seq - 1 && fold.from <= from);
      if (from < begin.seq && !isLeftOut)
        this.#complain(
          `${runId} was left at ${lastSeq}, and ${from} to ${begin.seq - 1} are over and will be read again`,
        );
    }
  }
}

/** Of a signal: what the journal said of it last. */
function isTaken(journal: readonly Noted[], key: string): boolean {
  const last = journal.findLast(
    ({ entry }) =>
      ("fact" in entry && entry.fact === key) || ("untaken" in entry && entry.untaken?.includes(key)),
  );
  return last !== undefined && "fact" in last.entry;
}

function isFold(entry: Entry): boolean {
  return entry.type === "loop.turned" || entry.type === "run.continued";
}

/** Whether an entry is of an earlier turn, or an earlier generation, than the one that `behind` begins. */
function isPastOf({ entry, seq }: Noted, behind: Noted): boolean {
  if (seq >= behind.seq) return false;
  if (behind.entry.type === "run.continued") return true;
  if (behind.entry.type !== "loop.turned" || !("id" in entry)) return false;
  const { id, turn } = behind.entry;
  if (entry.type === "loop.turned" && entry.id === id) return entry.turn < turn;
  return entry.id.startsWith(`${id}/`) && Number.parseInt(entry.id.slice(id.length + 1), 10) < turn;
}

/** The entry that has ended the turn or the generation that a call is of. */
export function endOf(journal: readonly Noted[], id: string, generation: number): Noted | undefined {
  const turns = [...id.matchAll(TURN)].map(({ index, 0: whole, 1: turn = "" }) => ({
    loop: id.slice(0, index + whole.length - turn.length - 1),
    turn: Number(turn),
  }));
  return journal.find(({ entry, generation: of }) => {
    if (entry.type === "run.continued") return of >= generation;
    if (entry.type !== "loop.turned" || of !== generation) return false;
    return turns.some(({ loop, turn }) => entry.id === loop && entry.turn > turn);
  });
}
