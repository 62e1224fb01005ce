// The ports of the local server: one SQLite file behind all of them. Step handlers share one queue, because here they
// share one process.
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Ports } from "../ports/ports.ts";
import type { Database } from "./sqlite/database.ts";
import { SqliteBlobs } from "./sqlite/sqlite-blobs.ts";
import { SqliteEvents } from "./sqlite/sqlite-events.ts";
import { SqliteQueue } from "./sqlite/sqlite-queue.ts";
import { SqliteStore } from "./sqlite/sqlite-store.ts";
import { SqliteTimers } from "./sqlite/sqlite-timers.ts";
import { systemRandom } from "./system-random.ts";

export interface LocalQueues {
  readonly activations: SqliteQueue;
  readonly steps: SqliteQueue;
  /** Where the messages of both go that were delivered too often. */
  readonly deadLetters: SqliteQueue;
}

export interface LocalPorts {
  readonly ports: Ports;
  readonly queues: LocalQueues;
  readonly timers: SqliteTimers;
}

export function createLocalPorts(database: Database, clock: Clock, log: Log): LocalPorts {
  const deadLetters = new SqliteQueue(database, "dead-letters", { clock });
  const queue = (name: string, maxReceives: number) =>
    new SqliteQueue(database, name, { clock, deadLetters: { queue: deadLetters, maxReceives } });
  const activations = queue("activations", MAX_WAKE_UP_DELIVERIES);
  const steps = queue("steps", MAX_STEP_DELIVERIES);
  const timers = new SqliteTimers(database, { clock, queue: activations });
  const ports: Ports = {
    store: new SqliteStore(database),
    activations,
    stepHandlers: { get: () => steps },
    timers,
    events: new SqliteEvents(database, log),
    blobs: new SqliteBlobs(database),
    clock,
    random: systemRandom,
    log,
  };
  return { ports, queues: { activations, steps, deadLetters }, timers };
}
