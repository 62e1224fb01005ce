// What every part of the engine is given, and what a deliverer of messages must offer and is answered.
import type { Ports } from "../ports/ports.ts";
import type { Registry } from "./registry.ts";
import type { Settings } from "./settings.ts";

export interface Engine {
  readonly ports: Ports;
  readonly registry: Registry;
  readonly settings: Settings;
  /** Where the API is reached from outside, without a slash at the end: what approval links begin with. */
  readonly publicUrl?: string;
}

/** The process that got a message: a Lambda invocation or a local worker. */
export interface Host {
  /** Time left before the process is stopped, in ms. */
  remainingMs(): number;
  /** Hides the message from others for this long from now. */
  extend(visibilityMs: number): Promise<void>;
  /** How often the message has been received, this time included. */
  readonly receiveCount: number;
}

/** What to do with the message: delete it, or let it come back (W2). */
export type Disposition = { readonly done: true } | { readonly done: false; readonly retryInMs: number };

export const DONE: Disposition = { done: true };

/** Let it come back after `ms`, at least a second, at most 15 minutes. */
export function later(ms: number): Disposition {
  return { done: false, retryInMs: Math.min(900_000, Math.max(1_000, Math.ceil(ms))) };
}

/** Wait before the next delivery after a fault of the surroundings: doubles from two seconds. */
export function faultBackoffMs(receiveCount: number): number {
  return 1_000 * 2 ** Math.min(receiveCount, 10);
}
