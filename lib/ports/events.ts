// Events that a workflow tells the world, after they are in its journal. At least once: whoever listens drops doubles by
// the id, which is the same whenever an event is sent again.

export interface OutgoingEvent {
  /** `<runId>/<seq>` of the entry that recorded it. */
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly runId: string;
  readonly workflow: string;
  /** When it was recorded, epoch ms. */
  readonly at: number;
  /** Plain JSON, as the author gave it. */
  readonly detail: unknown;
}

export interface Events {
  /**
   * Hands over events in order, any number of them. Resolves when every one has been taken.
   *
   * @throws when one of them may not have been taken; the caller sends all of them again
   */
  put(events: readonly OutgoingEvent[]): Promise<void>;
}
