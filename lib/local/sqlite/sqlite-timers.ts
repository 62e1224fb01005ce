// Timers on the table `timer`. A due timer becomes a message in the transaction that deletes it, so it fires once even
// when the process is killed in between.
import type { Clock } from "../../ports/clock.ts";
import type { Timer } from "../../ports/timers.ts";
import { Listeners } from "../listeners.ts";
import { type LocalTimers, MAX_TIMERS_COLLECTED } from "../local-timers.ts";
import type { Database } from "./database.ts";
import { integerOf, textOf } from "./row.ts";
import type { SqliteQueue } from "./sqlite-queue.ts";

export class SqliteTimers implements LocalTimers {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #queue: SqliteQueue;
  readonly #statements;
  readonly #listeners = new Listeners();

  /** `queue` is where the messages of due timers go; it must lie in the same database. */
  constructor(database: Database, { clock, queue }: { readonly clock: Clock; readonly queue: SqliteQueue }) {
    this.#database = database;
    this.#clock = clock;
    this.#queue = queue;
    this.#statements = {
      arm: database.prepare(
        "INSERT INTO timer (name, fire_at, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      ),
      disarm: database.prepare("DELETE FROM timer WHERE name = ?"),
      due: database.prepare("SELECT name, message FROM timer WHERE fire_at <= ? ORDER BY fire_at LIMIT ?"),
      next: database.prepare("SELECT fire_at FROM timer ORDER BY fire_at LIMIT 1"),
    };
  }

  async arm({ name, fireAt, message }: Timer): Promise<void> {
    this.#statements.arm.run(name, Math.ceil(fireAt), message);
    this.#listeners.notify();
  }

  async disarm(name: string): Promise<void> {
    this.#statements.disarm.run(name);
  }

  async collectDue(): Promise<number> {
    const now = this.#clock.now();
    if ((this.nextFireAt() ?? Number.POSITIVE_INFINITY) > now) return 0;
    const collected = this.#database.write(() => {
      const due = this.#statements.due.all(now, MAX_TIMERS_COLLECTED);
      for (const timer of due) {
        this.#queue.put(textOf(timer, "message"), now);
        this.#statements.disarm.run(textOf(timer, "name"));
      }
      return due.length;
    });
    if (collected > 0) this.#queue.announce();
    return collected;
  }

  nextFireAt(): number | undefined {
    const row = this.#statements.next.get();
    return row === undefined ? undefined : integerOf(row, "fire_at");
  }

  onArm(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }
}
