// What must hold of a run that was taken up by another one (repair.ts): the old one's journal stays as it was, one new run
// comes of it however often somebody asks, and nothing that it keeps is done again. That the new one comes to what a play
// without a fault comes to, verdict.ts says.
//
// K1  The journal of a run that has ended never changes.
// K2  A retry keeps every step that has succeeded, a fork every one before its place: their bodies do not begin again.
//     Where something was undone, what was done after it may be done again with it.
import { isDeepStrictEqual } from "node:util";
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { JournalBook } from "./journal-book.ts";
import type { Repair } from "./repair.ts";
import type { Handlers } from "./seen-call.ts";
import type { Sight } from "./sights.ts";
import type { Attempt } from "./sim-process.ts";

interface Repaired {
  readonly old: readonly Checkpoint[];
  /** Position of the last entry that a fork begins with. */
  readonly after: number;
  /** Ids of steps whose bodies must not begin again. */
  readonly kept: ReadonlySet<string>;
  newId?: string;
}

export class RepairRules {
  /** Repairs that somebody is at. */
  underWay = 0;
  readonly #repair: Repair | undefined;
  readonly #book: JournalBook;
  readonly #complain: (what: string) => void;
  readonly #saw: (what: Sight, times?: number) => void;
  readonly #repaired = new Map<string, Repaired>();
  readonly #mended = new Set<string>();

  constructor(
    repair: Repair | undefined,
    book: JournalBook,
    complain: (what: string) => void,
    saw: (what: Sight, times?: number) => void,
  ) {
    this.#repair = repair;
    this.#book = book;
    this.#complain = complain;
    this.#saw = saw;
  }

  readonly handlers: Handlers = {
    "runs.create": ({ args: [run], answer }) => {
      if (run.forkedFrom !== undefined && answer.created) this.#created(run);
    },
  };

  /** It has failed, and nobody has taken it up yet. */
  isToRepair(runId: string): boolean {
    return this.#repair !== undefined && !this.#repaired.has(runId);
  }

  isMended(label: string): boolean {
    // Turns of loops have labels that begin with that of their run.
    return [...this.#mended].some((own) => `${label} `.startsWith(`${own} `));
  }

  /** Whether the run takes the place of one that has failed. */
  isNew(runId: string): boolean {
    return [...this.#repaired.values()].some(({ newId }) => newId === runId);
  }

  /** What was broken for the run works from now on. Answers the place of a fork. */
  mend(runId: string, label: string, old: readonly Checkpoint[]): number {
    const entries = old.flatMap((checkpoint) => checkpoint.entries);
    const failed = entries.findIndex(
      (entry) => entry.type === "step.failed" && entry.id.startsWith("broken "),
    );
    if (failed < 0) this.#complain(`${runId} has failed and nothing was broken`);
    const after = Math.floor((this.#repair?.part ?? 0) * Math.max(0, failed));
    const isFork = this.#repair?.how === "fork";
    const isUndone = entries.some((entry) => "id" in entry && entry.id.endsWith("#undo"));
    const told = isFork ? entries.slice(0, after) : isUndone ? [] : entries;
    const kept = new Set(told.flatMap((entry) => (entry.type === "step.succeeded" ? [entry.id] : [])));
    this.#repaired.set(runId, { old: structuredClone(old), after, kept });
    this.#mended.add(label);
    return after;
  }

  /** Somebody was told that this run takes its place. */
  answered(runId: string, newId: string): void {
    const made = this.#repaired.get(runId)?.newId;
    if (made !== newId) this.#complain(`${runId} was taken up by ${made}, and somebody was told of ${newId}`);
  }

  /** A step's body begins. */
  bodyBegins({ runId, id }: Attempt): void {
    for (const { newId, kept } of this.#repaired.values())
      if (newId === runId && kept.has(id))
        this.#complain(`K2: ${runId}: step ${id} was kept and began again`);
  }

  /** When all is over; `now` is its journal as it is then. */
  judge(runId: string, now: readonly Checkpoint[]): void {
    const known = this.#repaired.get(runId);
    if (known === undefined) return;
    if (!isDeepStrictEqual(now, known.old))
      this.#complain(`K1: ${runId} has ended and its journal has changed`);
    if (known.newId === undefined) this.#complain(`${runId} was to be taken up by another run`);
  }

  #created({ runId, forkedFrom, lastSeq }: Run): void {
    const known = this.#repaired.get(forkedFrom?.runId ?? "");
    if (known === undefined || (known.newId !== undefined && known.newId !== runId)) {
      this.#complain(`${runId} takes the place of ${forkedFrom?.runId}, which nobody wanted`);
      return;
    }
    known.newId = runId;
    const own = this.#book
      .of(runId)
      .flatMap(({ entry }) => (entry.type === "step.succeeded" ? [entry.id] : []));
    const lost = [...known.kept].filter((id) => !own.includes(id));
    if (lost.length > 0) this.#complain(`K2: ${runId} begins at ${lastSeq} and has lost ${lost}`);
    this.#saw(this.#repair?.how === "fork" ? "runs forked" : "runs retried");
    this.#saw("steps kept", own.length);
  }
}
