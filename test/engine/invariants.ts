// What must hold of everything stored for a closed run, however it came about (docs/design/protocol.md).
import { expect } from "vitest";
import { faultsOf } from "../stored-run.ts";
import type { Lab } from "./lab.ts";

export async function checkInvariants(lab: Lab, runId: string): Promise<void> {
  const run = await lab.run(runId);
  expect(faultsOf(run, await lab.store.journal.load(runId))).toEqual([]);
  expect(lab.timers.nextFireAt(), "no timer is left").toBeUndefined();
}
