// Where runs run while everything is killed: what the two stores have in common, seen from the conductor.
import type { Blobs } from "../../lib/ports/blobs.ts";
import type { Store } from "../../lib/ports/store.ts";
import type { Span } from "./late.ts";
import type { Watch } from "./reaper.ts";
import type { Mortal, Slot } from "./slot.ts";

export interface Stored {
  readonly store: Pick<Store, "runs" | "journal" | "limits">;
  readonly blobs: Blobs;
  close(): void;
}

export interface Place {
  /** One request to the API; rejects when nobody answers. */
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  /** What is killed again and again: whatever executes workflows. */
  readonly workers: readonly Slot<Mortal>[];
  /** What goes away for a while, if anything does. */
  readonly database?: Absentee;
  /** When a worker could do nothing at all because the database was away. */
  readonly standstills?: readonly Span[];
  /** Runs under way at the same time. */
  readonly inFlight: number;
  /** What was stored, to be asked when nothing is killed any more. */
  read(): Promise<Stored>;
  stop(): Promise<void>;
}

export interface Absentee {
  /** Resolves when it is there. */
  ready(): Promise<unknown>;
  /** Takes it away for so long; resolves when it may come back. */
  strike(awayMs: number): Promise<void>;
}

export interface PlaceOptions {
  readonly folder: string;
  readonly effectsFile: string;
  readonly diedAt: Map<string, number>;
  readonly complain: (what: string) => void;
  readonly watch: Watch;
}
