// The local server, the product's own process on one SQLite file. Its API is its only door, as it is for anybody.
import path from "node:path";
import { silentLog } from "../../lib/local/console-log.ts";
import { createLocalPorts } from "../../lib/local/local-ports.ts";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SystemClock } from "../../lib/local/system-clock.ts";
import { startServerProcess } from "../kill/server-process.ts";
import { lockedNowAndThen } from "./file-lock.ts";
import type { Place, PlaceOptions } from "./place.ts";
import { Slot } from "./slot.ts";

const WORKFLOWS = path.join(import.meta.dirname, "workflows.ts");

export async function openSqlitePlace(options: PlaceOptions): Promise<Place> {
  const { folder, effectsFile, watch } = options;
  const dataFile = path.join(folder, "perdure.db");
  const server = new Slot({
    ...options,
    name: "server",
    start: async (generation) =>
      await startServerProcess({
        files: [WORKFLOWS],
        dataFile,
        env: { CHAOS_EFFECTS: effectsFile, CHAOS_PROCESS: generation },
        logFile: path.join(folder, "server.log"),
        onProcess: watch,
      }),
  });
  await server.ready();
  const database = lockedNowAndThen(dataFile, options);
  return {
    request: async (address, init) => await fetch((await server.ready()).url + address, init),
    workers: [server],
    database,
    standstills: database.spans,
    inFlight: 60,
    stop: async () => await server.stop(),
    read: async () => {
      await server.stop();
      const opened = openDatabase(dataFile);
      const { ports } = createLocalPorts(opened, new SystemClock(), silentLog);
      return { store: ports.store, blobs: ports.blobs, close: () => opened.close() };
    },
  };
}
