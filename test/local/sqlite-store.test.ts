import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { describeStore } from "../conformance/store.ts";

describeStore("SQLite store", () => {
  const database = openDatabase(":memory:");
  return { store: new SqliteStore(database), wait: async () => {}, dispose: () => database.close() };
});
