// Events in memory, for tests: a list of what was put, doubles and all.
import type { Events, OutgoingEvent } from "../ports/events.ts";

export class MemoryEvents implements Events {
  readonly sent: OutgoingEvent[] = [];

  async put(events: readonly OutgoingEvent[]): Promise<void> {
    this.sent.push(...structuredClone(events));
  }
}
