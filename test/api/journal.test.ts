// GET /runs/{id}/journal and /events: what was recorded, page by page and as it is written.
import { describe, expect, test } from "vitest";
import { EventPage, JournalPage } from "../../lib/api/answers.ts";
import { MAX_VALUE_BYTES } from "../../lib/limits.ts";
import { openBench, readJson } from "./bench.ts";
import { approve, greet, many, patient } from "./samples.ts";

/** Far below the waits asked for: what ends by itself must not end by their time. */
const PROMPT_MS = 10_000;

describe("the journal", () => {
  test("shows what happened, without the engine's own marks", async () => {
    const { start, get, post } = openBench([approve]);
    const runId = await start("approve");
    await post(`/runs/${runId}/signals/decided`, { payload: { ok: true } }, { "idempotency-key": "k" });
    await get(`/runs/${runId}?wait=5s`);
    const page = await readJson(JournalPage, get(`/runs/${runId}/journal`));
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(page).toEqual({
      runId,
      entries: [
        { seq: 1, type: "signal.received", id: "decided", at, signal: "decided", value: { ok: true } },
        { seq: 2, type: "run.succeeded", at, value: true },
      ],
      after: 2,
      more: false,
    });
  });

  test("shows errors by name and message", async () => {
    const { start, get } = openBench([patient]);
    const runId = await start("patient");
    const { entries } = await readJson(EventPage, get(`/runs/${runId}/events?wait=5s`));
    expect(entries[0]).toMatchObject({
      type: "step.retrying",
      attempt: 1,
      error: { name: "RetryableError", message: "busy" },
    });
  });

  test("is read to its end in pages of any size", async () => {
    const { start, get } = openBench([many]);
    const runId = await start("many", { count: 7, size: 1 });
    await get(`/runs/${runId}?wait=5s`);
    for (const limit of [1, 2, 3, 8, 9]) {
      const seqs: number[] = [];
      for (let after = 0, more = true; more; ) {
        const page = await readJson(JournalPage, get(`/runs/${runId}/journal?after=${after}&limit=${limit}`));
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        seqs.push(...page.entries.map(({ seq }) => seq));
        ({ after, more } = page);
      }
      expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });

  test("ends a page early when its values are large", async () => {
    const { start, get } = openBench([many]);
    const runId = await start("many", { count: 3, size: 0.6 * MAX_VALUE_BYTES });
    await get(`/runs/${runId}?wait=20s`);
    const page = await readJson(JournalPage, get(`/runs/${runId}/journal`));
    expect(page).toMatchObject({ after: 1, more: true });
  }, 30_000);

  test("is empty behind its end", async () => {
    const { start, get } = openBench([approve], { works: false });
    const page = await readJson(JournalPage, get(`/runs/${await start("approve")}/journal?after=99`));
    expect(page).toMatchObject({ entries: [], after: 99, more: false });
  });
});

describe("events by long-poll", () => {
  test("come when something is written", { timeout: PROMPT_MS }, async () => {
    const { start, get, post } = openBench([approve]);
    const runId = await start("approve");
    const waiting = get(`/runs/${runId}/events?after=0&wait=20s`);
    await post(`/runs/${runId}/signals/decided`, { payload: { ok: true } });
    const { entries, after } = await readJson(EventPage, waiting);
    expect(entries[0]?.type).toBe("signal.received");
    const rest = await readJson(EventPage, get(`/runs/${runId}/events?after=${after}&wait=20s`));
    expect([...entries, ...rest.entries].at(-1)?.type).toBe("run.succeeded");
  });

  test("end at once for a run that has ended", { timeout: PROMPT_MS }, async () => {
    const { start, get } = openBench([greet]);
    const runId = await start("greet", { who: "Ada" });
    await get(`/runs/${runId}?wait=5s`);
    const page = await readJson(EventPage, get(`/runs/${runId}/events?after=2&wait=20s`));
    expect(page).toMatchObject({ entries: [], status: "succeeded" });
  });

  test("are what a host that cannot stream answers to a stream's request", async () => {
    const { start, get } = openBench([approve], { works: false });
    const response = await get(`/runs/${await start("approve")}/events`, { accept: "text/event-stream" });
    expect(response.headers.get("content-type")).toBe("application/json");
  });
});

describe("events by stream", () => {
  const accept = "text/event-stream";

  test("follow a run to its end", async () => {
    const { start, get, post } = openBench([approve], { stream: true });
    const runId = await start("approve");
    const response = await get(`/runs/${runId}/events`, { accept });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    await post(`/runs/${runId}/signals/decided`, { payload: { ok: true } });
    const events = readEvents(await response.text());
    expect(events.filter(({ event }) => event === "entry").map(({ id }) => id)).toEqual(["1", "2"]);
    expect(events.at(-2)).toMatchObject({ event: "status", data: { status: "succeeded" } });
    expect(events.at(-1)).toMatchObject({ event: "end", data: { after: 2 } });
  });

  test("go on where a reader left", async () => {
    const { start, get } = openBench([many], { stream: true });
    const runId = await start("many", { count: 3, size: 1 });
    await get(`/runs/${runId}?wait=5s`);
    const response = await get(`/runs/${runId}/events?after=0`, { accept, "last-event-id": "2" });
    const entries = readEvents(await response.text()).filter(({ event }) => event === "entry");
    expect(entries.map(({ id }) => id)).toEqual(["3", "4"]);
  });

  test("stop looking when nobody reads", { timeout: PROMPT_MS }, async () => {
    const { app, start } = openBench([approve], { stream: true, works: false });
    const reader = new AbortController();
    const response = await app.request(`/runs/${await start("approve")}/events`, {
      headers: { accept },
      signal: reader.signal,
    });
    const ended = response.text();
    reader.abort();
    expect(await ended).toContain('"status":"pending"');
  });
});

function readEvents(text: string) {
  const blocks = text.split("\n\n").filter((block) => block.startsWith("event:"));
  return blocks.map((block) => {
    const fields = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    );
    return {
      event: fields.get("event"),
      id: fields.get("id"),
      data: JSON.parse(fields.get("data") ?? "null") as unknown,
    };
  });
}
