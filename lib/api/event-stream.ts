// A run's journal as server-sent events. Each `entry` carries its position as id, so a reader that comes back goes on
// where it was. Reads the store like everybody else: a stream works whichever process runs the activation.
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { JOURNAL_PAGE } from "../limits.ts";
import { isClosed, type Run, type RunStatus } from "../ports/run.ts";
import type { Api } from "./api.ts";
import { findRun } from "./find-run.ts";
import { readJournalPage } from "./journal-page.ts";
import { looks } from "./looks.ts";

/** Then the stream ends and the reader comes back by itself: bounds what a forgotten reader costs. */
const MAX_STREAM_MS = 3_600_000;
/** A comment this often finds out whether anybody is still reading, and keeps proxies from cutting the line. */
const HEARTBEAT_MS = 15_000;

export function streamEvents(c: Context, api: Api, run: Run, after: number): Response {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal]);
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => gone.abort());
    const reader: Reader = {
      send: (event, data, id) =>
        stream.writeSSE({ event, data: JSON.stringify(data), ...(id === undefined ? {} : { id }) }),
      beat: async () => void (await stream.write(": still here\n\n")),
    };
    try {
      await follow(api, run, after, signal, reader);
    } catch (error) {
      // The status has been sent: all that can be done is to end, and the reader comes back.
      api.engine.ports.log.error("event stream failed", { run: run.runId, error: String(error) });
    }
  });
}

interface Reader {
  send(event: "entry" | "status" | "end", data: unknown, id?: string): Promise<void>;
  beat(): Promise<void>;
}

async function follow(api: Api, run: Run, after: number, signal: AbortSignal, reader: Reader): Promise<void> {
  const { engine, pollEveryMs } = api;
  const { clock } = engine.ports;
  let position = after;
  let shownStatus: RunStatus | undefined;
  let heardAt = clock.now();
  for await (const look of looks({ clock, waitMs: MAX_STREAM_MS, pollEveryMs, signal })) {
    if (signal.aborted) return;
    const { status } = await findRun(engine, run.runId);
    const page = await readJournalPage(engine, run.runId, position, JOURNAL_PAGE.default);
    for (const entry of page.entries) await reader.send("entry", entry, String(entry.seq));
    position = page.after;
    if (status !== shownStatus) await reader.send("status", { status });
    // META was read first: when it says closed, the journal had its last entry already (J4).
    if (isClosed(status) && !page.more) return await reader.send("end", { after: position });
    if (page.entries.length > 0 || status !== shownStatus) {
      look.soon();
      heardAt = clock.now();
    } else if (clock.now() - heardAt >= HEARTBEAT_MS) {
      await reader.beat();
      heardAt = clock.now();
    }
    shownStatus = status;
  }
}
