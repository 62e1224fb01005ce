import { describe, expect, it } from "vitest";
import { MAX_LOCAL_EVENTS } from "../../lib/limits.ts";
import { silentLog } from "../../lib/local/console-log.ts";
import { MemoryEvents } from "../../lib/local/memory-events.ts";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteEvents } from "../../lib/local/sqlite/sqlite-events.ts";
import { anEvent, describeEvents } from "../conformance/events.ts";

describeEvents("events in memory", () => {
  const events = new MemoryEvents();
  return { events, taken: async () => events.sent, wait: async () => {} };
});

describeEvents("events in SQLite", () => {
  const events = new SqliteEvents(openDatabase(":memory:"), silentLog);
  return { events, taken: async () => events.kept(), wait: async () => {} };
});

describe("events in SQLite", () => {
  it("are kept once each, however often they are put, and said once in the log, without their detail", async () => {
    const said: unknown[] = [];
    const log = { ...silentLog, info: (...args: unknown[]) => said.push(args) };
    const events = new SqliteEvents(openDatabase(":memory:"), log);
    const event = anEvent({ detail: { card: "secret" } });
    for (let times = 0; times < 3; times += 1) await events.put([event]);
    expect(events.kept()).toEqual([event]);
    expect(said).toHaveLength(1);
    expect(JSON.stringify(said)).toContain(event.id);
    expect(JSON.stringify(said)).not.toContain("secret");
  });

  it("are bounded: the oldest go", async () => {
    const events = new SqliteEvents(openDatabase(":memory:"), silentLog);
    const put = Array.from({ length: MAX_LOCAL_EVENTS + 5 }, () => anEvent({ detail: null }));
    await events.put(put);
    expect(events.kept().map(({ id }) => id)).toEqual(put.slice(5).map(({ id }) => id));
  });
});
