// Which branches of changes (`ctx.version`) runs are on, gathered from what the code asks while saved journals are
// replayed. A run is bound to a branch by its mark, or by a history that went past the place before there was a branch;
// one that comes to the place with nothing more recorded takes the newest, whatever that is by then.
import type { AskedVersion } from "../engine/index.ts";
import { isClosed, type RunStatus } from "../ports/run.ts";

/** A change that the code asks for, and the runs that are bound to a branch of it. */
export interface ChangeReport {
  readonly workflow: string;
  readonly change: string;
  /** The branches that the code has. */
  readonly from: number;
  readonly to: number;
  /** How many runs hold a branch, the oldest branch first. Those that nobody holds are not listed. */
  readonly branches: readonly {
    readonly version: number;
    /** Runs that are not closed: they need it. */
    readonly live: number;
    readonly closed: number;
  }[];
  /** The oldest branch that a live run needs, or the newest: all before it can be deleted, and it be the new `from`. */
  readonly oldestNeeded: number;
}

interface Tally {
  from: number;
  to: number;
  readonly runs: Map<number, { live: number; closed: number }>;
}

export class VersionTallies {
  readonly #tallies = new Map<string, Tally>();

  add(workflow: string, status: RunStatus, asked: ReadonlyMap<string, AskedVersion>): void {
    for (const [change, { from, to, version, isBound }] of asked) {
      const key = JSON.stringify([workflow, change]);
      const tally = this.#tallies.get(key) ?? { from, to, runs: new Map() };
      this.#tallies.set(key, tally);
      tally.from = Math.min(tally.from, from);
      tally.to = Math.max(tally.to, to);
      if (!isBound) continue;
      const runs = tally.runs.get(version) ?? { live: 0, closed: 0 };
      tally.runs.set(version, runs);
      runs[isClosed(status) ? "closed" : "live"] += 1;
    }
  }

  /** By workflow and change. */
  report(): readonly ChangeReport[] {
    return [...this.#tallies]
      .map(([key, { from, to, runs }]) => {
        const [workflow, change] = JSON.parse(key) as [string, string];
        const branches = [...runs]
          .map(([version, counts]) => ({ version, ...counts }))
          .toSorted((a, b) => a.version - b.version);
        const oldestNeeded = branches.find(({ live }) => live > 0)?.version ?? to;
        return { workflow, change, from, to, branches, oldestNeeded };
      })
      .toSorted((a, b) => compare(a.workflow, b.workflow) || compare(a.change, b.change));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
