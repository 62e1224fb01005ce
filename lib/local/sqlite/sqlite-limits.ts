// LimitStore on the tables `limiter_holder`, `limiter_waiter` and `pace`.
import type { LimitStore, Standing } from "../../ports/limits.ts";
import type { Database } from "./database.ts";
import { integerOf, textOf } from "./row.ts";

type Request<Method extends keyof LimitStore> = Parameters<LimitStore[Method]>[0];

export class SqliteLimits implements LimitStore {
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = {
      holders: database.prepare("SELECT run_id, taken_at FROM limiter_holder WHERE limiter = ?"),
      take: database.prepare(
        "INSERT INTO limiter_holder (limiter, run_id, taken_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET taken_at = excluded.taken_at",
      ),
      release: database.prepare("DELETE FROM limiter_holder WHERE limiter = ? AND run_id = ?"),
      releaseOf: database.prepare(
        "DELETE FROM limiter_holder WHERE limiter = ?1 AND run_id = ?2 AND (SELECT MAX(taken_at) FROM limiter_holder WHERE limiter = ?1) = ?3",
      ),
      waiters: database.prepare(
        "SELECT run_id, created_at FROM limiter_waiter WHERE limiter = ? ORDER BY created_at, run_id LIMIT ?",
      ),
      enlist: database.prepare(
        "INSERT INTO limiter_waiter (limiter, created_at, run_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      ),
      delist: database.prepare(
        "DELETE FROM limiter_waiter WHERE limiter = ? AND created_at = ? AND run_id = ?",
      ),
      pace: database.prepare("SELECT next_at FROM pace WHERE limiter = ?"),
      setPace: database.prepare(
        "INSERT INTO pace (limiter, next_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET next_at = excluded.next_at",
      ),
    };
  }

  async read({ limiter, waiters: most }: Request<"read">): Promise<Standing> {
    const [holders, waiters] = this.#database.read(() => [
      this.#statements.holders.all(limiter),
      this.#statements.waiters.all(limiter, most),
    ]);
    const taken = holders.map((row) => integerOf(row, "taken_at"));
    return {
      holders: holders.map((row) => textOf(row, "run_id")),
      ...(taken.length === 0 ? {} : { takenAt: Math.max(...taken) }),
      waiters: waiters.map((row) => ({
        runId: textOf(row, "run_id"),
        createdAt: integerOf(row, "created_at"),
      })),
    };
  }

  async take({ limiter, runId, limit, now }: Request<"take">): Promise<boolean> {
    return this.#database.write(() => {
      const holders = this.#statements.holders.all(limiter).map((row) => textOf(row, "run_id"));
      if (!holders.includes(runId) && holders.length >= limit) return false;
      this.#statements.take.run(limiter, runId, Math.floor(now));
      return true;
    });
  }

  async release({ limiter, runId, takenAt }: Request<"release">): Promise<void> {
    if (takenAt === undefined) this.#statements.release.run(limiter, runId);
    else this.#statements.releaseOf.run(limiter, runId, Math.floor(takenAt));
  }

  async enlist({ limiter, runId, createdAt }: Request<"enlist">): Promise<void> {
    this.#statements.enlist.run(limiter, createdAt, runId);
  }

  async delist({ limiter, runId, createdAt }: Request<"delist">): Promise<void> {
    this.#statements.delist.run(limiter, createdAt, runId);
  }

  async reserve({ limiter, now, intervalMs }: Request<"reserve">): Promise<number> {
    return this.#database.write(() => {
      const row = this.#statements.pace.get(limiter);
      const place = Math.max(Math.floor(now), row === undefined ? 0 : integerOf(row, "next_at"));
      this.#statements.setPace.run(limiter, place + intervalMs);
      return place;
    });
  }
}
