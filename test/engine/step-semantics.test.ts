// What a step may ask for besides its retries: at most once, progress, limits over all attempts, conditions.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { ConditionError, StepError, TerminalError, TimeoutError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { type Fate, Lab } from "./lab.ts";

describe("an at-most-once step", () => {
  it("runs once, with its start in the journal before", async () => {
    const w = workflow("w", async (ctx) => ctx.step("charge", () => "paid", { semantics: "at-most-once" }));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe("paid");
    expect((await lab.entries(runId)).map(({ type }) => type)).toEqual([
      "step.started",
      "step.succeeded",
      "run.succeeded",
    ]);
  });

  it.each([undefined, "shipping"])(
    "whose process dies never runs twice, wherever it dies (on: %s)",
    async (on) => {
      let interrupted = 0;
      for (let crash = 1; crash < 60; crash += 1) {
        let ran = 0;
        const w = workflow("w", async (ctx) => {
          try {
            const options = { semantics: "at-most-once" as const, ...(on === undefined ? {} : { on }) };
            return await ctx.step("charge", () => (ran += 1), options);
          } catch (error) {
            const cause = error instanceof StepError ? (error.cause as { code?: string }) : {};
            return await ctx.step("look", () => cause.code ?? String(error));
          }
        });
        const lab = new Lab([w]);
        lab.watch = ({ count }) => (count === crash ? "die before" : "go on");
        const value = await lab.result(await lab.start(w));
        expect(ran).toBeLessThanOrEqual(1);
        if (value === "E_STEP_INTERRUPTED") interrupted += 1;
        else expect(value).toBe(1);
      }
      expect(interrupted).toBeGreaterThan(0);
    },
  );

  it("is tried again only when it reported its failure itself and is allowed to be", async () => {
    let ran = 0;
    const w = workflow("w", async (ctx) => {
      const body = () => {
        ran += 1;
        throw new Error("refused");
      };
      await ctx.step("one", body, { semantics: "at-most-once" }).catch(() => {});
      await ctx.step("two", body, { semantics: "at-most-once", retry: { maxAttempts: 2 } }).catch(() => {});
    });
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(ran).toBe(3);
  });

  it("that was announced is not lost when time is up", async () => {
    const w = workflow("w", async (ctx) => {
      const values: number[] = [];
      for (let i = 0; i < 3; i += 1)
        values.push(await ctx.step(`s${i}`, () => i, { semantics: "at-most-once" }));
      return values;
    });
    const lab = new Lab([w], { timeoutMs: 100, settings: { handOffBeforeMs: 200 } });
    expect(await lab.result(await lab.start(w))).toEqual([0, 1, 2]);
  });
});

describe("progress", () => {
  it("of an attempt that died twice is what it said last, and a sign of life takes nothing back", async () => {
    const seen: unknown[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.step("copy", async (s) => {
        seen.push(s.progress);
        if (seen.length < 3) {
          await s.heartbeat(seen.length === 1 ? 10 : 15);
          if (seen.length === 1) await s.heartbeat(11);
          await s.heartbeat();
          lab.kill();
          await new Promise(() => {});
        }
        return "copied";
      }),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("copied");
    expect(seen).toEqual([undefined, 11, 15]);
  });

  it("said by an attempt that died is read by the next", async () => {
    const seen: unknown[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.step("copy", async (s) => {
        seen.push(s.progress);
        await s.heartbeat({ rows: s.attempt === 1 && s.progress === undefined ? 500 : 900 });
        if (seen.length === 1) {
          lab.kill();
          await new Promise(() => {});
        }
        return "copied";
      }),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("copied");
    expect(seen).toEqual([undefined, { rows: 500 }]);
  });

  it("said by an attempt that failed is read by the next, also in the same activation", async () => {
    const seen: unknown[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.step(
        "copy",
        async (s) => {
          seen.push(s.progress);
          await s.heartbeat(s.attempt * 10);
          await s.heartbeat(s.attempt * 10 + 1);
          if (s.attempt < 3) throw new Error("the connection is gone");
        },
        // Short enough to wait for in the process.
        { retry: { initial: "10ms", jitter: 0 } },
      ),
    );
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(seen).toEqual([undefined, 11, 21]);
  });

  it("is that of the latest attempt, however often the earlier ones spoke", async () => {
    const seen: unknown[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.step("copy", async (s) => {
        seen.push(s.progress);
        for (let beat = s.attempt; beat <= 3; beat += 1) await s.heartbeat(`${s.attempt}.${beat}`);
        if (s.attempt < 3) throw new Error("again");
      }),
    );
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(seen).toEqual([undefined, "1.3", "2.3"]);
  });

  it("keeps a long attempt alive, and its absence ends it", async () => {
    const w = workflow("w", async (ctx) => {
      const talks = await ctx.step(
        "talks",
        async (s) => {
          for (let i = 0; i < 5; i += 1) {
            await lab.clock.sleep(800);
            await s.heartbeat(i);
          }
          return "done";
        },
        { heartbeatTimeout: "1s" },
      );
      const silent = await ctx
        .step("silent", async () => lab.clock.sleep(5_000), {
          heartbeatTimeout: "1s",
          retry: { maxAttempts: 1 },
        })
        .catch((error: StepError) => String(error.cause));
      return [talks, silent];
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toEqual([
      "done",
      expect.stringContaining("sent no heartbeat for 1000 ms"),
    ]);
  });
});

describe("a total timeout", () => {
  it("ends a step between attempts and during one", async () => {
    const w = workflow("w", async (ctx) => {
      const failing = () => {
        throw new Error("always");
      };
      const between = ctx.step("between", failing, { totalTimeout: "1 minute", retry: { maxAttempts: 100 } });
      const during = ctx.step("during", () => new Promise(() => {}), { totalTimeout: "2s" });
      const both = await Promise.allSettled([between, during]);
      return both.map((result) => {
        const error = (result as PromiseRejectedResult).reason as StepError;
        return [error instanceof StepError, error.cause instanceof TimeoutError];
      });
    });
    const lab = new Lab([w]);
    const began = lab.clock.now();
    expect(await lab.result(await lab.start(w))).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(lab.clock.now() - began).toBeLessThanOrEqual(60_000);
  });
});

describe("a step whose time is up", () => {
  it("is not waited for when its next attempt would come too late", async () => {
    const w = workflow("w", async (ctx) =>
      ctx
        .step(
          "late",
          () => {
            throw new Error("always");
          },
          { totalTimeout: "1 hour", retry: { initial: "2 hours", max: "2 hours", jitter: 0 } },
        )
        .catch((error: StepError) => error.cause instanceof TimeoutError),
    );
    const lab = new Lab([w]);
    const began = lab.clock.now();
    expect(await lab.result(await lab.start(w))).toBe(true);
    expect(lab.clock.now() - began).toBeLessThan(60_000);
  });

  it("has no second outcome, whenever its body ends", async () => {
    const body = Promise.withResolvers<void>();
    const w = workflow("w", async (ctx) => {
      const long = ctx.step("long", async () => lab.clock.sleep(20_000));
      const late = ctx.step("late", async () => lab.clock.sleep(5_000), { totalTimeout: "2s" });
      const justLate = ctx.step("just late", () => body.promise, { totalTimeout: "3s" });
      const ended = await Promise.allSettled([late, justLate]);
      await long;
      return ended.map(({ status }) => status);
    });
    const lab = new Lab([w]);
    lab.watch = async ({ method, args }): Promise<Fate> => {
      // Its body ends while the journal is told that its time is up.
      if (method === "append" && JSON.stringify(args).includes('"type":"step.timed_out","id":"just late"')) {
        body.resolve();
        await new Promise(setImmediate);
      }
      return "go on";
    };
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toEqual(["rejected", "rejected"]);
    const outcomes = (await lab.entries(runId)).map((entry) =>
      "id" in entry ? `${entry.type} ${entry.id}` : entry.type,
    );
    expect(outcomes).toEqual([
      "step.timed_out late",
      "step.timed_out just late",
      "step.succeeded long",
      "run.succeeded",
    ]);
  });
});

describe("a step's schema", () => {
  it("is what its result must fit, and gives out what is recorded", async () => {
    const schema = v.object({ amount: v.pipe(v.string(), v.transform(Number)) });
    const w = workflow("w", async (ctx) => {
      const good = await ctx.step("good", () => JSON.parse('{"amount":"5"}'), { schema });
      const bad = await ctx
        .step("bad", () => ({}) as never, { schema, retry: { maxAttempts: 1 } })
        .catch((error: Error) => error.message);
      return [good, bad];
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toEqual([{ amount: 5 }, expect.stringContaining("/amount")]);
  });
});

describe("a condition", () => {
  it("is checked until it holds, with growing waits, and sees what it saw before", async () => {
    const times: number[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.waitForCondition<{ n: number }>(
        "ready",
        (_s, previous) => {
          times.push(lab.clock.now());
          if (times.length > 10) throw new TerminalError("it never holds");
          return { n: (previous?.n ?? 0) + 1 };
        },
        { until: ({ n }) => n === 4, every: "1 minute", backoff: 2, max: "3 minutes" },
      ),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toEqual({ n: 4 });
    const waits = times.slice(1).map((at, i) => Math.round((at - (times[i] ?? 0)) / 60_000));
    expect(waits).toEqual([1, 2, 3]);
    expect((await lab.entries(runId)).map(({ type }) => type)).toEqual([
      "step.polled",
      "step.polled",
      "step.polled",
      "step.succeeded",
      "run.succeeded",
    ]);
  });

  it("that does not come true in time rejects with TimeoutError", async () => {
    let checks = 0;
    const neverReady = () => {
      checks += 1;
      if (checks > 20) throw new TerminalError("it is checked for ever");
      return false;
    };
    const w = workflow("w", async (ctx) =>
      ctx
        .waitForCondition("ready", neverReady, { every: "10m", timeout: "1 hour" })
        .catch((error: unknown) => error instanceof TimeoutError),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe(true);
  });

  it("fails at the next look at the run when later code allows fewer checks, and goes on when it allows more", async () => {
    for (const [then, checks] of [
      [2, 3],
      [5, 5],
    ] as const) {
      let maxChecks = 4;
      const w = workflow("w", async (ctx) =>
        ctx
          .waitForCondition("ready", (_s, seen) => seen + 1, {
            initial: 0,
            every: "1h",
            maxChecks,
            until: (seen) => seen > 9,
          })
          .catch((error: unknown) => (error instanceof ConditionError ? [error.checks, error.last] : error)),
      );
      const lab = new Lab([w], { settings: { inProcessWaitMs: 0 } });
      const runId = await lab.start(w);
      await lab.until(async () => (await lab.entries(runId)).length === 3);
      maxChecks = then;
      expect(await lab.result(runId)).toEqual([checks, checks]);
    }
  });

  it("that a step handler checks has the same state, and the same end", async () => {
    const seen: unknown[] = [];
    const w = workflow("w", async (ctx) =>
      ctx
        .waitForCondition(
          "ready",
          (_s, state) => {
            seen.push(state);
            return { n: state.n + 1 };
          },
          { initial: { n: 5 }, every: "1m", maxChecks: 2, until: () => false, on: "shipping" },
        )
        .catch((error: unknown) => (error instanceof ConditionError ? error.last : error)),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toEqual({ n: 7 });
    expect(seen).toEqual([{ n: 5 }, { n: 6 }]);
  });

  it("counts only failures in a row against its policy", async () => {
    let checks = 0;
    const w = workflow("w", async (ctx) =>
      ctx.waitForCondition(
        "ready",
        () => {
          checks += 1;
          if (checks % 2 === 0) throw new Error("flaky");
          return checks > 8;
        },
        { every: "1m", retry: { maxAttempts: 2 } },
      ),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe(true);
  });
});

describe("sleepUntil", () => {
  it("waits until a time, and not at all for one that is past", async () => {
    const w = workflow("w", async (ctx) => {
      const from = ctx.now().getTime();
      await ctx.sleepUntil("future", new Date(from + 3_600_000));
      const after = ctx.now().getTime() - from;
      await ctx.sleepUntil("past", "2001-01-01T00:00:00Z");
      return [after, ctx.now().getTime() - from];
    });
    const lab = new Lab([w]);
    const [after, end] = (await lab.result(await lab.start(w))) as [number, number];
    expect(after).toBeGreaterThanOrEqual(3_600_000);
    expect(end - after).toBeLessThan(2_000);
    const bad = workflow("bad", async (ctx) => ctx.sleepUntil("when", "someday"));
    const other = new Lab([bad]);
    await expect(other.result(await other.start(bad))).rejects.toThrow("sleepUntil");
  });
});
