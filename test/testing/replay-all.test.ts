// Saved journals against later code: what would stall a run in flight is found before it is deployed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type AnyWorkflow, workflow } from "perdure";
import { createTestEnvironment, replayAll, type SavedJournal } from "perdure/testing";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const effects: string[] = [];
const Input = v.object({ text: v.string() });
const signals = { go: v.instance(Map) };

const old = workflow("w", { input: Input, signals }, async (ctx, { text }) => {
  const charged = await ctx.step("charge", (s) => {
    effects.push("charge");
    if (s.attempt === 1) throw new Error("again");
    return new Date(0);
  });
  // Beyond what the table takes: lies in the blob store, and is put into the saved journal.
  const big = await ctx.step("big", () => Array.from({ length: 9_000 }, (_, i) => (i * 7919) % 10_007));
  await ctx.sleep("pause", "3 days");
  const map = await ctx.waitForSignal("go", { timeout: "1 day" });
  const parcel = await ctx.step("ship", () => "parcel", { on: "shipping" });
  return [charged.getTime(), big.length, text.length, map.get("a"), parcel];
});

/** Saved as a file is: through JSON. */
const throughJson = (journal: SavedJournal): SavedJournal =>
  JSON.parse(JSON.stringify(journal)) as SavedJournal;

async function saved(until: "in flight" | "the end"): Promise<SavedJournal> {
  const environment = createTestEnvironment({ workflows: [old] });
  // Large input lies in an item of its own.
  const run = await environment.start(old, { text: "input ".repeat(20_000) });
  await environment.advance("1 day");
  if (until === "the end") {
    await environment.advance("2 days");
    await run.signal("go", new Map([["a", 1n]]));
    expect(await run.result()).toEqual([0, 9_000, 120_000, 1n, "parcel"]);
  }
  return throughJson(await environment.exportJournal(run.runId));
}

/** The journal with one thing changed, as a hand or a disk may change it; `undefined` takes it away. */
function changed(journal: SavedJournal, pointer: string, value: unknown): SavedJournal {
  const copy = throughJson(journal);
  const keys = pointer.split("/").slice(1);
  const last = keys.pop() ?? "";
  const parent = keys.reduce<object>((object, key) => Reflect.get(object, key) as object, copy);
  Reflect.set(parent, last, value);
  return throughJson(copy);
}

describe("replaying saved journals", () => {
  let ended: SavedJournal;
  let inFlight: SavedJournal;
  let folder: string;
  beforeAll(async () => {
    [ended, inFlight] = [await saved("the end"), await saved("in flight")];
    folder = mkdtempSync(join(tmpdir(), "perdure-journals-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("passes under the code that made them, ended or in flight, and runs no step", async () => {
    effects.length = 0;
    // Nothing of it lies elsewhere.
    expect(JSON.stringify(ended)).not.toMatch(/"blob"|"fact":"input/);
    // And nothing tells of the machine.
    expect(JSON.stringify(ended)).toContain("again");
    expect(JSON.stringify(ended)).not.toMatch(/replay-all\.test\.ts|file:|stack/);
    expect(await replayAll([ended, inFlight], [old])).toEqual({ journals: 2, entries: 12 });
    expect(effects).toEqual([]);
  });

  it("passes under code that does more after what is recorded", async () => {
    const longer = workflow("w", { input: Input, signals }, async (ctx, input) => {
      const result = await old.body(ctx, input);
      await ctx.step("thank", () => "thanks");
      return result;
    });
    expect(await replayAll([ended, inFlight], [longer])).toMatchObject({ journals: 2 });
  });

  it.each([
    [
      "renames a step",
      workflow("w", async (ctx) => ctx.step("pay", () => 1)),
      /entry 1 was step "charge" \(step.retrying\), the code now waits for step "pay"/,
    ],
    [
      "leaves out the end",
      workflow("w", async (ctx) => {
        await ctx.step("charge", () => 1);
        await ctx.step("big", () => 1);
      }),
      /entry 4 was sleep "pause" \(sleep.started\), the code now has already ended/,
    ],
    [
      "asks for something unrecorded",
      workflow("w", async () => new Promise(() => {})),
      /entry 1 was step "charge"/,
    ],
  ])("stops at code that %s, with the journal and both sides named", async (_what, code, sentence) => {
    const replaying = replayAll([inFlight], [code as AnyWorkflow]);
    await expect(replaying).rejects.toThrow(sentence);
    await expect(replaying).rejects.toThrow(
      /^E_NONDETERMINISM {2}Saved journal 1 \(run_\w+\): Run run_\w+ replayed differently/,
    );
    await expect(replaying).rejects.toMatchObject({ code: "E_NONDETERMINISM" });
  });

  it("stops at code that goes on to wait for something unrecorded", async () => {
    const foreign = workflow("w", async (ctx) => {
      await ctx.step("charge", () => 1);
      await ctx.step("big", () => 1);
      await Promise.race([ctx.sleep("pause", "3 days"), new Promise(() => {})]);
      await new Promise(() => {});
    });
    // In flight it still waits for the sleep; ended, the sleep is over and nothing is left to wait for.
    expect(await replayAll([inFlight], [foreign])).toMatchObject({ journals: 1 });
    const slept = throughJson(ended);
    const last = slept.checkpoints.findIndex(({ entries }) =>
      entries.some(({ type }) => type === "sleep.finished"),
    );
    slept.checkpoints.splice(last + 1);
    await expect(replayAll([slept], [foreign])).rejects.toThrow(
      /^E_FOREIGN_AWAIT {2}Saved journal 1 .*waits for something that is not recorded/,
    );
  });

  it("stops at a workflow that is gone", async () => {
    await expect(replayAll([ended], [workflow("other", async () => 1)])).rejects.toThrow(
      /workflow "w", which is not deployed here/,
    );
  });

  it("reads files and folders, and names the file", async () => {
    const path = join(folder, "shipped.json");
    writeFileSync(path, JSON.stringify(ended, null, 2));
    writeFileSync(join(folder, "README.md"), "not a journal");
    expect(await replayAll([path, folder, pathToFileURL(folder)], [old])).toMatchObject({ journals: 3 });
    const renamed = workflow("w", async (ctx) => ctx.step("pay", () => 1));
    await expect(replayAll([folder], [renamed])).rejects.toThrow(
      `E_NONDETERMINISM  Saved journal ${path}: Run`,
    );
    writeFileSync(path, '{ "format": "perdure');
    await expect(replayAll([folder], [old])).rejects.toThrow(`E_CORRUPT  Saved journal ${path} is not JSON.`);
    rmSync(path);
    await expect(replayAll([folder], [old])).rejects.toThrow(
      "There is no journal to replay, so nothing was checked.",
    );
  });

  it.each([
    ["of another format", "/format", "something", /at \/format/],
    ["of a later format", "/formatVersion", 2, /at \/formatVersion/],
    ["without a run id", "/runId", undefined, /at \/runId/],
    ["with bytes that are none", "/input/gzip", "%%%", /at \/input/],
    [
      "with a checkpoint missing",
      "/checkpoints/1/first",
      3,
      /at \/checkpoints\/1\/first, 3 stands where 2 was due/,
    ],
    [
      "with an entry of a type that does not exist",
      "/checkpoints/0/entries/0/type",
      "step.dreamt",
      /at \/checkpoints\/0.*step\.dreamt/,
    ],
    [
      "with an entry without its id",
      "/checkpoints/0/entries/0/id",
      undefined,
      /at \/checkpoints\/0, entry 1.*no usable id/,
    ],
    ["with a time that is text", "/checkpoints/0/entries/0/at", "now", /at \/checkpoints\/0\/entries\/0\/at/],
    ["with a value that was cut", "/checkpoints/1/entries/0/value/text", "[[", /entry 2 .*the value is not/],
  ])("refuses a journal %s, and says where", async (_what, pointer, value, where) => {
    const replaying = replayAll([changed(ended, pointer, value)], [old]);
    await expect(replaying).rejects.toThrow(where);
    await expect(replaying).rejects.toThrow(/^E_(CORRUPT|NEWER_FORMAT) {2}Saved journal 1/);
  });

  it("refuses no journals at all", async () => {
    await expect(replayAll([], [old])).rejects.toThrow("nothing was checked");
  });

  it("exports no run that does not exist", async () => {
    const environment = createTestEnvironment({ workflows: [old] });
    await expect(environment.exportJournal("run_none")).rejects.toThrow("E_RUN_NOT_FOUND");
  });
});
