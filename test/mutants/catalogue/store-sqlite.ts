// The local database (lib/local/sqlite).
import type { Area } from "../mutant.ts";

const journal = "lib/local/sqlite/sqlite-journal.ts";
const queue = "lib/local/sqlite/sqlite-queue.ts";
const STORE = ["test/local/sqlite-store.test.ts"];
const QUEUE = ["test/local/sqlite-queue.test.ts"];
const PROCESSES = ["test/local/sqlite-database.test.ts", "test/local/sqlite-processes.test.ts"];

export const storeSqlite: Area = [
  {
    name: "sqlite: a checkpoint overwrites a taken slot",
    invariant: "J1",
    why: "the last writer wins, and recorded results change",
    file: journal,
    find: "INSERT INTO checkpoint (run_id, first, doc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    replace: "INSERT OR REPLACE INTO checkpoint (run_id, first, doc) VALUES (?, ?, ?)",
    noticedIn: STORE,
  },
  {
    name: "sqlite: a checkpoint does not know its own mark",
    invariant: "J2",
    why: "a write whose answer was lost counts as somebody else's",
    file: journal,
    find: "return existing.mark === mark ? ({ ok: true } as const) : ",
    replace: "return ",
    noticedIn: STORE,
  },
  {
    name: "sqlite: a fact overwrites one under the same key",
    invariant: "J4",
    why: "a step has two results, and a signal two payloads",
    file: journal,
    find: "INSERT INTO fact (run_id, key, at, doc) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    replace: "INSERT OR REPLACE INTO fact (run_id, key, at, doc) VALUES (?, ?, ?, ?)",
    noticedIn: STORE,
  },
  {
    name: "sqlite: a step's claim is taken while it is held",
    invariant: "J1",
    why: "two handlers run one step",
    file: journal,
    find: "WHERE lease_until <= :now",
    replace: "WHERE lease_until <= :now OR :now > 0",
    noticedIn: STORE,
  },
  {
    name: "sqlite: a step's claim is renewed by somebody else",
    invariant: "J1",
    why: "a handler that was replaced believes that it holds the step",
    file: journal,
    find: "WHERE run_id = ? AND seq = ? AND owner = ?",
    replace: "WHERE run_id = ? AND seq = ? AND ? <> ''",
    noticedIn: STORE,
  },
  {
    name: "sqlite: the sweep index hides runs that are due",
    invariant: "W4",
    why: "nothing finds a run whose message was lost",
    file: "lib/local/sqlite/sqlite-index.ts",
    find: "WHERE sweep_at <= ?",
    replace: "WHERE sweep_at > ?",
    noticedIn: STORE,
  },
  {
    name: "sqlite: a commit does not wait for the disk",
    invariant: "J3",
    why: "a power cut takes back what was acknowledged",
    file: "lib/local/sqlite/database.ts",
    find: "PRAGMA synchronous = FULL",
    replace: "PRAGMA synchronous = OFF",
    noticedIn: PROCESSES,
  },
  {
    name: "sqlite: a transaction that fails is not rolled back",
    invariant: "J4",
    why: "half of a change stays",
    file: "lib/local/sqlite/database.ts",
    find: 'if (this.#connection.isTransaction) this.#connection.exec("ROLLBACK");',
    replace: 'if (this.#connection.isTransaction) this.#connection.exec("COMMIT");',
    noticedIn: PROCESSES,
  },
  {
    name: "sqlite: a message shown again is hidden by its former holder",
    invariant: "W2",
    why: "a late renewal takes a message from its new holder",
    file: queue,
    find: "AND queue = ? AND visible_at > ?",
    replace: "AND queue = ? AND ? > 0",
    noticedIn: QUEUE,
  },
  {
    name: "sqlite: a timer fires and stays",
    invariant: "code",
    why: "it fires again and again",
    file: "lib/local/sqlite/sqlite-timers.ts",
    find: 'this.#statements.disarm.run(textOf(timer, "name"));',
    replace: "",
    noticedIn: ["test/local/sqlite-timers.test.ts"],
  },
  {
    name: "sqlite: a timer goes and sends no message",
    invariant: "W3",
    why: "a long sleep ends when the sweeper comes by",
    file: "lib/local/sqlite/sqlite-timers.ts",
    find: 'this.#queue.put(textOf(timer, "message"), now);',
    replace: "",
    noticedIn: ["test/local/sqlite-timers.test.ts"],
  },
];
