// Events in the table `event`: the latest of them, each once, to be looked at. Nobody listens on a laptop; the log says
// that they were sent.
import { MAX_LOCAL_EVENTS } from "../../limits.ts";
import type { Events, OutgoingEvent } from "../../ports/events.ts";
import type { Log } from "../../ports/log.ts";
import type { Database } from "./database.ts";
import { textOf } from "./row.ts";

export class SqliteEvents implements Events {
  readonly #database: Database;
  readonly #log: Log;
  readonly #statements;

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
    this.#statements = {
      put: database.prepare("INSERT INTO event (id, doc) VALUES (?, ?) ON CONFLICT DO NOTHING"),
      trim: database.prepare("DELETE FROM event WHERE number <= (SELECT max(number) FROM event) - :most"),
      all: database.prepare("SELECT doc FROM event ORDER BY number"),
    };
  }

  async put(events: readonly OutgoingEvent[]): Promise<void> {
    const fresh = this.#database.write(() => {
      const added = events.filter(
        (event) => this.#statements.put.run(event.id, JSON.stringify(event)).changes === 1,
      );
      this.#statements.trim.run({ most: MAX_LOCAL_EVENTS });
      return added;
    });
    // Never the detail: it may hold secrets.
    for (const { id, type, source, runId, workflow } of fresh)
      this.#log.info("event", { id, type, source, run: runId, workflow });
  }

  /** The oldest first. */
  kept(): readonly OutgoingEvent[] {
    return this.#statements.all.all().map((row) => JSON.parse(textOf(row, "doc")) as OutgoingEvent);
  }
}
