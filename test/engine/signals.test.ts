import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { sendSignal } from "../../lib/engine/index.ts";
import { TimeoutError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

const waiter = workflow("waiter", async (ctx) => ctx.waitForSignal("go", { timeout: "7 days" }));

describe("a signal", () => {
  it("wakes the run that waits for it and gives its payload", async () => {
    const lab = new Lab([waiter]);
    const runId = await lab.start(waiter);
    await lab.settle();
    expect((await lab.run(runId)).status).toBe("suspended");
    await lab.signal(runId, "go", { by: "ada" });
    expect(await lab.result(runId)).toEqual({ by: "ada" });
  });

  it("that comes before it is asked for is kept", async () => {
    const lab = new Lab([waiter]);
    const runId = await lab.start(waiter);
    await lab.signal(runId, "go", 1);
    expect(await lab.result(runId)).toBe(1);
  });

  it("is taken in the order of arrival, each once", async () => {
    const w = workflow("w", async (ctx) => [
      await ctx.waitForSignal("n"),
      await ctx.waitForSignal("n"),
      await ctx.waitForSignal("n"),
    ]);
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (const n of [1, 2, 3]) {
      await lab.signal(runId, "n", n);
      await lab.pass(10);
    }
    expect(await lab.result(runId)).toEqual([1, 2, 3]);
  });

  it("sent twice under one key is delivered once", async () => {
    const w = workflow("w", async (ctx) => [await ctx.waitForSignal("n"), await ctx.waitForSignal("n")]);
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.signal(runId, "n", "a", "key-1");
    await lab.signal(runId, "n", "a", "key-1");
    await lab.pass(10);
    await lab.signal(runId, "n", "b", "key-2");
    expect(await lab.result(runId)).toEqual(["a", "b"]);
  });

  it("under a key that came with another payload is refused", async () => {
    const lab = new Lab([waiter]);
    const runId = await lab.start(waiter);
    await lab.signal(runId, "go", "a", "key");
    await expect(lab.signal(runId, "go", "b", "key")).rejects.toThrow("E_IDEMPOTENCY_CONFLICT");
  });

  it("repeated under its key after the run has ended is answered as before", async () => {
    const lab = new Lab([waiter]);
    const runId = await lab.start(waiter);
    await lab.signal(runId, "go", "a", "key");
    await lab.result(runId);
    await expect(lab.signal(runId, "go", "a", "key")).resolves.toBeUndefined();
  });

  it("to a closed or unknown run is refused and nothing is written", async () => {
    const lab = new Lab([waiter]);
    const runId = await lab.start(waiter);
    await lab.signal(runId, "go");
    await lab.result(runId);
    await expect(lab.signal(runId, "go", "late")).rejects.toThrow("E_RUN_CLOSED");
    await expect(lab.signal("run_none", "go")).rejects.toThrow("E_RUN_NOT_FOUND");
    expect((await lab.store.journal.facts(runId)).length).toBe(1);
    expect((await lab.store.journal.facts("run_none")).length).toBe(0);
  });

  it("that does not fit the workflow's schema is refused at the door", async () => {
    const w = workflow(
      "w",
      { signals: { go: v.object({ n: v.number() }) } },
      async (ctx) => (await ctx.waitForSignal("go")).n,
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.signal(runId, "go", { n: "x" })).rejects.toThrow(/E_INVALID_INPUT .* at \/n/);
    await lab.signal(runId, "go", { n: 2 });
    expect(await lab.result(runId)).toBe(2);
  });

  it("that does not fit the schema of the call is the workflow's to handle", async () => {
    const w = workflow("w", async (ctx) => {
      try {
        return await ctx.waitForSignal("go", { schema: v.number() });
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.signal(runId, "go", "text");
    expect(await lab.result(runId)).toBe("E_INVALID_INPUT");
  });

  it("that does not come in time rejects with a TimeoutError, at its deadline", async () => {
    const w = workflow("w", async (ctx) => {
      try {
        return await ctx.waitForSignal("go", { timeout: "7 days" });
      } catch (error) {
        return error instanceof TimeoutError;
      }
    });
    const lab = new Lab([w]);
    const startedAt = lab.clock.now();
    expect(await lab.result(await lab.start(w))).toBe(true);
    expect(lab.clock.now() - startedAt).toBeGreaterThanOrEqual(7 * 86_400_000);
  });

  it("reaches a run that is busy with a long step, whose AbortSignal fires when the run ends without it", async () => {
    const reasons: unknown[] = [];
    const w = workflow("w", async (ctx) => {
      const long = ctx.step(
        "long",
        (s) =>
          new Promise((resolve) =>
            s.signal.addEventListener("abort", () => resolve(reasons.push(s.signal.reason))),
          ),
      );
      return await Promise.race([long, ctx.waitForSignal("stop")]);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(100);
    await lab.signal(runId, "stop", "stopped");
    await lab.pass(2_000);
    expect(await lab.result(runId)).toBe("stopped");
    expect((await lab.run(runId)).fence).toBe(1);
    expect(reasons.length).toBe(1);
  });

  it("in large numbers to one run is neither lost nor doubled", async () => {
    const w = workflow("w", async (ctx) => {
      const got: unknown[] = [];
      for (let i = 0; i < 50; i += 1) got.push(await ctx.waitForSignal("n"));
      return got;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (let i = 0; i < 50; i += 1) {
      await lab.signal(runId, "n", i, `k${i}`);
      if (i % 3 === 0) await lab.pass(1);
      else await lab.clock.advance(1);
    }
    expect(await lab.result(runId)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("is checked against its schema once, so a replay gives the same value whatever the schema is by then (J3)", async () => {
    let checks = 0;
    const counted = v.pipe(
      v.number(),
      v.transform((n) => {
        checks += 1;
        return { n, check: checks };
      }),
    );
    const w = (schema: typeof counted) =>
      workflow("w", async (ctx) => {
        const got = await ctx.waitForSignal("go", { schema });
        await ctx.sleep("pause", "1h");
        return got;
      });
    const lab = new Lab([w(counted)]);
    const runId = await lab.start("w");
    await lab.signal(runId, "go", 7);
    await lab.pass(1_000);
    lab.deploy(w(v.never() as never));
    expect(await lab.result(runId)).toEqual({ n: 7, check: 1 });
  });
});

describe("a signal that is stored in the moment in which its run ends", () => {
  /** The engine of a caller who is slow between storing the signal and counting it. */
  const slowly = (lab: Lab, meanwhile: () => Promise<unknown>) => {
    const { runs } = lab.ports.store;
    const raise: typeof runs.raise = async (request) => {
      await meanwhile();
      return await runs.raise(request);
    };
    const slow = new Proxy(runs, {
      get: (target, key) => (key === "raise" ? raise : Reflect.get(target, key, target).bind(target)),
    });
    return { ...lab.engine, ports: { ...lab.ports, store: { ...lab.ports.store, runs: slow } } };
  };
  const w = workflow("w", async (ctx) => {
    const other = await ctx.waitForSignal("other");
    return other === "stop" ? other : await ctx.waitForSignal("go");
  });

  it("is accepted when the run took it", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const engine = slowly(lab, async () => {
      await lab.signal(runId, "other", "go on");
      expect(await lab.result(runId)).toBe("heard");
    });
    expect(await sendSignal(engine, { runId, name: "go", payload: "heard" })).toEqual({ stored: true });
  });

  it("is refused when the run ended without it", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const engine = slowly(lab, async () => {
      await lab.signal(runId, "other", "stop");
      expect(await lab.result(runId)).toBe("stop");
    });
    await expect(sendSignal(engine, { runId, name: "go", payload: "heard" })).rejects.toThrow("E_RUN_CLOSED");
  });
});

describe("signals of one sender", () => {
  it("come in the order in which they were sent, also within one millisecond and with keys of the caller's", async () => {
    const w = workflow("w", async (ctx) => {
      const seen: unknown[] = [];
      for await (const item of ctx.signals("item")) {
        if (item === "end") return seen;
        seen.push(item);
      }
      return seen;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (let i = 0; i < 20; i += 1) await lab.signal(runId, "item", i, `key ${i}`);
    await lab.signal(runId, "item", "end", "the end");
    expect(await lab.result(runId)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});
