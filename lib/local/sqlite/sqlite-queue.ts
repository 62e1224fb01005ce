// Queue on the table `message`; several queues share it, each under its name. A message is taken by one transaction,
// so two processes never receive the same delivery; `onSend` tells only of this process, others are found by polling.
import { MAX_QUEUE_DELAY_MS } from "../../limits.ts";
import type { Delivery } from "../../ports/queue.ts";
import { Listeners } from "../listeners.ts";
import {
  type LocalQueue,
  type LocalQueueOptions,
  type ReceiveOptions,
  readReceipt,
  receiveWithin,
  visibleAfter,
  writeReceipt,
} from "../local-queue.ts";
import type { Database } from "./database.ts";
import { integerOf, textOf } from "./row.ts";

export class SqliteQueue implements LocalQueue {
  readonly maxDelayMs = MAX_QUEUE_DELAY_MS;
  readonly name: string;
  readonly #database: Database;
  readonly #options: LocalQueueOptions<SqliteQueue>;
  readonly #statements;
  readonly #listeners = new Listeners();

  constructor(database: Database, name: string, options: LocalQueueOptions<SqliteQueue>) {
    this.#database = database;
    this.name = name;
    this.#options = options;
    this.#statements = prepareStatements(database);
  }

  async send(body: string, delayMs = 0): Promise<void> {
    this.put(body, visibleAfter(this.#options.clock, delayMs));
    this.announce();
  }

  async receive(options: ReceiveOptions): Promise<Delivery[]> {
    return await receiveWithin(this, this.#options.clock, options, () => this.#take(options));
  }

  async extend(receipt: string, visibilityMs: number): Promise<void> {
    const { id, receives } = readReceipt(receipt);
    const now = this.#options.clock.now();
    this.#statements.extend.run(Math.ceil(now + visibilityMs), id, receives, this.name, now);
    this.announce();
  }

  async remove(receipt: string): Promise<void> {
    const { id, receives } = readReceipt(receipt);
    this.#statements.remove.run(id, receives, this.name);
  }

  nextVisibleAt(): number | undefined {
    const row = this.#statements.next.get(this.name);
    return row === undefined ? undefined : integerOf(row, "visible_at");
  }

  onSend(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** One statement, so that it can be part of somebody's transaction; who calls it calls `announce` after the commit. */
  put(body: string, visibleAt: number): void {
    this.#statements.put.run(this.name, body, visibleAt);
  }

  announce(): void {
    this.#listeners.notify();
  }

  #take({ max, visibilityMs }: ReceiveOptions): Delivery[] {
    const now = this.#options.clock.now();
    // An idle queue is polled without a write lock.
    if ((this.nextVisibleAt() ?? Number.POSITIVE_INFINITY) > now) return [];
    const { deadLetters } = this.#options;
    const { buried, rows } = this.#database.write(() => ({
      buried:
        deadLetters === undefined
          ? 0
          : this.#statements.bury.run(deadLetters.queue.name, this.name, now, deadLetters.maxReceives)
              .changes,
      rows: this.#statements.take.all(Math.ceil(now + visibilityMs), this.name, now, max),
    }));
    if (buried !== 0) deadLetters?.queue.announce();
    return rows.map((row) => {
      const receives = integerOf(row, "receives");
      const receipt = writeReceipt({ id: integerOf(row, "id"), receives });
      return { body: textOf(row, "body"), receipt, receiveCount: receives };
    });
  }
}

function prepareStatements(database: Database) {
  return {
    put: database.prepare("INSERT INTO message (queue, body, visible_at) VALUES (?, ?, ?)"),
    next: database.prepare("SELECT visible_at FROM message WHERE queue = ? ORDER BY visible_at LIMIT 1"),
    bury: database.prepare(
      "UPDATE message SET queue = ?, receives = 0 WHERE queue = ? AND visible_at <= ? AND receives >= ?",
    ),
    take: database.prepare(`
      UPDATE message SET visible_at = ?, receives = receives + 1
      WHERE id IN (SELECT id FROM message WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?)
      RETURNING id, body, receives`),
    // As on SQS, only what is hidden can be hidden longer: what shows again is anybody's.
    extend: database.prepare(
      "UPDATE message SET visible_at = ? WHERE id = ? AND receives = ? AND queue = ? AND visible_at > ?",
    ),
    remove: database.prepare("DELETE FROM message WHERE id = ? AND receives = ? AND queue = ?"),
  };
}
