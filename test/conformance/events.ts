// The contract of the Events port (lib/ports/events.ts) as tests.
import { expect } from "vitest";
import type { Events, OutgoingEvent } from "../../lib/ports/events.ts";
import { aRunId, NOW } from "./samples.ts";
import { describeSuite, type MakeSubject, type Subject, type SuiteOptions } from "./suite.ts";

export interface EventsSubject extends Subject {
  readonly events: Events;
  /** What was taken, as listeners get it. */
  readonly taken: () => Promise<readonly OutgoingEvent[]>;
}

export function anEvent(overrides: Partial<OutgoingEvent> = {}): OutgoingEvent {
  const runId = aRunId();
  return {
    id: `${runId}/1`,
    type: "order.paid",
    source: "perdure",
    runId,
    workflow: "order",
    at: NOW,
    detail: { order: "A-1", at: "2026-01-01T00:00:00.000Z", lines: [1, null, "€ß漢"], none: null },
    ...overrides,
  };
}

export function describeEvents(
  name: string,
  makeSubject: MakeSubject<EventsSubject>,
  options: SuiteOptions = {},
): void {
  describeSuite(name, makeSubject, options, (behaviour) => {
    behaviour("events arrive as they were put: every field, any JSON", async ({ events, taken }) => {
      const put = [anEvent(), anEvent({ detail: null }), anEvent({ detail: "text", source: "shop.web" })];
      await events.put(put);
      expect(await taken()).toEqual(put);
    });

    behaviour("any number is taken, in order, none and hundreds", async ({ events, taken }) => {
      await events.put([]);
      expect(await taken()).toEqual([]);
      const put = Array.from({ length: 101 }, (_, n) => anEvent({ detail: { n } }));
      await events.put(put);
      expect((await taken()).map(({ id }) => id)).toEqual(put.map(({ id }) => id));
    });

    behaviour("large ones are taken together, too", async ({ events, taken }) => {
      const put = Array.from({ length: 5 }, (_, n) => anEvent({ detail: `${n} ${"x".repeat(200_000)}` }));
      await events.put(put);
      expect((await taken()).map(({ detail }) => (detail as string).length)).toEqual(put.map(() => 200_002));
    });

    behaviour("one that is put again has the same id", async ({ events, taken }) => {
      const event = anEvent();
      await events.put([event]);
      await events.put([event, anEvent()]);
      const found = await taken();
      expect(found[0]).toEqual(event);
      expect(new Set(found.map(({ id }) => id)).size).toBe(2);
    });
  });
}
