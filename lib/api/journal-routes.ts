// Routes that read a run's journal: by page, and as it grows.
import * as v from "valibot";
import { JOURNAL_PAGE } from "../limits.ts";
import { isClosed } from "../ports/run.ts";
import { EventPage, JournalPage, SavedJournalPage } from "./answers.ts";
import { streamEvents } from "./event-stream.ts";
import { findRun } from "./find-run.ts";
import { readJournalPage } from "./journal-page.ts";
import { looks } from "./looks.ts";
import { EventsQuery, JournalQuery, RunPath, SavedQuery, waitMsOf } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";
import { readSavedPage } from "./saved-page.ts";

const journal = defineRoute({
  method: "GET",
  path: "/runs/{runId}/journal",
  id: "readJournal",
  summary: "Entries of a run's journal, in order.",
  params: RunPath,
  query: JournalQuery,
  answers: { 200: json(JournalPage, "One page; fewer entries than asked for when they are large.") },
  faults: ["E_RUN_NOT_FOUND"],
  async handle({ params, query, c, api }) {
    await findRun(api.engine, params.runId);
    const { after = 0, limit = JOURNAL_PAGE.default } = query;
    return c.json(await readJournalPage(api.engine, params.runId, after, limit));
  },
});

const savedJournal = defineRoute({
  method: "GET",
  path: "/runs/{runId}/journal/saved",
  id: "saveJournal",
  summary:
    "A run's journal with all that it needs to be replayed against other code (`replayAll` of perdure/testing). With `more` it is a part, and `after` asks for the next.",
  params: RunPath,
  query: SavedQuery,
  answers: { 200: json(SavedJournalPage, "The journal, or a part of one that is large.") },
  faults: ["E_RUN_NOT_FOUND"],
  async handle({ params, query, c, api }) {
    const run = await findRun(api.engine, params.runId);
    return c.json(await readSavedPage(api.engine, run, query.after));
  },
});

const events = defineRoute({
  method: "GET",
  path: "/runs/{runId}/events",
  id: "followRun",
  summary:
    "Entries as they are written. With `Accept: text/event-stream`, where the host can stream, until the run is closed; otherwise the answer comes as soon as there are entries behind `after`, the run is closed or stalled, or the time is up.",
  params: RunPath,
  query: EventsQuery,
  headers: ["Last-Event-ID"],
  answers: {
    200: {
      description:
        "Entries behind `after`. In a stream: `entry` events with the position as id, `status` events, and `end`.",
      content: { "application/json": EventPage, "text/event-stream": v.string() },
    },
  },
  faults: ["E_RUN_NOT_FOUND"],
  async handle({ params, query, c, api }) {
    const { engine, canStream, pollEveryMs } = api;
    const { runId } = params;
    let run = await findRun(engine, runId);
    const after = lastEventId(c.req.header("last-event-id")) ?? query.after ?? 0;
    const wantsStream = c.req.header("accept")?.includes("text/event-stream") ?? false;
    // A HEAD request has nobody to stream to.
    if (canStream && wantsStream && c.req.raw.method === "GET") return streamEvents(c, api, run, after);

    const options = {
      clock: engine.ports.clock,
      waitMs: waitMsOf(query.wait),
      pollEveryMs,
      signal: c.req.raw.signal,
    };
    let page = await readJournalPage(engine, runId, after, JOURNAL_PAGE.default);
    for await (const look of looks(options)) {
      if (page.entries.length > 0 || isClosed(run.status) || run.status === "stalled" || look.isLast) break;
      // META first: when it says closed, the journal has its last entry already (J4).
      run = await findRun(engine, runId);
      page = await readJournalPage(engine, runId, after, JOURNAL_PAGE.default);
    }
    return c.json({ ...page, status: run.status });
  },
});

function lastEventId(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,10}$/.test(header) ? Number(header) : undefined;
}

export const journalRoutes: readonly Route[] = [journal, savedJournal, events];
