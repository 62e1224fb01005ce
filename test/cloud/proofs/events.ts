// What workflows tell the world, by a bus, a rule and a queue that listens.

import * as v from "valibot";
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";
import { readEntries } from "../journal-items.ts";
import { drain } from "../queues.ts";

const Heard = v.pipe(
  v.string(),
  v.parseJson(),
  v.looseObject({
    id: v.string(),
    source: v.string(),
    "detail-type": v.string(),
    detail: v.strictObject({ id: v.string(), runId: v.string(), workflow: v.string(), data: v.unknown() }),
  }),
);

/** A machine may be so slow that a run is handed on after its event was sent: who dies then, has nothing to send again. */
const MAX_TRIES = 5;

export function describeEvents(cloud: () => Deployment): void {
  describe.concurrent("an event", () => {
    test("reaches who listens, and again with the same id when a process died after it was sent", async () => {
      const { api, outputs } = cloud();
      const data = { words: "hear, hear" };
      for (let tries = 1; ; tries += 1) {
        const runId = await api.start("announce", data);
        expect(await api.ended(runId)).toMatchObject({ status: "succeeded", result: 2 });
        const emitted = (await readEntries(cloud(), runId)).filter(({ type }) => type === "event.emitted");
        expect(emitted).toHaveLength(1);

        const messages = await drain(cloud(), outputs.ListenerQueueUrl);
        const heard = messages.map((message) => v.parse(Heard, message));
        for (const event of heard) {
          expect(event).toMatchObject({ source: "perdure", "detail-type": "announced" });
          const id = `${runId}/${emitted[0]?.seq}`;
          expect(event.detail).toEqual({ id, runId, workflow: "announce", data });
        }
        expect(heard.length).toBeGreaterThan(0);
        // The bus gives each an id of its own.
        expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length);
        if (heard.length > 1) return;
        expect(tries).toBeLessThan(MAX_TRIES);
      }
    });
  });
}
