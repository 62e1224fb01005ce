// Processes that end without a word.
import { describe, expect, test } from "vitest";
import { MAX_FAILS } from "../../../lib/limits.ts";
import type { Deployment } from "../deployment.ts";
import { readEffect } from "../effects.ts";
import { readCheckpoints, readMeta } from "../journal-items.ts";
import { TIMES } from "../times.ts";

/** Each death costs a visibility, the emulator's pause after a failed invocation, and a cold start. */
const POISON_WITHIN_MS = (MAX_FAILS + 1) * (TIMES.visibilityMs + 25_000);

export function describeDeaths(cloud: () => Deployment): void {
  describe.concurrent("a process that dies", () => {
    test("once: another goes on from the journal, and what was recorded does not run again", async () => {
      const { api, outputs, clients } = cloud();
      const runId = await api.start("stumble", {});
      expect(await api.ended(runId)).toMatchObject({ status: "succeeded", result: 2 });
      expect(await readEffect(clients.dynamo, outputs.EffectsTableName, `${runId} before`)).toBe(1);
      const fences = new Set((await readCheckpoints(cloud(), runId)).map(({ fence }) => fence));
      expect(fences.size).toBe(2);
    });

    test("again and again: the run stalls with the reason, after a bounded number of tries", async () => {
      const { api, outputs, clients } = cloud();
      const runId = await api.start("poison", {});
      const run = await api.ended(runId, POISON_WITHIN_MS);
      expect(run).toMatchObject({ status: "stalled", stalled: { code: "E_POISON" } });
      expect((await readMeta(cloud(), runId)).fence).toBeLessThanOrEqual(MAX_FAILS + 2);
      expect(await readEffect(clients.dynamo, outputs.EffectsTableName, `${runId} before`)).toBe(1);
    });
  });
}
