// Where runs run while everything is killed: what the two stores have in common, seen from the conductor.
import type { Blobs } from "../../lib/ports/blobs.ts";
import type { Store } from "../../lib/ports/store.ts";
import type { Watch } from "./reaper.ts";
import type { Mortal, Slot } from "./slot.ts";

export interface Stored {
  readonly store: Pick<Store, "runs" | "journal">;
  readonly blobs: Blobs;
  close(): void;
}

export interface Place {
  /** One request to the API; rejects when nobody answers. */
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  /** What is killed again and again: whatever executes workflows. */
  readonly workers: readonly Slot<Mortal>[];
  /** What goes away for a while, if anything does. */
  readonly database?: Slot<Mortal>;
  /** Runs under way at the same time. */
  readonly inFlight: number;
  /** What was stored, to be asked when nothing is killed any more. */
  read(): Promise<Stored>;
  stop(): Promise<void>;
}

export interface PlaceOptions {
  readonly folder: string;
  readonly effectsFile: string;
  readonly diedAt: Map<string, number>;
  readonly complain: (what: string) => void;
  readonly watch: Watch;
}
