// What must hold of everything stored for a closed run, however it came about (docs/design/protocol.md).
import { expect } from "vitest";
import type { Fact } from "../../lib/ports/journal.ts";
import type { Loaded } from "../../lib/ports/store.ts";
import { faultsOf } from "../stored-run.ts";
import type { Lab } from "./lab.ts";

export async function checkInvariants(lab: Lab, runId: string): Promise<void> {
  const run = await lab.run(runId);
  const loaded = await lab.store.journal.load(runId);
  const facts = [...loaded.facts, ...(await usedUp(lab, runId, loaded))];
  expect(faultsOf(run, { ...loaded, facts })).toEqual([]);
  expect(lab.timers.nextFireAt(), "no timer is left").toBeUndefined();
}

/** Facts of consumed signals that have left the inbox. */
async function usedUp(lab: Lab, runId: string, { checkpoints }: Loaded): Promise<readonly Fact[]> {
  const entries = checkpoints.flatMap((checkpoint) => checkpoint.entries);
  const keys = entries.flatMap((entry) => ("fact" in entry ? [entry.fact] : []));
  const facts = await Promise.all(keys.map(async (key) => await lab.store.journal.retired(runId, key)));
  return facts.filter((fact) => fact !== undefined);
}
