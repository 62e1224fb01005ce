// Takes a SQLite file away from everybody else for a while, as a backup or another program does: a process of its own
// holds the one lock under which anything may be written.
import path from "node:path";
import { startProgram } from "../program.ts";
import type { Span } from "./late.ts";
import type { Absentee, PlaceOptions } from "./place.ts";

const LOCKER = path.join(import.meta.dirname, "locker.ts");

/** And when it was held. */
export type LockedFile = Absentee & { readonly spans: readonly Span[] };

export function lockedNowAndThen(dataFile: string, { complain, watch }: PlaceOptions): LockedFile {
  const spans: Span[] = [];
  return {
    spans,
    ready: async () => {},
    strike: async (awayMs) => {
      const fromMs = Date.now();
      const { ended } = await startProgram({
        command: process.execPath,
        args: [LOCKER, dataFile, String(awayMs)],
        ready: /locked/,
        onProcess: watch,
      });
      const end = await ended;
      spans.push({ fromMs, toMs: Date.now() });
      if (end !== "0") complain(`the process that locked the data file ended with ${end}`);
    },
  };
}
