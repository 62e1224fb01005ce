// GET /runs/{id}/journal/saved: what `replayAll` of perdure/testing reads, of runs that are really there.
import { randomBytes } from "node:crypto";
import { collectJournal, replayAll } from "perdure/testing";
import { describe, expect, test } from "vitest";
import { liveJournals } from "../../examples/guides/live-journals.ts";
import { RunDetail, SavedJournalPage } from "../../lib/api/answers.ts";
import { JOURNAL_PAGE, MAX_VALUE_BYTES } from "../../lib/limits.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { saveJournal } from "../../lib/testing/saved-journal.ts";
import { type Bench, openBench, readJson } from "./bench.ts";
import { approve, fail, greet } from "./samples.ts";

/** Characters that no compression makes less of. */
function noise(chars: number, seed: number): string {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return String.fromCodePoint(0x4e00 + ((state >>> 16) % 20_000));
  };
  return Array.from({ length: chars }, next).join("");
}

const LARGE_CHARS = 500_000;
const heavy = workflow("heavy", async (ctx, seed) => {
  const parts = await Promise.all(
    [1, 2, 3, 4, 5].map((part) => ctx.step(`part ${part}`, () => noise(LARGE_CHARS, part))),
  );
  return parts.length + Number(typeof seed);
});

async function ended({ get }: Bench, runId: string): Promise<void> {
  let isOpen = true;
  while (isOpen) isOpen = (await readJson(RunDetail, get(`/runs/${runId}?wait=5s`))).closedAt === undefined;
}

async function collected({ get }: Bench, runId: string) {
  const parts: SavedJournalPage[] = [];
  const journal = await collectJournal(async (after) => {
    const query = after === undefined ? "" : `?after=${after}`;
    const answer = await get(`/runs/${runId}/journal/saved${query}`);
    const text = await answer.clone().text();
    // Lambda's own limit.
    expect(text.length).toBeLessThan(6_000_000);
    const part = await readJson(SavedJournalPage, Promise.resolve(answer));
    parts.push(part);
    return part;
  });
  return { journal, parts };
}

describe("a journal that is saved through the API", () => {
  test("is one answer, which replays as it is", async () => {
    const bench = openBench([greet]);
    const runId = await bench.start("greet", { who: "Ada" });
    await ended(bench, runId);
    const before = bench.writes.length;
    const part = await readJson(SavedJournalPage, bench.get(`/runs/${runId}/journal/saved`));
    expect(part).toMatchObject({ runId, workflow: "greet", status: "succeeded", after: 2, more: false });
    expect(await replayAll([JSON.parse(JSON.stringify(part))], [greet])).toMatchObject({ entries: 1 });
    expect((await collected(bench, runId)).journal).toEqual(await saveJournal(bench.engine, runId));
    expect(bench.writes.slice(before)).toEqual([]);
  });

  test("is there for a run that waits, and for one that has failed, without its stacks", async () => {
    const bench = openBench([approve, fail]);
    const [waiting, failed] = [await bench.start("approve", null), await bench.start("fail", null)];
    await ended(bench, failed);
    const journals = [await collected(bench, waiting), await collected(bench, failed)];
    expect(JSON.stringify(journals)).toContain("the card was stolen");
    expect(JSON.stringify(journals)).not.toMatch(/file:|\.ts:\d/);
    expect(
      await replayAll(
        journals.map(({ journal }) => journal),
        [approve, fail],
      ),
    ).toMatchObject({
      journals: 2,
    });
  });

  test("comes in parts that fit an answer when its values are large, values that lie elsewhere included", async () => {
    const bench = openBench([heavy]);
    const runId = await bench.start("heavy", noise(LARGE_CHARS, 7));
    await ended(bench, runId);
    const { journal, parts } = await collected(bench, runId);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ input }) => input !== undefined)).toEqual(parts.map((_, i) => i === 0));
    for (const { checkpoints } of parts)
      expect(JSON.stringify(checkpoints).length).toBeLessThan(MAX_VALUE_BYTES + 100_000);
    expect(JSON.stringify(journal)).not.toContain('"blob"');
    expect(await replayAll([journal], [heavy])).toMatchObject({ entries: 5 });
    await expect(replayAll([parts[0] as never], [heavy])).rejects.toThrow("one part of a large journal");
  });

  test("comes on although one entry alone is more than a part", async () => {
    // Saved compressed and in base64: what nothing compresses and is in base64 already becomes a little more.
    const largest = randomBytes((MAX_VALUE_BYTES / 4 - 10) * 3).toString("base64");
    const huge = workflow("huge", async (ctx) => {
      await ctx.step("first", () => largest);
      await ctx.step("second", () => largest);
    });
    const bench = openBench([huge]);
    const runId = await bench.start("huge", null);
    await ended(bench, runId);
    const { journal, parts } = await collected(bench, runId);
    const sizes = parts.map(({ checkpoints }) => JSON.stringify(checkpoints).length);
    expect(Math.max(...sizes)).toBeGreaterThan(MAX_VALUE_BYTES);
    expect(await replayAll([journal], [huge])).toMatchObject({ entries: 2 });
  });

  test("comes in parts that are read in a few pages, however many entries it has", async () => {
    const steps = JOURNAL_PAGE.most + 5;
    const long = workflow("long", async (ctx) => {
      for (let i = 0; i < steps; i += 1) await ctx.step("step", () => i);
    });
    const bench = openBench([long]);
    const runId = await bench.start("long", null);
    await ended(bench, runId);
    const { journal, parts } = await collected(bench, runId);
    expect(parts.map(({ more }) => more)).toEqual([true, false]);
    expect(await replayAll([journal], [long])).toMatchObject({ entries: steps });
  });

  test("is there for all runs that are open, for a report of the branches that they need", async () => {
    const bench = openBench([approve, greet]);
    const open = new Set<string>();
    // More than a page of the list.
    for (let count = 0; count < 25; count += 1) open.add(await bench.start("approve", count));
    const closed = await bench.start("approve", "closed");
    await bench.post(`/runs/${closed}/terminate`, {});
    const journals = await liveJournals("approve", bench.get);
    expect(new Set(journals.map(({ runId }) => runId))).toEqual(open);
    expect(await replayAll(journals, [approve], { history: "needed" })).toMatchObject({ journals: 25 });
    await expect(liveJournals("approve", async () => bench.get("/nix"))).rejects.toThrow("404");
  });

  test("is refused when the parts do not go on, or are something else", async () => {
    const bench = openBench([greet]);
    const runId = await bench.start("greet", { who: "Ada" });
    await ended(bench, runId);
    const part = await readJson(SavedJournalPage, bench.get(`/runs/${runId}/journal/saved`));
    await expect(collectJournal(async () => ({ ...part, more: true }))).rejects.toThrow(
      "no part follows position 2",
    );
    await expect(collectJournal(async () => ({ code: "E_RUN_NOT_FOUND" }))).rejects.toThrow("E_CORRUPT");
    expect((await bench.get("/runs/nix/journal/saved")).status).toBe(404);
    expect((await bench.get(`/runs/${runId}/journal/saved?after=x`)).status).toBe(400);
  });
});
