// Which branch of a change a run is on (`ctx.version`). Decided when its code asks for the first time, and for as long as
// this generation of the code lasts: the newest branch when the code is at the end of its journal, the oldest when it is
// replaying something that an earlier code has done without asking.
//
// V1  A choice is in the journal before anything is that makes another choice possible. The newest is recorded before
//     anything that depends on it (J3). The oldest is told by the history that led to it, and needs no entry until a turn
//     of a loop ends in which the code has asked: replay leaves the turn out, so the choice is recorded before the turn
//     is (turn-over.ts).
// V2  A mark rules what the code asks in a turn that has not ended where the mark stands. What went before in turns that
//     had ended was done by code that did not ask yet: whoever replays it goes by history, and forgets it with the turn.
//
//   old code   l/0/a  l/0/b  loop.turned 1  l/1/a                                  oldest in turn 0, when it is replayed
//   new code                                       l/1/b  mark  loop.turned 2  …   oldest in turn 1: marked, so in turn 2, too
import type { RunVersionMarked } from "../ports/journal.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type Placed, scopeOfTurn, turnsAround } from "./folds.ts";

export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** What the code has asked for, and what it was told. */
export interface AskedVersion extends VersionRange {
  readonly version: number;
  /** By a mark, or by what the run has done without asking; else it is free until it goes on. */
  readonly isBound: boolean;
}

type Mark = Pick<RunVersionMarked, "change" | "version">;

/** A choice that history has made. */
interface Implied {
  readonly version: number;
  /** The turns in which the code asked. */
  readonly scopes: Set<string>;
}

export class Versions {
  /** By the name of the change. */
  readonly asked = new Map<string, AskedVersion>();
  /** What is recorded, or will be next. */
  readonly #chosen = new Map<string, number>();
  readonly #implied = new Map<string, Implied>();
  #unrecorded: Mark[] = [];
  /** What the journal will say, in order, and where its turns end: replay knows it beforehand. */
  #ahead: readonly (Mark & { readonly seq: number })[] = [];
  readonly #ends = new Map<string, number>();
  /** The journal has nothing more to say after what is being delivered. */
  isAtEnd = true;

  /** These entries will be delivered, or left out. */
  foresee(entries: readonly Placed[]): void {
    this.#ahead = entries.flatMap(({ seq, entry }) =>
      entry.type === "run.version_marked" ? [{ seq, change: entry.change, version: entry.version }] : [],
    );
    for (const { seq, entry } of entries)
      if (entry.type === "loop.turned") this.#ends.set(scopeOfTurn(entry.id, entry.turn - 1), seq);
  }

  /** The journal says so here. */
  noteMark({ change, version }: Mark): void {
    this.#chosen.set(change, version);
  }

  /**
   * `scope` is the turn whose code asks, empty outside loops.
   *
   * @throws E_VERSION_UNSUPPORTED when this code no longer has the run's branch
   */
  choose(runId: string, change: string, { from, to }: VersionRange, scope = ""): number {
    const version =
      this.#chosen.get(change) ??
      this.#impliedFor(change, scope) ??
      this.#toCome(change, scope) ??
      this.#chooseNow(change, { from, to }, scope);
    const isBound = this.#unrecorded.every((mark) => mark.change !== change);
    const before = this.asked.get(change);
    this.asked.set(change, {
      from: Math.min(from, before?.from ?? from),
      to: Math.max(to, before?.to ?? to),
      version,
      isBound,
    });
    if (version >= from && version <= to) return version;
    throw new PerdureError(
      "E_VERSION_UNSUPPORTED",
      `Run ${runId} is on version ${version} of change "${change}"; this code has only ${from} to ${to}.`,
    );
  }

  /** Choices to be recorded now. */
  takeUnrecorded(at: number): RunVersionMarked[] {
    return this.#unrecorded.splice(0).map((mark) => ({ type: "run.version_marked", ...mark, at }));
  }

  /** Choices to be recorded before a turn ends: what told them will be left out (V1). */
  takeImplied(scope: string, at: number): RunVersionMarked[] {
    const due = [...this.#implied].filter(([, { scopes }]) => isAnyBelow(scopes, scope));
    for (const [change, { version }] of due) {
      this.#implied.delete(change);
      this.#chosen.set(change, version);
      this.#unrecorded.push({ change, version });
    }
    return this.takeUnrecorded(at);
  }

  /** A turn has ended: what its code asked and nobody recorded has not been asked (V2). */
  forgetBelow(scope: string): void {
    for (const [change, { scopes }] of this.#implied) {
      for (const asker of scopes) if (asker.startsWith(scope)) scopes.delete(asker);
      const asked = this.asked.get(change);
      if (scopes.size > 0 || asked === undefined) continue;
      this.#implied.delete(change);
      this.asked.set(change, { ...asked, isBound: false });
    }
  }

  #impliedFor(change: string, scope: string): number | undefined {
    const implied = this.#implied.get(change);
    implied?.scopes.add(scope);
    return implied?.version;
  }

  /** V2 */
  #toCome(change: string, scope: string): number | undefined {
    const mark = this.#ahead.find((candidate) => candidate.change === change);
    if (mark === undefined) return undefined;
    const hasEnded = turnsAround(scope).some((turn) => (this.#ends.get(turn) ?? mark.seq) < mark.seq);
    return hasEnded ? undefined : mark.version;
  }

  #chooseNow(change: string, { from, to }: VersionRange, scope: string): number {
    if (!this.isAtEnd) {
      this.#implied.set(change, { version: from, scopes: new Set([scope]) });
      return from;
    }
    this.#chosen.set(change, to);
    this.#unrecorded.push({ change, version: to });
    return to;
  }
}

function isAnyBelow(scopes: ReadonlySet<string>, scope: string): boolean {
  return [...scopes].some((asker) => asker.startsWith(scope));
}
