// Under which lease this process works on a run, so that a side effect can say so. Seen at the store's door; where
// nothing notes it (the local server runs as it is) a side effect says 0.
import type { Store } from "../../lib/ports/store.ts";

interface Holder {
  readonly holder: number;
  readonly tookOver: boolean;
}

const NOBODY: Holder = { holder: 0, tookOver: false };
const holders = new Map<string, Holder>();

export function holderOf(runId: string, isHandler: boolean): Holder {
  return holders.get(keyOf(runId, isHandler)) ?? NOBODY;
}

/** The store, whose claims are noted in this process. A run has one step at a time in a step handler. */
export function noteHolders({ runs, journal, index, limits }: Store): Store {
  return {
    index,
    limits,
    runs: {
      ...runs,
      async claim(request) {
        const answer = await runs.claim(request);
        const { runId } = request;
        // `fails` counts claims since the run was last left in order, this one included.
        if (answer.ok)
          holders.set(keyOf(runId, false), { holder: answer.run.fence, tookOver: answer.run.fails > 1 });
        return answer;
      },
    },
    journal: {
      ...journal,
      async claimStep(request) {
        const answer = await journal.claimStep(request);
        const { claims } = answer.claim;
        if (answer.ok) holders.set(keyOf(request.runId, true), { holder: claims, tookOver: claims > 1 });
        return answer;
      },
    },
  };
}

function keyOf(runId: string, isHandler: boolean): string {
  return isHandler ? `${runId} handler` : runId;
}
