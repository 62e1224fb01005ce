// What the indexes said a while ago: a GSI is behind its table (W4: read the run before you believe the index).
import { comparePlaces, cutPage, readCursor } from "../../lib/local/run-place.ts";
import type { Run } from "../../lib/ports/run.ts";
import type { RunQuery } from "../../lib/ports/store.ts";

export class IndexPast {
  /** Each run as it was from a time on, epoch ms; in order. */
  readonly #states: { readonly at: number; readonly run: Run }[] = [];

  /** The run as it is from `at` on, epoch ms. */
  note(at: number, run: Run | undefined): void {
    if (run !== undefined) this.#states.push({ at, run });
  }

  /** The runs that were due at `now` in the eyes of an index that stopped at `asOf`. */
  due(asOf: number, now: number): readonly string[] {
    return this.#runs(asOf).flatMap(({ runId, sweepAt }) =>
      sweepAt !== undefined && sweepAt <= now ? [runId] : [],
    );
  }

  list(asOf: number, { workflows, limit, cursor }: RunQuery): { runs: readonly Run[]; cursor?: string } {
    const after = cursor === undefined ? undefined : readCursor(cursor);
    const found = this.#runs(asOf).filter(
      (run) => workflows.includes(run.workflow) && (after === undefined || comparePlaces(run, after) > 0),
    );
    return cutPage(found.toSorted(comparePlaces), limit);
  }

  #runs(asOf: number): readonly Run[] {
    const runs = new Map<string, Run>();
    for (const { at, run } of this.#states) if (at <= asOf) runs.set(run.runId, run);
    return [...runs.values()];
  }
}
