// Saved journals against later code: what would stall a run in flight is found before it is deployed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { type AnyWorkflow, BatchError, TerminalError, workflow } from "perdure";
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
    expect(await replayAll([ended, inFlight], [old])).toEqual({ journals: 2, entries: 12, changes: [] });
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

describe("a saved journal", () => {
  it("tells nothing of the machine by the errors in the values of an error either", async () => {
    const fails = workflow("fails", async (ctx) =>
      ctx.map("all", [1, 2], (c) => c.step("s", () => Promise.reject(new TerminalError("again"))), {
        tolerate: 1,
      }),
    );
    const environment = createTestEnvironment({ workflows: [fails] });
    const run = await environment.start(fails, undefined);
    await expect(run.result()).rejects.toBeInstanceOf(BatchError);
    const { checkpoints } = await environment.exportJournal(run.runId);
    const errors = checkpoints
      .flatMap(({ entries }) => entries.map(({ failure }) => failure?.error))
      .map((error) =>
        error !== undefined && "gzip" in error
          ? gunzipSync(Buffer.from(error.gzip, "base64")).toString()
          : JSON.stringify(error),
      );
    expect(errors.at(-1)).toContain("too-many-failures");
    expect(errors.join()).not.toMatch(/replay-all\.test\.ts|file:|"stack"/);
  });
});

describe("the branches that replayed runs need", () => {
  const withRange = (from: number, to: number) =>
    workflow("delivery", { input: v.string() }, async (ctx, input) => {
      await ctx.step("pack", () => "packed");
      if (input === "early") await ctx.sleep("wait for the van", "30 days");
      ctx.version("new van", { from, to });
      await ctx.step("load", () => "loaded");
      await ctx.sleep("drive", "10 days");
      ctx.version("receipt", { from: 0, to: 1 });
      return await ctx.step("hand over", () => "done");
    });
  const unversioned = workflow("delivery", { input: v.string() }, async (ctx) => {
    await ctx.step("pack", () => "packed");
    await ctx.step("load", () => "loaded");
    await ctx.sleep("drive", "10 days");
    return await ctx.step("hand over", () => "done");
  });

  /** A run that the code has begun, and that is so many days old. */
  async function begun(code: AnyWorkflow, days: number, input = "on time"): Promise<SavedJournal> {
    const environment = createTestEnvironment({ workflows: [code] });
    const run = await environment.start(code, input);
    if (days === Number.POSITIVE_INFINITY) await run.result();
    else await environment.advance({ days });
    return throughJson(await environment.exportJournal(run.runId));
  }

  it("are told by change, with how many runs hold each, live ones and closed ones", async () => {
    const now = withRange(0, 3);
    const journals = [
      await begun(unversioned, Number.POSITIVE_INFINITY),
      await begun(withRange(0, 1), 1),
      await begun(withRange(0, 1), 2),
      await begun(withRange(0, 1), Number.POSITIVE_INFINITY),
      await begun(withRange(1, 2), Number.POSITIVE_INFINITY),
      await begun(withRange(1, 3), 1),
      // Has not come there yet: it will take the newest.
      await begun(withRange(0, 1), 1, "early"),
    ];
    const of = { workflow: "delivery" };
    expect((await replayAll(journals, [now])).changes).toEqual([
      {
        ...of,
        change: "new van",
        from: 0,
        to: 3,
        branches: [
          { version: 0, live: 0, closed: 1 },
          { version: 1, live: 2, closed: 1 },
          { version: 2, live: 0, closed: 1 },
          { version: 3, live: 1, closed: 0 },
        ],
        oldestNeeded: 1,
      },
      {
        ...of,
        change: "receipt",
        from: 0,
        to: 1,
        // The first one went past it before there was a branch.
        branches: [
          { version: 0, live: 0, closed: 1 },
          { version: 1, live: 0, closed: 2 },
        ],
        oldestNeeded: 1,
      },
    ]);
  });

  it("are right: code without what is not needed replays the live runs, and code with less does not", async () => {
    const live = [await begun(withRange(0, 1), 1), await begun(withRange(1, 3), 1)];
    const [change] = (await replayAll(live, [withRange(0, 3)])).changes;
    const oldestNeeded = change?.oldestNeeded ?? -1;
    expect(oldestNeeded).toBe(1);
    expect(await replayAll(live, [withRange(oldestNeeded, 3)])).toMatchObject({ journals: 2 });
    await expect(replayAll(live, [withRange(oldestNeeded + 1, 3)])).rejects.toThrow("E_VERSION_UNSUPPORTED");
  });

  it("are the oldest for a live run that went past before there were any, and the newest for nobody", async () => {
    const old = await begun(unversioned, 5);
    expect((await replayAll([old], [withRange(0, 2)])).changes[0]).toMatchObject({
      branches: [{ version: 0, live: 1, closed: 0 }],
      oldestNeeded: 0,
    });
    const atTheDoor = {
      ...old,
      status: "running" as const,
      checkpoints: old.checkpoints.filter(({ entries }) => entries[0]?.["id"] === "pack"),
    };
    expect(atTheDoor.checkpoints).toHaveLength(1);
    expect((await replayAll([atTheDoor], [withRange(0, 2)])).changes).toMatchObject([
      { change: "new van", branches: [], oldestNeeded: 2 },
    ]);
  });
});
