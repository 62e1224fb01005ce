// What a workflow tells the outside while it goes on.

/** An event for others, sent to EventBridge on AWS. */
export interface EmittedEvent {
  /** What happened: the `detail-type` that rules match. 1 to 128 characters without '/', '#' or control characters. */
  readonly type: string;
  /** Plain JSON; a Date is sent as its ISO text. */
  readonly detail: unknown;
  /** @default "perdure" */
  readonly source?: string;
}
