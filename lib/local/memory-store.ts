// Store in memory, for tests and simulations: gone with the process. Each method does its work before it first gives
// way, so it is as indivisible as a conditional write. Values are cloned on the way in and out: nobody shares a
// reference with the store, as nobody does with a database.
import type { LimitStore } from "../ports/limits.ts";
import { hasAttributes, type Run } from "../ports/run.ts";
import type { JournalStore, RunIndex, RunQuery, RunStore, Store } from "../ports/store.ts";
import { copyData } from "./copy-data.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { MemoryLimits } from "./memory-limits.ts";
import { RuledRuns, type RunCells } from "./ruled-runs.ts";
import { comparePlaces, cutPage, readCursor } from "./run-place.ts";
import type { Rule } from "./run-rules.ts";

export class MemoryStore implements Store {
  readonly runs: RunStore;
  readonly journal: JournalStore;
  readonly index: RunIndex;
  readonly limits: LimitStore;

  constructor(journal: JournalStore = new MemoryJournal()) {
    const cells = new MemoryCells();
    this.runs = new RuledRuns(cells);
    this.journal = journal;
    this.index = new MemoryIndex(cells);
    this.limits = new MemoryLimits();
  }
}

class MemoryCells implements RunCells {
  readonly #runs = new Map<string, Run>();

  read(runId: string): Run | undefined {
    return copyData(this.#runs.get(runId));
  }

  apply<Answer>(runId: string, rule: Rule<Answer>): Answer {
    const { answer, write } = rule(this.#runs.get(runId));
    if (write !== undefined) this.#runs.set(runId, copyData(write));
    return copyData(answer);
  }

  all(): Iterable<Run> {
    return this.#runs.values();
  }
}

/** Looks at every run for each question, and is never behind. */
class MemoryIndex implements RunIndex {
  readonly #cells: MemoryCells;

  constructor(cells: MemoryCells) {
    this.#cells = cells;
  }

  async list(query: RunQuery) {
    const { workflows, statuses, from = 0, to = Number.POSITIVE_INFINITY, limit } = query;
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
    const found = [...this.#cells.all()].filter(
      (run) =>
        workflows.includes(run.workflow) &&
        (statuses === undefined || statuses.includes(run.status)) &&
        run.createdAt >= from &&
        run.createdAt < to &&
        hasAttributes(run, query.attributes) &&
        (after === undefined || comparePlaces(run, after) > 0),
    );
    return copyData(cutPage(found.toSorted(comparePlaces), limit));
  }

  async due(now: number, limit: number) {
    return [...this.#cells.all()]
      .filter((run) => run.sweepAt !== undefined && run.sweepAt <= now)
      .toSorted((a, b) => (a.sweepAt ?? 0) - (b.sweepAt ?? 0))
      .slice(0, limit)
      .map((run) => run.runId);
  }
}
