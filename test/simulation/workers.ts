// What the surroundings start by themselves: a process for each delivery of a message, and for each sweep.
import {
  type Disposition,
  type Host,
  handleDeadLetter,
  handleMessage,
  sweep,
} from "../../lib/engine/index.ts";
import type { Delivery } from "../../lib/ports/queue.ts";
import type { Actor } from "./fault.ts";
import type { Program } from "./program.ts";
import type { SimQueue } from "./queue.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** A reason of our own saves making one for each. */
const OVER = new Error("the invocation is over");

export class Workers {
  activations = 0;
  readonly #world: World;
  readonly #program: Program;

  constructor(world: World, program: Program) {
    this.#world = world;
    this.#program = program;
  }

  /** Starts a process for each; what a process cannot handle comes back by itself. */
  deliver(queue: SimQueue, actor: Actor, deliveries: readonly Delivery[]): void {
    const isReordered =
      deliveries.length > 1 &&
      this.#world.faultAt({ actor, port: "delivery", method: "batch" }, actor) !== undefined;
    for (const delivery of isReordered ? deliveries.toReversed() : deliveries) {
      const fault = this.#world.faultAt({ actor, port: "delivery", method: "receive" }, actor);
      const copies = fault?.kind === "delivery lost" ? 0 : fault?.kind === "delivery duplicated" ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const process = this.#world.start(actor, delivery.body);
        this.#world.note(`${actor} ${process.id} gets ${delivery.body}, delivery ${delivery.receiveCount}`);
        void this.#handle(process, queue, delivery).catch(() => this.#world.end(process));
      }
    }
  }

  sweep(): void {
    const process = this.#world.start("sweeper");
    void sweep(process.engine)
      .catch(() => {})
      .finally(() => this.#world.end(process));
  }

  async #handle(process: SimProcess, queue: SimQueue, delivery: Delivery): Promise<void> {
    const { body, receipt, receiveCount } = delivery;
    const { clock } = this.#world.outside;
    const endsAt = clock.now() + (this.#program.invocationMs ?? Number.POSITIVE_INFINITY);
    const over = new AbortController();
    void this.#stopAt(process, endsAt, over.signal);
    const call = async (port: string, method: string, args: readonly unknown[], act: () => Promise<void>) => {
      await this.#world.call(process, port, method, args, act);
    };
    const host: Host = {
      remainingMs: () => endsAt - clock.now(),
      receiveCount,
      extend: async (ms) => await call("host", "extend", [ms], async () => await queue.extend(receipt, ms)),
    };
    try {
      const disposition = await this.#act(process, body, host);
      if (disposition.done) await call("queue", "remove", [], async () => await queue.remove(receipt));
      else {
        const { retryInMs } = disposition;
        await call("queue", "extend", [retryInMs], async () => await queue.extend(receipt, retryInMs));
      }
    } finally {
      over.abort(OVER);
    }
    this.#world.end(process);
  }

  async #act({ actor, engine }: SimProcess, body: string, host: Host): Promise<Disposition> {
    await this.#world.lookAt(body);
    if (actor === "dead letters") return await handleDeadLetter(engine, body);
    if (actor === "worker") this.activations += 1;
    return await handleMessage(engine, body, host);
  }

  async #stopAt(process: SimProcess, endsAt: number, over: AbortSignal): Promise<void> {
    if (endsAt === Number.POSITIVE_INFINITY) return;
    await this.#world.outside.clock.sleep(endsAt - this.#world.outside.clock.now(), over);
    if (!over.aborted) this.#world.kill(process);
  }
}
