// What replay does without: entries of turns that have ended, because the turn that follows begins with a recorded state.
// Knows the loops under way, says which entries are left out, and which positions the next load need not read.
//
//   seq     1     2 … 6         7               8 … 12        13              14
//   entry   step  l/0/…         loop.turned 1   l/1/…         loop.turned 2   l/2/…
//   fold          |◄──────── from 2, to 12 ─────────────────►|
//
// F1  An entry is left out only when a later entry of the journal begins a later turn of its loop, or a later generation.
// F2  Between `from` and the entry of a fold there is nothing but entries of that loop's ended turns. Whatever else is recorded
//     meanwhile moves `from` behind itself, and is replayed.
// F3  A fold ends where a checkpoint begins, so that whoever does not read it misses nothing else. A checkpoint in which it
//     begins is read, and F1 leaves its entries out.
import { MAX_FOLDS } from "../limits.ts";
import type { Entry, LoopTurned } from "../ports/journal.ts";
import type { Fold } from "../ports/run.ts";

/** An entry and where it stands. */
export interface Placed {
  readonly seq: number;
  readonly entry: Entry;
  /** It is the first of its checkpoint (F3). */
  readonly isFirst: boolean;
}

/** Entries of one loop that follow each other without any other between them. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

export class Folds {
  /** Of each loop the last turn that the journal begins, and where: replay knows it beforehand. */
  readonly #last = new Map<string, { readonly seq: number; readonly turn: number }>();
  /** The turns that loops have come to. */
  readonly #turns = new Map<string, number>();
  readonly #stretches = new Map<string, Stretch>();
  #folds: readonly Fold[] = [];
  #position: number;

  /** `entries` will be delivered; what lies up to the position `after` has been left out. */
  constructor(entries: Iterable<Placed> = [], after = 0) {
    this.#position = after;
    for (const { seq, entry } of entries)
      if (entry.type === "loop.turned") this.#last.set(entry.id, { seq, turn: entry.turn });
  }

  /** Positions that need not be read, in order. */
  get all(): readonly Fold[] {
    return this.#folds;
  }

  /** Every entry comes by, in order. Answers the loop, the outermost, for which it is left out (F1). */
  pass(seq: number, entry: Entry): string | undefined {
    this.#position = seq;
    // What lies before the entry of a turn, and may not have been read, is of its loop, and of the loops around it.
    const start = entry.type === "loop.turned" ? Math.min(entry.from, seq) : seq;
    let leftOutFor: string | undefined;
    for (const loop of loopsOf(entry)) {
      const { from, to } = this.#stretches.get(loop) ?? { from: start, to: start - 1 };
      this.#stretches.set(loop, { from: to >= start - 1 ? from : start, to: seq });
      if (seq < (this.#last.get(loop)?.seq ?? 0)) leftOutFor ??= loop;
    }
    return leftOutFor;
  }

  /** Whether the journal will say with which turn a loop begins. */
  knows(loop: string): boolean {
    return this.#last.has(loop);
  }

  /** Whether the entries of a call are left out. */
  leavesOut(id: string): boolean {
    for (const { loop, turn } of turnsOf(id)) if (turn < (this.#last.get(loop)?.turn ?? 0)) return true;
    return false;
  }

  /** From here up to the present position there is nothing but entries of the loop. */
  startOf(loop: string): number {
    const { from, to } = this.#stretches.get(loop) ?? { from: 0, to: 0 };
    return from > 0 && to === this.#position ? from : this.#position + 1;
  }

  /** The entry of a turn that begins has been delivered. */
  turned({ id, turn, from }: LoopTurned, { seq, isFirst }: Pick<Placed, "seq" | "isFirst">): void {
    for (const loops of [this.#stretches, this.#turns])
      for (const inner of loops.keys()) if (inner.startsWith(`${id}/`)) loops.delete(inner);
    this.#stretches.set(id, { from, to: seq });
    this.#turns.set(id, turn);
    if (isFirst) this.add({ from, to: seq - 1 });
  }

  /** Whether a call lies in a turn that another one has followed. */
  isPast(id: string): boolean {
    for (const { loop, turn } of turnsOf(id)) if (turn < (this.#turns.get(loop) ?? 0)) return true;
    return false;
  }

  /** The longest are kept: each costs a read of its own. They come in the order of their ends, as their entries do. */
  add(fold: Fold): void {
    if (fold.to < fold.from) return;
    const others = this.#folds.filter(({ to }) => to + 1 < fold.from);
    this.#folds = [...others, fold]
      .toSorted((a, b) => b.to - b.from - (a.to - a.from))
      .slice(0, MAX_FOLDS)
      .toSorted((a, b) => a.from - b.from);
  }
}

/** What ids of calls of a turn begin with. */
export function scopeOfTurn(loop: string, turn: number): string {
  return `${loop}/${turn}/`;
}

/** Of the turn with this scope and all around it, the outermost first, what ids of their calls begin with. */
export function turnsAround(scope: string): readonly string[] {
  return [...turnsOf(scope)].map(({ loop, turn }) => scopeOfTurn(loop, turn));
}

/** The loops that an entry may be of, the outermost first. */
function* loopsOf(entry: Entry): Iterable<string> {
  if (!("id" in entry)) return;
  for (const { loop } of turnsOf(entry.id)) yield loop;
  if (entry.type === "loop.turned") yield entry.id;
}

/** The turns that a call may lie in, if there are such loops. Items of a map look the same, and no loop has their names. */
function* turnsOf(id: string): Iterable<{ readonly loop: string; readonly turn: number }> {
  for (const { index, 1: turn } of id.matchAll(/\/(\d+)(?=\/)/g))
    yield { loop: id.slice(0, index), turn: Number(turn) };
}
