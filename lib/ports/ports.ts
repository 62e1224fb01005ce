// All that the engine needs of the outside, in one bundle that an adapter fills.
import type { Blobs } from "./blobs.ts";
import type { Clock } from "./clock.ts";
import type { Events } from "./events.ts";
import type { Log } from "./log.ts";
import type { Queue } from "./queue.ts";
import type { Random } from "./random.ts";
import type { Store } from "./store.ts";
import type { Timers } from "./timers.ts";

export interface Ports {
  readonly store: Store;
  /** Wake-ups. */
  readonly activations: Queue;
  /** The queue of a step handler, by its name; a Map fits. */
  readonly stepHandlers: { get(name: string): Queue | undefined };
  readonly timers: Timers;
  readonly events: Events;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
