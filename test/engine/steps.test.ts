import { describe, expect, it } from "vitest";
import { silentLog } from "../../lib/local/console-log.ts";
import { StepError, TerminalError, TimeoutError } from "../../lib/sdk/errors.ts";
import { RetryableError } from "../../lib/sdk/retryable-error.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

function cyclic(): Error {
  const error: Error & { self?: unknown } = new Error("cyclic");
  error.self = error;
  return error;
}

function throwIt(thrown: unknown): never {
  throw thrown;
}

describe("a step", () => {
  it("is not begun again while it runs, whatever else happens", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) => {
      const slow = ctx.step("slow", async () => {
        runs += 1;
        await lab.clock.sleep(20_000);
      });
      await Promise.all([slow, ctx.step("quick", () => 1), ctx.waitForSignal("go")]);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(5_000);
    await lab.signal(runId, "go");
    await lab.result(runId);
    expect(runs).toBe(1);
  });

  it("gives its value to the workflow and runs once", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) => {
      const a = await ctx.step("a", () => {
        runs += 1;
        return { when: new Date(5), big: 7n };
      });
      await ctx.sleep("pause", "1 hour");
      return a;
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toEqual({ when: new Date(5), big: 7n });
    expect(runs).toBe(1);
  });

  it("gives the recorded value even on its first run, not the body's own object", async () => {
    const original = { list: [1] };
    const w = workflow("w", async (ctx) => (await ctx.step("a", () => original)) === original);
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe(false);
  });

  it("that fails is tried again with the same idempotency key until it succeeds", async () => {
    const tries: [number, string][] = [];
    const w = workflow("w", async (ctx) =>
      ctx.step(
        "a",
        (s) => {
          tries.push([s.attempt, s.idempotencyKey]);
          if (s.attempt < 3) throw new Error(`no ${s.attempt}`);
          return s.attempt;
        },
        { retry: { initial: "10s", jitter: 0 } },
      ),
    );
    const lab = new Lab([w]);
    const startedAt = lab.clock.now();
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(3);
    expect(tries).toEqual([1, 2, 3].map((attempt) => [attempt, `${runId}/a`]));
    expect(lab.clock.now() - startedAt).toBeGreaterThanOrEqual(30_000);
  });

  it("that keeps failing rejects with a StepError whose cause is the last error", async () => {
    const w = workflow("w", async (ctx) => {
      try {
        return await ctx.step("a", () => Promise.reject(new TypeError("bad")), { retry: { maxAttempts: 2 } });
      } catch (error) {
        const failed = error as StepError;
        return [
          failed instanceof StepError,
          failed.attempt,
          failed.cause instanceof TypeError,
          (failed.cause as Error).message,
        ];
      }
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toEqual([true, 2, true, "bad"]);
  });

  it("that throws a terminal error is not tried again", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) =>
      ctx.step("a", () => {
        runs += 1;
        throw new TerminalError("never");
      }),
    );
    const lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow(
      'step "a" failed at attempt 1: TerminalError: never',
    );
    expect(runs).toBe(1);
  });

  it("waits as long as a retryable error asks, without compute", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.step("a", (s) => {
        if (s.attempt === 1) throw new RetryableError("busy", { retryAfter: "2 hours" });
        return s.attempt;
      }),
    );
    const lab = new Lab([w]);
    const startedAt = lab.clock.now();
    const runId = await lab.start(w);
    await lab.settle();
    expect((await lab.run(runId)).status).toBe("suspended");
    expect((await lab.run(runId)).waits[0]).toMatchObject({
      kind: "retry",
      id: "a",
      attempt: 2,
      maxAttempts: 5,
    });
    expect(await lab.result(runId)).toBe(2);
    expect(lab.clock.now() - startedAt).toBeGreaterThanOrEqual(7_200_000);
  });

  it("that takes longer than its timeout is aborted and has failed with a TimeoutError", async () => {
    const aborted: unknown[] = [];
    const w = workflow("w", async (ctx) => {
      try {
        return await ctx.step(
          "slow",
          (s) =>
            new Promise((_, reject) =>
              s.signal.addEventListener("abort", () => {
                aborted.push(s.signal.reason);
                reject(new Error("stopped"));
              }),
            ),
          { timeout: "5s", retry: { maxAttempts: 1 } },
        );
      } catch (error) {
        return (error as StepError).cause instanceof TimeoutError;
      }
    });
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe(true);
    expect(aborted[0]).toBeInstanceOf(TimeoutError);
  });

  it.each([
    ["a string", "odd", "NonError"],
    ["null", null, "NonError"],
    ["undefined", undefined, "NonError"],
    ["a function", () => 1, "NonError"],
    ["an error with a cycle", cyclic(), "Error"],
  ])("that throws %s fails with a recorded, readable failure", async (_what, thrown, name) => {
    const w = workflow("w", async (ctx) =>
      ctx.step("a", () => throwIt(thrown), { retry: { maxAttempts: 1 } }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toBeInstanceOf(StepError);
    const failed = (await lab.entries(runId)).find((entry) => entry.type === "step.failed");
    expect(failed?.failure).toMatchObject({ name, message: expect.any(String) });
  });

  it("whose value cannot be recorded fails at once, with the path of the culprit", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) =>
      ctx.step("a", () => {
        runs += 1;
        return { rows: [{ parse: () => 1 }] };
      }),
    );
    const lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow("value.rows[0].parse");
    expect(runs).toBe(1);
  });

  it.skipIf(under(["one-entry-per-checkpoint"], "it counts checkpoints"))(
    "in parallel with others shares checkpoints, and all of them give their own value",
    async () => {
      const w = workflow("w", async (ctx) =>
        Promise.all(Array.from({ length: 200 }, (_, i) => ctx.step("part", () => i * 2))),
      );
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      expect(await lab.result(runId)).toEqual(Array.from({ length: 200 }, (_, i) => i * 2));
      const { checkpoints } = await lab.store.journal.load(runId);
      expect(checkpoints.length).toBeLessThanOrEqual(10);
    },
  );

  it("of 300 KB goes through the blob store and comes back whole", async () => {
    const w = workflow("w", async (ctx) => {
      const text = await ctx.step("big", () =>
        Array.from({ length: 62_000 }, (_, i) => (i * 7919) % 10_007).join(" "),
      );
      await ctx.sleep("pause", "1m");
      return text.length;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBeGreaterThan(300_000);
    const big = (await lab.entries(runId)).find((entry) => entry.type === "step.succeeded");
    expect(big?.value).toHaveProperty("blob");
  });
});

describe("a workflow that throws", () => {
  it.each([
    ["a string", "odd", { name: "NonError", message: "odd" }],
    ["null", null, { name: "NonError", message: "null" }],
    ["undefined", undefined, { name: "NonError", message: "undefined" }],
    ["an error with a cycle", cyclic(), { name: "Error", message: "cyclic" }],
    ["a value that cannot be recorded", { call: () => 1 }, { name: "NonError", message: "[object Object]" }],
  ])("%s ends as failed, readable and recorded", async (_what, thrown, failure) => {
    const w = workflow("w", async () => throwIt(thrown));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId).catch(() => {});
    expect((await lab.run(runId)).status).toBe("failed");
    expect((await lab.entries(runId)).at(-1)).toMatchObject({ type: "run.failed", failure });
  });

  it("an error shows where it was thrown, in the journal and in the log", async () => {
    const lines: string[] = [];
    const log = {
      ...silentLog,
      warn: (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    };
    const w = workflow("w", async () => throwIt(new RangeError("secret")));
    const lab = new Lab([w], { log: { ...log, with: () => log } });
    const runId = await lab.start(w);
    await lab.result(runId).catch(() => {});
    expect((await lab.entries(runId)).at(-1)).toMatchObject({
      failure: { where: expect.stringContaining("steps.test.ts") },
    });
    expect(lines.join()).toContain("run failed");
    expect(lines.join()).toContain("steps.test.ts");
    expect(lines.join()).not.toContain("secret");
  });

  it("a result that cannot be recorded ends as failed, with the path of the culprit", async () => {
    const w = workflow("w", async () => ({ deep: { call: () => 1 } }));
    const lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow("value.deep.call");
  });
});

it("what a step waits for to be tried again is shown as every table takes it", async () => {
  const w = workflow("w", async (ctx) => {
    const fails = () => {
      throw new Error(`${"x".repeat(192)}\u{1f4a9} and so on`);
    };
    await ctx.step("a", fails, { retry: { initial: "1h", jitter: 0 } });
  });
  const lab = new Lab([w]);
  const runId = await lab.start(w);
  await lab.settle();
  const [wait] = (await lab.run(runId)).waits;
  expect(wait).toMatchObject({ kind: "retry", lastError: `Error: ${"x".repeat(192)}\ufffd` });
});

describe("step names", () => {
  it("that repeat get an occurrence number", async () => {
    const w = workflow("w", async (ctx) => {
      for (let i = 0; i < 3; i += 1) await ctx.step("a", () => i);
      return await Promise.all([ctx.step("b", () => "x"), ctx.step("b", () => "y")]);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toEqual(["x", "y"]);
    const ids = (await lab.entries(runId)).flatMap((entry) => ("id" in entry ? [entry.id] : []));
    expect(ids).toEqual(["a", "a#2", "a#3", "b", "b#2"]);
  });

  it("that would depend on timing stall the run with both named", async () => {
    const w = workflow("w", async (ctx) => {
      const branch = async (first: string) => {
        await ctx.step(first, () => first);
        return await ctx.step("same", () => new Promise((resolve) => setTimeout(resolve, 5)));
      };
      return await Promise.all([branch("one"), branch("two")]);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow(/stalled: E_DUPLICATE_NAME .*"same"/);
  });

  it("and options that do not exist are refused, with those there are", async () => {
    const w = workflow("w", async (ctx) => ctx.step("a", () => 1, { retries: 3 } as object));
    const lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow(
      'Step "a" has no option "retries"; there are: retry, timeout, totalTimeout, heartbeatTimeout, semantics, schema, compensate, on.',
    );
    expect(() => workflow("x", { inptu: 1 } as object, async () => 1)).toThrow('has no option "inptu"');
  });

  it.each(["", "a/b", "a#2", "x".repeat(129), "tab\t", "half a \ud83d"])(
    "like %j are refused",
    async (name) => {
      const w = workflow("w", async (ctx) => ctx.step(name, () => 1));
      const lab = new Lab([w]);
      await expect(lab.result(await lab.start(w))).rejects.toThrow("E_BAD_NAME");
    },
  );
});
