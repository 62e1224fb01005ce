import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteQueue } from "../../lib/local/sqlite/sqlite-queue.ts";
import { SqliteTimers } from "../../lib/local/sqlite/sqlite-timers.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import { describeTimers } from "../conformance/timers.ts";
import { describeLocalTimers, timersSubject } from "./local-timers.ts";

const makeSubject = () => {
  const clock = new VirtualClock();
  const database = openDatabase(":memory:");
  const queue = new SqliteQueue(database, "activations", { clock });
  const timers = new SqliteTimers(database, { clock, queue });
  return { ...timersSubject(clock, queue, timers), dispose: () => database.close() };
};

describeTimers("SQLite timers", makeSubject);
describeLocalTimers("SQLite timers of a worker loop", makeSubject);
