// What a run tells the outside while it goes on: its state, its attributes, its events.
import { describe, expect, it } from "vitest";
import {
  asCheckpoint,
  cancelRun,
  forkRun,
  readState,
  retryRun,
  startRun,
  terminateRun,
  unpack,
} from "../../lib/engine/index.ts";
import type { OutgoingEvent } from "../../lib/ports/events.ts";
import type { Checkpoint, EventEmitted } from "../../lib/ports/journal.ts";
import { isClosed } from "../../lib/ports/run.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";
import { isPlain, under, unlessPlain } from "./modes.ts";

async function stateOf(lab: Lab, runId: string): Promise<unknown> {
  const state = await readState(lab.engine, runId);
  return state === undefined ? undefined : await unpack(state.value, lab.blobs);
}

/** Run ids that a list with these attributes shows. */
async function found(lab: Lab, attributes: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { runs } = await lab.store.index.list({ workflows: ["w"], attributes, limit: 10 });
  return runs.map(({ runId }) => runId);
}

async function closed(lab: Lab, runId: string): Promise<void> {
  await lab.until(async () => isClosed((await lab.run(runId)).status));
}

/** What a listener that drops doubles by the id sees. */
function heard(events: readonly OutgoingEvent[]): readonly OutgoingEvent[] {
  return [...new Map(events.toReversed().map((event) => [event.id, event])).values()].toReversed();
}

describe("a published state", () => {
  it("is read while the run waits, and does not wake it", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.publish({ stage: "packing", since: new Date(0) });
      await ctx.sleep("long", "30 days");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const before = await lab.run(runId);
    expect(before.status).toBe("suspended");
    expect(await stateOf(lab, runId)).toEqual({ stage: "packing", since: new Date(0) });
    expect((await readState(lab.engine, runId))?.at).toBe(lab.clock.now());
    await lab.settle();
    expect(await lab.run(runId)).toEqual(before);
    expect(await readState(lab.engine, "run_none")).toBeUndefined();
  });

  it("is shown while the activation still works", async () => {
    const seen: unknown[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.publish("first");
      await ctx.step("look", async () => seen.push(await stateOf(lab, ctx.runId)));
    });
    const lab: Lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(seen).toEqual(["first"]);
  });

  it("is as it was at the time of the call", async () => {
    const w = workflow("w", async (ctx) => {
      const state = { stage: "one" };
      const published = ctx.publish(state);
      state.stage = "two";
      await published;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    expect(await stateOf(lab, runId)).toEqual({ stage: "one" });
  });

  it("is the last of several, written once for those of one checkpoint", {
    skip: unlessPlain("it counts writes"),
  }, async () => {
    const w = workflow("w", async (ctx) => {
      await Promise.all([1, 2, 3].map((n) => ctx.publish(n)));
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    expect(await stateOf(lab, runId)).toBe(3);
    expect(lab.counts.get("journal.putNote")).toBe(1);
  });

  it("is the last one in the end and never goes back, wherever a process dies", async () => {
    const w = workflow("w", async (ctx) => {
      for (let n = 1; n <= 3; n += 1) {
        await ctx.publish(n);
        await ctx.sleep("a while", "1 minute");
      }
      // The code does not wait for its last word.
      void ctx.publish(4);
      return "done";
    });
    const calls = await everyCrash(async (watch, where) => {
      const lab = new Lab([w]);
      let latest = 0;
      lab.watch = async (call) => {
        const shown = ((await stateOf(lab, runId)) ?? 0) as number;
        expect(shown, where).toBeGreaterThanOrEqual(latest);
        latest = shown;
        return await watch(call);
      };
      const runId = await lab.start(w);
      expect(await lab.result(runId), where).toBe("done");
      expect(await stateOf(lab, runId), where).toBe(4);
      await checkInvariants(lab, runId);
    });
    expect(calls).toBeGreaterThan(20);
  });

  it("that cannot be stored rejects its call, and the one before it stays", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.publish("good");
      const why: string[] = [];
      for (const bad of [() => 1, "x".repeat(300_000)])
        await ctx.publish(bad).catch((error: Error) => why.push(error.message));
      return why;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const [first, second] = (await lab.result(runId)) as string[];
    expect(first).toContain("E_NOT_SERIALIZABLE");
    expect(second).toMatch(/E_TOO_LARGE .* 300002 bytes as text, the most is 262144/);
    expect(await stateOf(lab, runId)).toBe("good");
  });

  it("of a run that is forked or retried is what its entries say", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.publish("one");
      await ctx.publish("two");
      await ctx.step("fail", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("no");
    expect(await stateOf(lab, (await forkRun(lab.engine, { runId, after: 1 })).runId)).toBe("one");
    expect(await stateOf(lab, (await retryRun(lab.engine, { runId })).runId)).toBe("two");
  });
});

describe("attributes", () => {
  it("are what lists find runs by, from the time the run is left", async () => {
    const w = workflow("w", async (ctx, input) => {
      await ctx.setAttributes({ customer: String(input), total: 12.5, express: true });
      await ctx.sleep("long", "30 days");
      await ctx.setAttributes({ express: null, stage: "sent" });
      await ctx.sleep("longer", "30 days");
    });
    const lab = new Lab([w]);
    const [one, two] = [await lab.start(w, "c-1"), await lab.start(w, "c-2")];
    await lab.settle();
    expect(await found(lab, { customer: "c-1" })).toEqual([one]);
    expect(await found(lab, { total: "12.5", express: "true" })).toHaveLength(2);
    expect(await found(lab, { customer: "c-1", total: "13" })).toEqual([]);
    await lab.pass(31 * 86_400_000);
    expect(await found(lab, { express: "true" })).toEqual([]);
    expect(await found(lab, { stage: "sent", customer: "c-2" })).toEqual([two]);
    expect((await lab.run(one)).attributes).toEqual({ customer: "c-1", total: 12.5, stage: "sent" });
  });

  it("that came with the start stay beside those that the code sets", async () => {
    const w = workflow("w", async (ctx) => ctx.setAttributes({ stage: "new" }));
    const lab = new Lab([w]);
    const attributes = { source: "web", stage: "unknown" };
    const { run } = await startRun(lab.engine, { workflow: "w", input: null, attributes });
    expect(await found(lab, { stage: "unknown" })).toEqual([run.runId]);
    await lab.result(run.runId);
    expect((await lab.run(run.runId)).attributes).toEqual({ source: "web", stage: "new" });
  });

  it("are right in the end, wherever a process dies", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.setAttributes({ a: 1, b: 1 });
      await ctx.sleep("a while", "1 minute");
      await ctx.setAttributes({ b: null, c: 2 });
      await ctx.sleep("a while", "1 minute");
      // The code does not wait for it.
      void ctx.setAttributes({ c: 3 });
    });
    const calls = await everyCrash(async (watch, where) => {
      const lab = new Lab([w]);
      lab.watch = watch;
      const runId = await lab.start(w);
      await lab.result(runId);
      expect((await lab.run(runId)).attributes, where).toEqual({ a: 1, c: 3 });
    });
    expect(calls).toBeGreaterThan(15);
  });

  it("of a run that is ended from outside are those that its journal has", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.setAttributes({ a: 1 });
      await ctx.step("long", () => new Promise(() => {}));
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await terminateRun(lab.engine, { runId });
    expect((await lab.run(runId)).attributes).toEqual({ a: 1 });
  });

  it("that would be too many reject their call, on a replay as well, and those before stay", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.setAttributes({ a: "x".repeat(900) });
      const why = await ctx.setAttributes({ b: "y".repeat(900) }).catch((error: Error) => error.message);
      await ctx.setAttributes({ a: null });
      await ctx.setAttributes({ b: "y".repeat(900) });
      await ctx.sleep("long", "1 hour");
      return why;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toMatch(/E_BAD_OPTION .*1815 bytes as JSON.*1024/);
    expect((await lab.run(runId)).attributes).toEqual({ b: "y".repeat(900) });
  });

  it.each([
    [{ "two words": 1 }, '"two words" cannot be a name'],
    [{ ["n".repeat(65)]: 1 }, "at most 64 in all"],
    [{ when: new Date(0) }, "or 0, of either sign, true or false, or null to take it away"],
    [{ sum: Number.NaN }, '"sum" is NaN'],
    [[1], "must be an object of names and values"],
    [undefined, "must be an object of names and values"],
  ])("that cannot be any are refused, and why is named: case %#", async (attributes, why) => {
    const w = workflow("w", async (ctx) =>
      ctx.setAttributes(attributes as never).catch((error: Error) => error.message),
    );
    const lab = new Lab([w]);
    const message = await lab.result(await lab.start(w));
    expect(message).toContain("E_BAD_OPTION  ctx.setAttributes");
    expect(message).toContain(why);
  });

  it("of a run that is forked are those of its entries and of the start", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.setAttributes({ stage: "one" });
      await ctx.setAttributes({ stage: "two", late: true });
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([w]);
    const attributes = { source: "web" };
    const { run } = await startRun(lab.engine, { workflow: "w", input: null, attributes });
    await lab.settle();
    const forked = await forkRun(lab.engine, { runId: run.runId, after: 1 });
    expect(forked.attributes).toEqual({ source: "web", stage: "one" });
    const afresh = await forkRun(lab.engine, { runId: run.runId, after: 0 });
    expect(afresh.attributes).toEqual({ source: "web" });
  });
});

const orders = workflow("w", async (ctx) => {
  await ctx.emit({ type: "order.placed", detail: { n: 1 }, source: "shop" });
  await ctx.sleep("a while", "1 minute");
  await Promise.all([2, 3].map((n) => ctx.emit({ type: "order.packed", detail: { n } })));
  // The code does not wait for its last word.
  void ctx.emit({ type: "order.sent", detail: { n: 4 } });
  return "done";
});

describe("an emitted event", () => {
  it("has the id of its entry, and is sent once when nothing goes wrong", {
    skip: unlessPlain("in other modes a position differs"),
  }, async () => {
    const lab = new Lab([orders]);
    const runId = await lab.start(orders);
    const startedAt = lab.clock.now();
    await lab.result(runId);
    const entries = await lab.entries(runId);
    const ids = entries.flatMap((entry, i) => (entry.type === "event.emitted" ? [`${runId}/${i + 1}`] : []));
    expect(lab.events.sent.map(({ id }) => id)).toEqual(ids);
    expect(lab.events.sent[0]).toEqual({
      id: `${runId}/1`,
      type: "order.placed",
      source: "shop",
      runId,
      workflow: "w",
      at: startedAt,
      detail: { n: 1 },
    });
    expect(lab.events.sent.map(({ detail }) => (detail as { n: number }).n)).toEqual([1, 2, 3, 4]);
    expect(lab.events.sent[1]?.source).toBe("perdure");
  });

  it("is sent only after it is in the journal, and always under the same id, wherever a process dies (O1)", async () => {
    let doubles = 0;
    const calls = await everyCrash(async (watch, where) => {
      const lab = new Lab([orders]);
      lab.watch = async (call) => {
        if (call.port === "events") {
          const entries = await lab.entries(runId);
          for (const event of call.args[0] as OutgoingEvent[])
            expect((entries[positionOf(event) - 1] as EventEmitted).event, where).toBe(event.type);
        }
        return await watch(call);
      };
      const runId = await lab.start(orders);
      expect(await lab.result(runId), where).toBe("done");
      const { sent } = lab.events;
      expect(
        heard(sent).map(({ detail }) => detail),
        where,
      ).toEqual([1, 2, 3, 4].map((n) => ({ n })));
      // The same in every field, not in the id alone.
      expect(new Set(sent.map((event) => JSON.stringify(event))).size, where).toBe(4);
      doubles += sent.length - 4;
      await checkInvariants(lab, runId);
    });
    expect(calls).toBeGreaterThan(15);
    if (isPlain) expect(doubles).toBeGreaterThan(0);
  });

  it("waits for a bus that is down: the run works on, and is not left before it was sent", {
    skip: under(
      ["suspend-at-every-await", "hand-off-after-every-step"],
      "an activation that leaves at once has nothing to work on",
    ),
  }, async () => {
    const ran: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.emit({ type: "first", detail: 1 });
      await ctx.step("work", () => ran.push("work"));
      return "done";
    });
    const lab = new Lab([w]);
    let isDown = true;
    lab.watch = ({ port }) => {
      if (port === "events" && isDown) throw new Error("the bus is down");
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.settle();
    expect(ran).toEqual(["work"]);
    expect(isClosed((await lab.run(runId)).status)).toBe(false);
    expect(lab.events.sent).toEqual([]);
    isDown = false;
    expect(await lab.result(runId)).toBe("done");
    expect(lab.events.sent.map(({ type }) => type)).toEqual(["first"]);
    expect(ran).toEqual(["work"]);
  });

  it("of a run whose bus never comes back is not lost: the run waits for a person", async () => {
    const lab = new Lab([orders]);
    let isDown = true;
    lab.watch = ({ port }) => {
      if (port === "events" && isDown) throw new Error("the bus is down");
      return "go on";
    };
    const runId = await lab.start(orders);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    expect((await lab.run(runId)).stalled?.code).toBe("E_DEAD_LETTER");
    isDown = false;
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe("done");
    expect(heard(lab.events.sent)).toHaveLength(4);
  });

  it("is sent by who terminates the run, when its process died before it", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.emit({ type: "first", detail: null });
      await ctx.sleep("long", "1 day");
    });
    const lab = new Lab([w]);
    lab.watch = ({ port }) => (port === "events" ? "die before" : "go on");
    const runId = await lab.start(w);
    await lab.settle();
    expect(lab.events.sent).toEqual([]);
    lab.watch = undefined;
    await terminateRun(lab.engine, { runId });
    expect((await lab.run(runId)).status).toBe("cancelled");
    expect(lab.events.sent.map(({ type }) => type)).toEqual(["first"]);
  });

  it("that only a former owner's late entry tells of is sent by who adopts it", async () => {
    const lab = new Lab([orders]);
    lab.watch = async ({ port, method, args }): Promise<Fate> => {
      if (port !== "journal" || method !== "append") return "go on";
      lab.watch = undefined;
      const [runId, checkpoint] = args as [string, Checkpoint];
      await lab.store.journal.append(runId, { ...checkpoint, fence: 0, mark: "former" });
      return "go on";
    };
    expect(await lab.result(await lab.start(orders))).toBe("done");
    expect(heard(lab.events.sent).map(({ detail }) => detail)).toEqual([1, 2, 3, 4].map((n) => ({ n })));
  });

  it("is not sent again by a fork or a retry, which have it in their journals", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.emit({ type: "first", detail: null });
      await ctx.step("fail", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("no");
    const later = [await forkRun(lab.engine, { runId, after: 1 }), await retryRun(lab.engine, { runId })];
    for (const run of later) await closed(lab, run.runId);
    expect(lab.events.sent.map((event) => event.runId)).toEqual([runId]);
  });

  it("that a cancelled run emits while it cleans up is sent", async () => {
    const w = workflow("w", async (ctx) => {
      try {
        await ctx.sleep("long", "1 day");
      } finally {
        await ctx.emit({ type: "order.cancelled", detail: {} });
      }
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await closed(lab, runId);
    expect(lab.events.sent.map(({ type }) => type)).toEqual(["order.cancelled"]);
  });

  it("is plain JSON to who listens", async () => {
    const w = workflow("w", async (ctx) => {
      const detail = { at: new Date(0), none: undefined, list: [1, undefined], "a key": null };
      const emitted = ctx.emit({ type: "first", detail });
      detail.list.push(2);
      await emitted;
    });
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(lab.events.sent[0]?.detail).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      list: [1, null],
      "a key": null,
    });
  });

  it.each([
    [{ type: "t", detail: { a: [new Map()] } }, "E_NOT_SERIALIZABLE", "at `detail.a[0]`, it is not JSON"],
    [{ type: "t", detail: { n: Number.NaN } }, "E_NOT_SERIALIZABLE", "at `detail.n`"],
    [{ type: "t", detail: 10n }, "E_NOT_SERIALIZABLE", "at `detail`"],
    [{ type: "t", detail: "x".repeat(250_000) }, "E_TOO_LARGE", "the most is 245760"],
    [{ type: "t", detail: 1, source: "aws.s3" }, "E_BAD_OPTION", 'do not begin with "aws."'],
    [{ type: "t", detail: 1, source: "" }, "E_BAD_OPTION", "1 to 256 whole characters"],
    [{ type: "t", detail: 1, source: "a \ud83d" }, "E_BAD_OPTION", "whole characters"],
    [{ type: "t", detail: 1, bus: "b" }, "E_BAD_OPTION", '"bus"'],
    [{ type: "", detail: 1 }, "E_BAD_NAME", "event"],
    [{ detail: 1 }, "E_BAD_NAME", "event"],
    [undefined, "E_BAD_NAME", "event"],
  ])("that cannot be one is refused, and why is named: case %#", async (event, code, why) => {
    const w = workflow("w", async (ctx: Context) =>
      ctx.emit(event as never).catch((error: Error) => error.message),
    );
    const lab = new Lab([w]);
    const message = await lab.result(await lab.start(w));
    expect(message).toContain(code);
    expect(message).toContain(why);
    expect(lab.events.sent).toEqual([]);
  });
});

describe("what is stored of it", () => {
  const at = 0;
  const value = { encoding: "json", text: "1" } as const;
  const failure = { name: "Error", message: "no", error: value };
  const entries = {
    "state.published": { id: "state", at, value },
    "attributes.set": { id: "attributes", at, attributes: { a: "x", b: 1, c: true, d: null } },
    "attributes.refused": { id: "attributes", at, failure },
    "event.emitted": { id: "t", at, event: "t", source: "s", value },
    "tx.committed": { id: "t", at },
    "tx.refused": { id: "t", at, failure },
  };
  const read = (entry: object) =>
    asCheckpoint({ first: 1, fence: 1, mark: "m", at, entries: [entry] }, "The item");

  it.each(Object.entries(entries))(
    "is read when it is whole, and by nobody when it is not: %s",
    (type, whole) => {
      expect(read({ type, ...whole })).toBeDefined();
      for (const name of Object.keys(whole))
        for (const instead of [undefined, [], { a: [] }])
          expect(() => read({ type, ...whole, [name]: instead }), name).toThrow("E_CORRUPT");
    },
  );
});

function positionOf({ id }: OutgoingEvent): number {
  return Number(id.slice(id.indexOf("/") + 1));
}
