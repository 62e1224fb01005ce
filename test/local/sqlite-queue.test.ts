import { expect, test } from "vitest";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteQueue } from "../../lib/local/sqlite/sqlite-queue.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import { describeDeadLetters, describeQueue } from "../conformance/queue.ts";
import { describeLocalQueue } from "./local-queue.ts";

const makeSubject = () => {
  const clock = new VirtualClock();
  const database = openDatabase(":memory:");
  const queue = new SqliteQueue(database, "activations", { clock });
  return { clock, queue, wait: (ms: number) => clock.advance(ms), dispose: () => database.close() };
};

describeQueue("SQLite queue", makeSubject);
describeLocalQueue("SQLite queue of a worker loop", makeSubject);
describeDeadLetters("SQLite queue with dead letters", () => {
  const clock = new VirtualClock();
  const database = openDatabase(":memory:");
  const deadLetters = new SqliteQueue(database, "dead", { clock });
  const queue = new SqliteQueue(database, "activations", {
    clock,
    deadLetters: { queue: deadLetters, maxReceives: 3 },
  });
  return {
    queue,
    deadLetters,
    maxReceives: 3,
    wait: (ms) => clock.advance(ms),
    dispose: () => database.close(),
  };
});

test("queues of other names in one database do not see a message, nor remove it by its receipt", async () => {
  using database = openDatabase(":memory:");
  const clock = new VirtualClock();
  const [one, other] = [
    new SqliteQueue(database, "one", { clock }),
    new SqliteQueue(database, "other", { clock }),
  ];
  await one.send("mine");
  expect(await other.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })).toEqual([]);
  const [delivery] = await one.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 });
  await other.remove(delivery?.receipt ?? "");
  await clock.advance(1_000);
  expect(await one.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })).toMatchObject([{ body: "mine" }]);
});
