// What the activations of a lab read of journals and inboxes: what it costs to resume a run.
import type { Lab } from "./lab.ts";

/** Entries and facts of each load, as they come. */
export function countLoads(lab: Lab): number[] {
  const { journal } = lab.store;
  const loaded: number[] = [];
  const load = journal.load.bind(journal);
  journal.load = async (runId, folds) => {
    const { checkpoints, facts, ...rest } = await load(runId, folds);
    loaded.push(checkpoints.flatMap(({ entries }) => entries).length + facts.length);
    return { checkpoints, facts, ...rest };
  };
  return loaded;
}
