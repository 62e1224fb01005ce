// F4: a fact is used up when the journal says so and not a moment before, however little of the journal one knows.
import { describe, expect, it } from "vitest";
import { completeCallback } from "../../lib/engine/index.ts";
import { callbackFactKey } from "../../lib/engine/kinds/callback.ts";
import { childFactKey } from "../../lib/engine/kinds/child.ts";
import { replay } from "../../lib/engine/replay.ts";
import { usedUp } from "../../lib/engine/used-up.ts";
import type { Entry, Fact } from "../../lib/ports/journal.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { Lab } from "./lab.ts";

const NOTHING = { notes: [], stepClaims: [], noted: new Set<string>() };

const half = workflow("half", async (ctx, input) => ctx.step("work", () => (input as number) / 2));

/** Whether an entry, at a position, is what became of a fact. */
function uses(fact: Fact, entry: Entry, at: number, dispatched: string | undefined): boolean {
  switch (fact.kind) {
    case "signal":
      return "fact" in entry && entry.fact === fact.key;
    case "callback":
      return entry.type === "callback.completed" && callbackFactKey(entry.id) === fact.key;
    case "child":
      return entry.type === "child.succeeded" && childFactKey(entry.id) === fact.key;
    case "step":
      return at > fact.seq && entry.type === "step.succeeded" && entry.id === dispatched;
    case "token":
      return entry.type === "callback.completed" && entry.id === fact.callback;
    default:
      return false;
  }
}

describe("a fact of the inbox", () => {
  it("is used up from the entry on that says what became of it, in every part of the journal", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", [] as readonly unknown[], async (c, seen, turn) => {
        const item = await c.waitForSignal("item");
        const given = c.waitForCallback("given", async (token) => {
          await completeCallback(lab.engine, token, { ok: true, value: turn });
        });
        const all = await Promise.all([
          given,
          c.runChild("half", half, turn),
          c.step("s", () => turn, { on: "shipping" }),
        ]);
        await c.sleep("rest", "1 day");
        const more = [...seen, item, ...all];
        return turn === 2 ? { done: more } : { next: more };
      }),
    );
    const lab = new Lab([w, half]);
    const facts = new Map<string, Fact>();
    const putFact = lab.store.journal.putFact.bind(lab.store.journal);
    lab.store.journal.putFact = async (runId, fact) => {
      if (runId === parent) facts.set(fact.key, fact);
      return await putFact(runId, fact);
    };
    let parent = "";
    parent = await lab.start(w);
    for (const item of ["a", "b", "c"]) await lab.signal(parent, "item", item, item);
    expect(await lab.result(parent)).toHaveLength(12);

    const run = await lab.run(parent);
    const { checkpoints } = await lab.store.journal.load(parent);
    const entries = checkpoints.flatMap((checkpoint) => checkpoint.entries);
    const ends = new Map(
      [...facts.values()].map((fact) => {
        const dispatch = fact.kind === "step" ? entries[fact.seq - 1] : undefined;
        const id = dispatch !== undefined && "id" in dispatch ? dispatch.id : undefined;
        return [fact.key, entries.findIndex((entry, i) => uses(fact, entry, i + 1, id)) + 1];
      }),
    );
    expect(facts.size).toBe(3 * 5);
    expect([...ends.values()]).not.toContain(0);
    for (let known = 1; known < checkpoints.length; known += 1) {
      const part = checkpoints.slice(0, known);
      const { execution, lastSeq } = await replay(lab.engine, run, { checkpoints: part, facts: [] });
      const { facts: gone } = usedUp(execution, lastSeq, { ...NOTHING, facts: [...facts.values()] });
      const expected = [...ends].filter(([, seq]) => seq <= lastSeq).map(([key]) => key);
      expect(gone.map(({ key }) => key).toSorted(), `known up to ${lastSeq}`).toEqual(expected.toSorted());
    }
  });

  /** Which of these facts are used up for who knows the journal up to and including the first entry that `holds`. */
  async function goneAt(lab: Lab, runId: string, facts: readonly Fact[], holds: (entry: Entry) => boolean) {
    const { checkpoints } = await lab.store.journal.load(runId);
    const last = checkpoints.findIndex(({ entries }) => entries.some(holds));
    expect(last).toBeGreaterThanOrEqual(0);
    const journal = { checkpoints: checkpoints.slice(0, last + 1), facts: [] };
    const { execution, lastSeq } = await replay(lab.engine, await lab.run(runId), journal);
    return usedUp(execution, lastSeq, { ...NOTHING, facts }).facts.map(({ key }) => key);
  }
  const value = { encoding: "json", text: "1" } as const;
  const completion = (call: string): Fact => ({
    kind: "callback",
    key: callbackFactKey(call),
    at: 0,
    call,
    outcome: { ok: true, value },
  });

  it("is not used up when it is of a generation to come, and is when its generation has ended", async () => {
    const w = workflow("w", async (ctx, n): Promise<unknown> => {
      const given = ctx.waitForCallback("c", async (token) => {
        await completeCallback(lab.engine, token, { ok: true, value: n });
      });
      if (n === 2) {
        await ctx.sleep("s", "1 day");
        return await given;
      }
      await given;
      return await ctx.continueAsNew(2);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, 1);
    await lab.result(runId);
    const facts = [completion("c"), completion("c##2"), completion("c##3")];
    const [first, second] = facts.map(({ key }) => key);
    expect(await goneAt(lab, runId, facts, ({ type }) => type === "callback.completed")).toEqual([first]);
    expect(await goneAt(lab, runId, facts, ({ type }) => type === "run.continued")).toEqual([first]);
    expect(await goneAt(lab, runId, facts, ({ type }) => type === "sleep.finished")).toEqual([first, second]);
  });

  it("is not used up while whoever holds the token of a callback that was given up is still to be told", async () => {
    const w = workflow("w", async (ctx) => {
      const given = ctx.waitForCallback("c", () => {});
      await ctx.step("enough", () => null);
      given.cancel();
      await given.catch(() => {});
      await ctx.sleep("s", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    const token: Fact = { kind: "token", key: "token-x", at: 0, callback: "c" };
    const isEnough = (entry: Entry) => entry.type === "step.succeeded" && entry.id === "enough";
    expect(await goneAt(lab, runId, [token], isEnough)).toEqual([]);
    expect(await goneAt(lab, runId, [token], ({ type }) => type === "callback.withdrawn")).toEqual([
      "token-x",
    ]);
  });

  it("is never used up when it is the run's input or asks for its end", async () => {
    const lab = new Lab([half]);
    const runId = await lab.start(half, 2);
    await lab.result(runId);
    const facts: readonly Fact[] = [
      { kind: "input", key: "input-x", at: 0, value },
      { kind: "cancel", key: "cancel", at: 0 },
      { kind: "terminate", key: "terminate", at: 0 },
    ];
    expect(await goneAt(lab, runId, facts, ({ type }) => type === "step.succeeded")).toEqual([]);
  });

  it("keeps a step's claim with it until the journal has its answer", async () => {
    const w = workflow("w", async (ctx) => ctx.step("s", () => 1, { on: "shipping" }));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    const run = await lab.run(runId);
    const { checkpoints } = await lab.store.journal.load(runId);
    const stepClaims = [{ seq: 1, owner: "o", leaseUntil: 1, claims: 1 }];
    const claimsGone = async (upTo: number) => {
      const journal = { checkpoints: checkpoints.slice(0, upTo), facts: [] };
      const { execution, lastSeq } = await replay(lab.engine, run, journal);
      return usedUp(execution, lastSeq, { ...NOTHING, facts: [], stepClaims }).stepClaims;
    };
    expect(checkpoints[0]?.entries.map(({ type }) => type)).toEqual(["step.dispatched"]);
    expect(await claimsGone(0)).toEqual([]);
    expect(await claimsGone(1)).toEqual([]);
    expect(await claimsGone(2)).toEqual([1]);
  });
});

describe("what has been used up and left out", () => {
  it("is not completed by who asks again after he was not answered", async () => {
    let token = "";
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, turn) => {
        if (turn === 0) {
          const handOut = (its: string) => {
            token = its;
          };
          await c.waitForCallback("given", handOut, { timeout: "1 hour" }).catch(() => {});
        } else await c.sleep("rest", "1 day");
        return turn === 3 ? { done: turn } : { next: turn + 1 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(30 * 3_600_000);
    const complete = () => completeCallback(lab.engine, token, { ok: true, value: "late" });
    let hasPut = false;
    lab.watch = ({ method }) => {
      hasPut ||= method === "putFact";
      return hasPut ? "die after" : "go on";
    };
    void complete().catch(() => {});
    await lab.settle();
    lab.watch = undefined;
    await expect(complete()).rejects.toThrow("E_CALLBACK_CLOSED");
    expect(await lab.result(runId)).toBe(3);
  });

  it("holds no signal that a call was given which had been given up in the same moment", async () => {
    for (const crash of [false, true]) {
      const w = workflow("w", async (ctx) =>
        ctx.loop("l", [] as readonly unknown[], async (c, seen, turn) => {
          await c.sleep("rest", "1 day");
          const rivals = ["one", "two"].map((name) => c.scope(name, async (s) => s.waitForSignal("item")));
          const item = await Promise.race(rivals);
          for (const rival of rivals) rival.cancel("too late");
          await Promise.allSettled(rivals);
          const more = [...seen, item];
          return turn === 1 ? { done: more } : { next: more };
        }),
      );
      const lab = new Lab([w]);
      let hasTurned = false;
      lab.watch = ({ method, args }) => {
        if (hasTurned || !crash) return "go on";
        hasTurned = method === "append" && JSON.stringify(args[1]).includes("loop.turned");
        return hasTurned ? "die after" : "go on";
      };
      const runId = await lab.start(w);
      for (const item of ["a", "b"]) await lab.signal(runId, "item", item, item);
      await lab.pass(4 * 24 * 3_600_000);
      expect((await lab.run(runId)).status, `crash: ${crash}`).toBe("succeeded");
      expect(await lab.result(runId)).toEqual(["a", "b"]);
    }
  });
});
