// What the sweep index said a while ago: a GSI is behind its table (W4: read the run before you believe the index).
import type { Run } from "../../lib/ports/run.ts";

interface Place {
  readonly at: number;
  readonly runId: string;
  readonly sweepAt: number | undefined;
}

export class IndexPast {
  readonly #places: Place[] = [];

  /** The run as it is from `at` on, epoch ms. */
  note(at: number, run: Run | undefined): void {
    if (run !== undefined) this.#places.push({ at, runId: run.runId, sweepAt: run.sweepAt });
  }

  /** The runs that were due at `now` in the eyes of an index that stopped at `asOf`. */
  due(asOf: number, now: number): readonly string[] {
    const places = new Map<string, number | undefined>();
    for (const { at, runId, sweepAt } of this.#places) if (at <= asOf) places.set(runId, sweepAt);
    return [...places].flatMap(([runId, sweepAt]) =>
      sweepAt !== undefined && sweepAt <= now ? [runId] : [],
    );
  }
}
