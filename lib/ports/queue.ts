// A standard queue: at least once, in no order, with a delay per message and a visibility timeout per delivery.

export interface Delivery {
  readonly body: string;
  /** Names this delivery to `extend` and `remove`. */
  readonly receipt: string;
  /** How often this message has been received, this time included. */
  readonly receiveCount: number;
}

export interface Queue {
  /** Longest delay `send` takes, in ms. */
  readonly maxDelayMs: number;
  /** Delivers `body` no earlier than `delayMs` from now. */
  send(body: string, delayMs?: number): Promise<void>;
  /** Up to `max` (≤ 10) messages, hidden from others for `visibilityMs`; waits up to `waitMs` for the first one. */
  receive(options: {
    readonly max: number;
    readonly visibilityMs: number;
    readonly waitMs: number;
  }): Promise<Delivery[]>;
  /** Hides a received message for `visibilityMs` from now (0 = show it at once). Succeeds also when the receipt is stale. */
  extend(receipt: string, visibilityMs: number): Promise<void>;
  /** Deletes a received message. Succeeds also when it is gone. */
  remove(receipt: string): Promise<void>;
}
