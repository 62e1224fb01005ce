// Taking up what has ended: retried from its failed step, or forked after any entry. The old journal stays as it is.
import { describe, expect, it } from "vitest";
import { cancelRun, completeCallback, forkRun, retryRun, terminateRun } from "../../lib/engine/index.ts";
import { ChildRunError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

/** Three steps, of which `b` fails as long as `broken` says so; counts what runs, by its key. */
function flaky() {
  const state = { broken: true, ran: [] as string[] };
  const w = workflow("w", async (ctx, input) => {
    const did = (what: string) => (s: { idempotencyKey: string }) => {
      state.ran.push(s.idempotencyKey);
      if (what === "b" && state.broken) throw new TerminalError("b is broken");
      return `${what} of ${JSON.stringify(input)}`;
    };
    const a = await ctx.step("a", did("a"));
    const both = await Promise.allSettled([ctx.step("b", did("b")), ctx.step("c", did("c"))]);
    const failed = both.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await ctx.step("tell", did("tell"));
      throw failed.reason;
    }
    return [a, ...both.map((result) => (result.status === "fulfilled" ? result.value : ""))];
  });
  return { w, state };
}

describe("a failed run that is retried", () => {
  it("keeps what succeeded and does the failed step again, under the same key", async () => {
    const { w, state } = flaky();
    const lab = new Lab([w]);
    const runId = await lab.start(w, 7);
    await expect(lab.result(runId)).rejects.toThrow("b is broken");
    const before = await lab.entries(runId);
    state.broken = false;
    const first = [...state.ran];
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["a of 7", "b of 7", "c of 7"]);
    expect(state.ran.slice(first.length)).toEqual([`${runId}/b`]);
    expect((await lab.run(retried.runId)).forkedFrom).toEqual({
      runId,
      seq: before.length - 1,
      keysOf: runId,
    });
    expect(await lab.entries(runId)).toEqual(before);
    await checkInvariants(lab, retried.runId);
  });

  it("may be retried from a named step, and again", async () => {
    const { w, state } = flaky();
    const lab = new Lab([w]);
    const runId = await lab.start(w, 7);
    await lab.result(runId).catch(() => {});
    const again = await retryRun(lab.engine, { runId, from: "a" });
    await lab.result(again.runId).catch(() => {});
    state.broken = false;
    state.ran.length = 0;
    const third = await retryRun(lab.engine, { runId: again.runId });
    await lab.result(third.runId);
    expect(state.ran).toEqual([`${runId}/b`]);
    await expect(retryRun(lab.engine, { runId, from: "z" })).rejects.toThrow('no entry of a step "z"');
    await expect(retryRun(lab.engine, { runId: third.runId })).rejects.toThrow("E_RUN_NOT_FAILED");
  });

  it("from a named step is given the signals again that the part which is done again had taken", async () => {
    let isBroken = true;
    const w = workflow("w", async (ctx) => {
      const first = await ctx.waitForSignal("item");
      await ctx.step("a", () => first);
      const second = await ctx.waitForSignal("item");
      return await ctx.step("b", () => {
        if (isBroken) throw new TerminalError("broken");
        return [first, second];
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (const item of ["one", "two", "three"]) await lab.signal(runId, "item", item);
    await lab.result(runId).catch(() => {});
    isBroken = false;
    const retried = await retryRun(lab.engine, { runId, from: "a" });
    expect(await lab.result(retried.runId)).toEqual(["one", "two"]);
    const facts = await lab.store.journal.facts(retried.runId);
    expect(facts.filter(({ kind }) => kind === "signal")).toHaveLength(2);
  });

  it("is one run however often it is asked for with one key, wherever the asker dies", async () => {
    for (let dieAt = 1; dieAt < 12; dieAt += 1) {
      const { w, state } = flaky();
      const lab = new Lab([w]);
      const runId = await lab.start(w, 7);
      await lab.result(runId).catch(() => {});
      state.broken = false;
      let calls = 0;
      const { journal, runs } = lab.ports.store;
      const dying = <T extends object>(target: T): T =>
        new Proxy(target, {
          get(object, key) {
            const value: unknown = Reflect.get(object, key, object);
            if (typeof value !== "function") return value;
            return async (...args: unknown[]) => {
              calls += 1;
              if (calls >= dieAt) throw new Error("the asker is dead");
              return await Reflect.apply(value, object, args);
            };
          },
        });
      const store = { ...lab.ports.store, journal: dying(journal), runs: dying(runs) };
      const engine = { ...lab.engine, ports: { ...lab.ports, store } };
      await retryRun(engine, { runId, idempotencyKey: "k" }).catch(() => {});
      const { runId: retried } = await retryRun(lab.engine, { runId, idempotencyKey: "k" });
      expect((await retryRun(lab.engine, { runId, idempotencyKey: "k" })).runId).toBe(retried);
      expect(await lab.result(retried)).toEqual(["a of 7", "b of 7", "c of 7"]);
    }
  });

  it("that had undone its steps does them again, under keys of its own", async () => {
    let broken = true;
    const keys: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.step("charge", (s) => keys.push(s.idempotencyKey), { compensate: () => {} });
      await ctx.step("ship", () => {
        if (broken) throw new TerminalError("no parcels");
      });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId).catch(() => {});
    broken = false;
    const retried = await retryRun(lab.engine, { runId });
    await lab.result(retried.runId);
    expect(keys).toEqual([`${runId}/charge`, `${retried.runId}/charge`]);
  });

  it("stays on the branch that it was on, whatever the code has since", async () => {
    let broken = true;
    const done: string[] = [];
    const w = (to: number) =>
      workflow("w", async (ctx) => {
        const version = ctx.version("change", { from: 0, to });
        await ctx.step(`way ${version}`, () => done.push(`way ${version}`));
        await ctx.step("risk", () => {
          if (broken) throw new TerminalError("no luck");
        });
        return version;
      });
    const lab = new Lab([w(1)]);
    const runId = await lab.start("w");
    await expect(lab.result(runId)).rejects.toThrow("no luck");
    broken = false;
    lab.deploy(w(2));
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe(1);
    expect(done).toEqual(["way 1"]);
  });

  it("begins anew what was begun for the old run: a callback without a limit gets a token of its own", async () => {
    const tokens: string[] = [];
    const w = workflow("w", async (ctx) => ctx.waitForCallback("c", (token) => void tokens.push(token)));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await terminateRun(lab.engine, { runId });
    const retried = await retryRun(lab.engine, { runId });
    await lab.settle();
    expect(tokens).toHaveLength(2);
    await completeCallback(lab.engine, tokens[1] ?? "", { ok: true, value: "given" });
    expect(await lab.result(retried.runId)).toBe("given");
    await checkInvariants(lab, retried.runId);
  });

  it("starts its failed child anew, and keeps signals nobody had taken", async () => {
    let broken = true;
    const child = workflow("child", async () => {
      if (broken) throw new TerminalError("ill");
      return "well";
    });
    const w = workflow("w", async (ctx) => {
      const result = await ctx.runChild("c", child, null);
      return [result, await ctx.waitForSignal("go")];
    });
    const lab = new Lab([w, child]);
    const runId = await lab.start(w);
    await lab.signal(runId, "go", "went");
    await expect(lab.result(runId)).rejects.toThrow(ChildRunError);
    broken = false;
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["well", "went"]);
  });

  it("starts a child of its own when that of the old run had not ended", async () => {
    const child = workflow("child", async (ctx) => {
      await ctx.sleep("a day", "1 day");
      return "grown";
    });
    const w = workflow("w", async (ctx) => ctx.runChild("c", child, null));
    const lab = new Lab([w, child]);
    const runId = await lab.start(w);
    await lab.settle();
    await terminateRun(lab.engine, { runId });
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe("grown");
  });

  it("has a signal that was recorded for a call which had been given up, and that nobody has taken", async () => {
    let broken = true;
    const w = workflow("w", async (ctx) => {
      await ctx.sleep("rest", "1 hour");
      const rivals = ["one", "two"].map((name) => ctx.scope(name, async (s) => s.waitForSignal("item")));
      const first = await Promise.race(rivals);
      for (const rival of rivals) rival.cancel("too late");
      await Promise.allSettled(rivals);
      await ctx.step("try", () => {
        if (broken) throw new TerminalError("broken");
      });
      return [first, await ctx.waitForSignal("item")];
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (const item of ["a", "b"]) await lab.signal(runId, "item", item, item);
    await expect(lab.result(runId)).rejects.toThrow("broken");
    broken = false;
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.store.journal.facts(retried.runId)).toHaveLength(1);
    expect(await lab.result(retried.runId)).toEqual(["a", "b"]);
  });

  it("from a named step is given the signals again also when they have left the inbox", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", [] as readonly unknown[], async (c, seen, turn) => {
        await c.step("look", () => null);
        const item = await c.waitForSignal("item");
        await c.sleep("rest", "1 hour");
        if (turn === 2) throw new TerminalError("broken");
        return { next: [...seen, item] };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (const item of ["a", "b", "c"]) await lab.signal(runId, "item", item, item);
    await expect(lab.result(runId)).rejects.toThrow("broken");
    const retried = await retryRun(lab.engine, { runId, from: "l/1/look" });
    await expect(lab.result(retried.runId)).rejects.toThrow("broken");
    const received = (await lab.entries(retried.runId)).flatMap((entry) =>
      "fact" in entry ? [entry.id] : [],
    );
    expect(received).toEqual(["l/0/item", "l/1/item", "l/2/item"]);
  });

  it("may have been cancelled, and goes on where it was", async () => {
    const w = workflow("w", async (ctx) => {
      const a = await ctx.step("a", () => "a");
      await ctx.sleep("long", "30 days");
      return a;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await lab.result(runId).catch(() => {});
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe("a");
    expect((await lab.entries(retried.runId)).map(({ type }) => type)).toEqual([
      "step.succeeded",
      "sleep.started",
      "sleep.finished",
      "run.succeeded",
    ]);
  });
});

describe("a fork", () => {
  it("begins after an entry, with other input, and knows where it came from", async () => {
    const { w, state } = flaky();
    state.broken = false;
    const lab = new Lab([w]);
    const runId = await lab.start(w, 7);
    await lab.result(runId);
    state.ran.length = 0;
    const fork = await forkRun(lab.engine, { runId, after: 1, input: { value: 8 } });
    expect(await lab.result(fork.runId)).toEqual(["a of 7", "b of 8", "c of 8"]);
    expect(state.ran.toSorted()).toEqual([`${fork.runId}/b`, `${fork.runId}/c`]);
    expect(fork.forkedFrom).toEqual({ runId, seq: 1 });
    const afresh = await forkRun(lab.engine, { runId, after: 0 });
    expect(await lab.result(afresh.runId)).toEqual(["a of 7", "b of 7", "c of 7"]);
  });

  it("or a retry from a step is refused behind the end of its run, or before it", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.step("a", () => null);
      await ctx.sleep("a day", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await expect(retryRun(lab.engine, { runId, from: "a" })).rejects.toThrow("E_BAD_OPTION");
    await lab.result(runId);
    const { length } = await lab.entries(runId);
    await expect(forkRun(lab.engine, { runId, after: length })).rejects.toThrow("E_BAD_OPTION");
  });

  it("has all that its entries say of what has ended, also how it began", async () => {
    const child = workflow("child", async () => "grown");
    const w = workflow("w", async (ctx) => {
      await ctx.runChild("c", child, null);
      await ctx.step("ship", () => null, { on: "shipping" });
      await ctx.sleep("a day", "1 day");
    });
    const lab = new Lab([w, child]);
    const runId = await lab.start(w);
    await lab.settle();
    const typesOf = async (id: string) => (await lab.entries(id)).map(({ type }) => type);
    const before = await typesOf(runId);
    const fork = await forkRun(lab.engine, { runId, after: before.length });
    expect(before).toContain("child.started");
    expect(await typesOf(fork.runId)).toEqual(before);
  });

  it("is one fork under one key: asked for with another position or other input it is a conflict", async () => {
    const w = workflow("w", async (ctx) => {
      for (let i = 0; i < 150; i += 1) await ctx.step(`step ${i}`, () => i);
      await ctx.sleep("a day", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    const idempotencyKey = "k";
    const fork = await forkRun(lab.engine, { runId, after: 20, idempotencyKey });
    expect((await forkRun(lab.engine, { runId, after: 20, idempotencyKey })).runId).toBe(fork.runId);
    const others = [{ after: 150 }, { after: 10 }, { after: 20, input: { value: 1 } }];
    for (const other of others) {
      const again = forkRun(lab.engine, { runId, idempotencyKey, ...other });
      await expect(again).rejects.toThrow("E_IDEMPOTENCY_CONFLICT");
    }
    await lab.result(fork.runId);
    await checkInvariants(lab, fork.runId);
  });

  it("that is there answers who asks for it again, whatever its code is by now, and nothing is written", async () => {
    const w = workflow("w", async (ctx) => {
      await ctx.step("a", () => 1);
      await ctx.waitForSignal("s");
      throw new TerminalError("enough");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.signal(runId, "s");
    await lab.result(runId).catch(() => {});
    const asked = [
      () => forkRun(lab.engine, { runId, after: 1, idempotencyKey: "k" }),
      () => retryRun(lab.engine, { runId, from: "s", idempotencyKey: "k" }),
    ];
    const made = await Promise.all(asked.map(async (ask) => (await ask()).runId));
    lab.deploy(workflow("w", async (ctx) => ctx.step("other", () => 2)));
    const { journal } = lab.store;
    const written: string[] = [];
    for (const method of ["append", "putFact", "putNote"] as const) {
      const write = journal[method].bind(journal) as (...args: unknown[]) => Promise<never>;
      journal[method] = async (...args: unknown[]) => {
        written.push(method);
        return await write(...args);
      };
    }
    expect(await Promise.all(asked.map(async (ask) => (await ask()).runId))).toEqual(made);
    expect(written).toEqual([]);
  });

  it("asked for otherwise after its starter has died is a conflict, and mixes nothing", async () => {
    const w = workflow("w", async (ctx) => {
      for (let i = 0; i < 150; i += 1) await ctx.step(`step ${i}`, () => i);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    const { runs } = lab.ports.store;
    const create = async () => {
      throw new Error("the starter is dead");
    };
    const dead = new Proxy(runs, {
      get: (target, key) => (key === "create" ? create : Reflect.get(target, key).bind(target)),
    });
    const store = { ...lab.ports.store, runs: dead };
    const dying = { ...lab.engine, ports: { ...lab.ports, store } };
    const request = { runId, idempotencyKey: "k" };
    await expect(forkRun(dying, { ...request, after: 150 })).rejects.toThrow("dead");
    await expect(forkRun(lab.engine, { ...request, after: 20 })).rejects.toThrow("E_IDEMPOTENCY_CONFLICT");
    const fork = await forkRun(lab.engine, { ...request, after: 150 });
    await lab.result(fork.runId);
    await checkInvariants(lab, fork.runId);
  });

  it("takes its large values along, and leaves the other run's alone", async () => {
    const w = workflow("w", async (ctx) => {
      const large = await ctx.step("large", () => Array.from({ length: 30_000 }, Math.random));
      await ctx.sleep("a day", "1 day");
      return large.length;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const fork = await forkRun(lab.engine, { runId, after: 1 });
    expect(await lab.result(fork.runId)).toBe(30_000);
    const blobs = [await lab.entries(runId), await lab.entries(fork.runId)].map((entries) =>
      JSON.stringify(entries[0]),
    );
    expect(blobs[0]).not.toBe(blobs[1]);
  });

  it("is refused when the input or the code leads another way, and where there is no entry", async () => {
    const w = workflow("w", async (ctx, input) => {
      await ctx.step(String(input), () => 1);
      await ctx.sleep("a day", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, "a");
    await lab.settle();
    await expect(forkRun(lab.engine, { runId, after: 1, input: { value: "b" } })).rejects.toThrow(
      "E_NONDETERMINISM",
    );
    await expect(forkRun(lab.engine, { runId, after: 99 })).rejects.toThrow("entries 1 to 2");
    expect((await lab.store.index.list({ workflows: ["w"], limit: 10 })).runs).toHaveLength(1);
  });

  it.each([
    ["that has a timeout", { timeout: "1 day" }],
    ["that has none", {}],
  ] as const)("gets a new token for a callback that is still open and %s", async (_, options) => {
    const tokens: string[] = [];
    const w = workflow("w", async (ctx) => {
      await ctx.scope("c", async (scope) => scope.step("beside", () => tokens.push("once")));
      return await ctx.waitForCallback("c", (token) => void tokens.push(token), options);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const after = (await lab.entries(runId)).length;
    const fork = await forkRun(lab.engine, { runId, after });
    await lab.settle();
    expect(tokens).toEqual(["once", expect.any(String), expect.any(String)]);
    await completeCallback(lab.engine, tokens[2] ?? "", { ok: true, value: "given" });
    expect(await lab.result(fork.runId)).toBe("given");
    await terminateRun(lab.engine, { runId });
    await checkInvariants(lab, fork.runId);
  });
});
