import { MemoryBlobs } from "../../lib/local/memory-blobs.ts";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteBlobs } from "../../lib/local/sqlite/sqlite-blobs.ts";
import { describeBlobs } from "../conformance/blobs.ts";

describeBlobs("memory blobs", () => ({ blobs: new MemoryBlobs(), wait: async () => {} }));

describeBlobs("SQLite blobs", () => {
  const database = openDatabase(":memory:");
  return { blobs: new SqliteBlobs(database), wait: async () => {}, dispose: () => database.close() };
});
