// Everything beyond the processes: table, queues, schedules, blobs, true time. No faults here: the world (world.ts)
// brings them about at the calls.
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../../lib/limits.ts";
import { silentLog } from "../../lib/local/console-log.ts";
import { MemoryBlobs } from "../../lib/local/memory-blobs.ts";
import { MemoryEvents } from "../../lib/local/memory-events.ts";
import { MemoryStore } from "../../lib/local/memory-store.ts";
import { MemoryTimers } from "../../lib/local/memory-timers.ts";
import type { Ports } from "../../lib/ports/ports.ts";
import { TransactingJournal } from "../../lib/testing/transacting-journal.ts";
import { Chance, seededRandom } from "./chance.ts";
import type { Actor } from "./fault.ts";
import { SimQueue } from "./queue.ts";
import { SimClock } from "./sim-clock.ts";
import { Tables } from "./tables.ts";

export const STEP_HANDLER = "shipping";

export class Outside {
  readonly clock = new SimClock();
  readonly deadWakeUps = new SimQueue(this.clock);
  readonly deadSteps = new SimQueue(this.clock);
  readonly wakeUps = new SimQueue(this.clock, {
    queue: this.deadWakeUps,
    maxReceives: MAX_WAKE_UP_DELIVERIES,
  });
  readonly steps = new SimQueue(this.clock, { queue: this.deadSteps, maxReceives: MAX_STEP_DELIVERIES });
  readonly timers = new MemoryTimers({ clock: this.clock, queue: this.wakeUps });
  /** Each queue and who works on it. */
  readonly queues: readonly { readonly queue: SimQueue; readonly actor: Actor }[] = [
    { queue: this.wakeUps, actor: "worker" },
    { queue: this.steps, actor: "step handler" },
    { queue: this.deadWakeUps, actor: "dead letters" },
    { queue: this.deadSteps, actor: "dead letters" },
  ];
  readonly events = new MemoryEvents();
  /** Of the author's. */
  readonly tables = new Tables();
  readonly ports: Ports;

  /** `plant` may put a bug into a port (planted-bugs.ts). */
  constructor(seed: number, plant: (ports: Ports) => Ports = (ports) => ports) {
    this.ports = plant({
      store: new MemoryStore(new TransactingJournal(this.tables.transact)),
      activations: this.wakeUps,
      stepHandlers: new Map([[STEP_HANDLER, this.steps]]),
      timers: this.timers,
      events: this.events,
      blobs: new MemoryBlobs(),
      clock: this.clock,
      random: seededRandom(new Chance(seed, "random port")),
      log: silentLog,
    });
  }

  /** Of all wake-ups that were not deleted. */
  wakeUpBodies(): readonly string[] {
    return [...this.wakeUps.bodies(), ...this.deadWakeUps.bodies()];
  }

  nextMessageAt(): number | undefined {
    return earliest(this.queues.map(({ queue }) => queue.nextVisibleAt()));
  }

  /** When something happens by itself; nothing when never. */
  nextAt(): number | undefined {
    return earliest([this.nextMessageAt(), this.timers.nextFireAt(), this.clock.nextAt()]);
  }
}

export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
