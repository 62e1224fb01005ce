// Scopes, parallel branches, maps, and giving up the losers.
import { describe, expect, it } from "vitest";
import { cancelRun } from "../../lib/engine/index.ts";
import type { Batch } from "../../lib/sdk/batch.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { BatchError, CancelledError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";
import { under } from "./modes.ts";

async function idsOf(lab: Lab, runId: string): Promise<string[]> {
  return (await lab.entries(runId)).flatMap((entry) => ("id" in entry ? [entry.id] : []));
}

async function resultOf(
  body: (ctx: Context) => Promise<unknown>,
): Promise<{ value: unknown; lab: Lab; runId: string }> {
  const w = workflow("w", body);
  const lab = new Lab([w]);
  const runId = await lab.start(w);
  const value = await lab.result(runId);
  await checkInvariants(lab, runId);
  return { value, lab, runId };
}

describe("a scope", () => {
  it("keeps names apart, and numbers those that repeat", async () => {
    const { value, lab, runId } = await resultOf(async (ctx) => {
      const piece = async (c: typeof ctx) => c.step("work", (s) => s.idempotencyKey);
      return [
        await ctx.scope("a", piece),
        await ctx.scope("a", piece),
        await ctx.scope("b", (c) => c.scope("a", piece)),
        await ctx.step("work", (s) => s.idempotencyKey),
      ];
    });
    expect(await idsOf(lab, runId)).toEqual(["a/work", "a#2/work", "b/a/work", "work"]);
    expect(new Set(value as string[]).size).toBe(4);
  });

  it("that is given up rejects what waits in it, and lets it clean up", async () => {
    const { value } = await resultOf(async (ctx) => {
      const scope = ctx.scope("slow", async (c) => {
        try {
          return await c.sleep("long", "30 days");
        } finally {
          await c.step("clean", () => 1);
        }
      });
      await ctx.step("quick", () => 1);
      scope.cancel("too slow");
      return await scope.catch((error: Error) => [error instanceof CancelledError, error.message]);
    });
    expect(value).toEqual([true, 'sleep "slow/long" was cancelled by its workflow: too slow']);
  });
});

describe("a scope that is given up", () => {
  it("leaves what lies outside of it alone", async () => {
    const { value } = await resultOf(async (ctx) => {
      const scope = ctx.scope("a", (c) => c.sleep("long", "30 days"));
      const other = ctx.scope("ab", (c) => c.sleep("short", "1 hour"));
      const outside = ctx.sleep("short", "1 hour");
      await ctx.step("quick", () => 1);
      scope.cancel();
      return (await Promise.allSettled([scope, other, outside])).map(({ status }) => status);
    });
    expect(value).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });
});

describe("the loser of a race", () => {
  it("that is given up takes no signal, and leaves no timer", async () => {
    const w = workflow("w", async (ctx) => {
      const timer = ctx.sleep("a day", "1 day");
      const ask = ctx.waitForSignal("go");
      await ctx.step("quick", () => 1);
      timer.cancel();
      ask.cancel();
      return await ctx.waitForSignal("go");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect((await lab.run(runId)).nextWakeAt).toBeUndefined();
    expect(lab.timers.nextFireAt()).toBeUndefined();
    await lab.signal(runId, "go", "first");
    expect(await lab.result(runId)).toBe("first");
  });

  it("loses no signal that was recorded for it in the same moment", async () => {
    const body = Promise.withResolvers<void>();
    const w = workflow("w", async (ctx) => {
      const ask = ctx.waitForSignal("go");
      const work = ctx.step("work", () => body.promise);
      await Promise.race([work, ask]);
      ask.cancel();
      return await ctx.waitForSignal("go", { timeout: "1 hour" });
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    // The body ends while the inbox is read: its result goes before the signal, into the same checkpoint.
    lab.watch = async ({ method }): Promise<Fate> => {
      if (method !== "facts") return "go on";
      body.resolve();
      await new Promise(setImmediate);
      return "go on";
    };
    await lab.signal(runId, "go", "kept");
    expect(await lab.result(runId)).toBe("kept");
    const types = (await lab.entries(runId)).map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(["step.succeeded", "signal.received"]);
  });

  it("whose body runs sees its signal", async () => {
    let told: unknown;
    const { value } = await resultOf(async (ctx) => {
      const slow = ctx.step("slow", async (s) => {
        await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
        told = s.signal.reason;
      });
      await ctx.sleep("a second", "1s");
      slow.cancel();
      return await slow.catch((error: Error) => error.name);
    });
    expect(value).toBe("CancelledError");
    expect(told).toBeInstanceOf(CancelledError);
  });
});

describe("parallel branches", () => {
  it("give their results by name or in order", async () => {
    const { value, lab, runId } = await resultOf(async (ctx) => [
      await ctx.parallel("named", { a: (c) => c.step("s", () => 1), b: async () => "two" }),
      await ctx.parallel("listed", [(c) => c.step("s", () => 3), (c) => c.step("s", () => 4)]),
    ]);
    expect(value).toEqual([{ a: 1, b: "two" }, [3, 4]]);
    expect(await idsOf(lab, runId)).toEqual(["named/a/s", "listed/0/s", "listed/1/s"]);
  });

  it("end with the first failure, the others cancelled and ended before", async () => {
    const order: string[] = [];
    const { value } = await resultOf(async (ctx) => {
      const both = ctx.parallel("both", {
        bad: (c) =>
          c.step("s", () => {
            throw new TerminalError("no");
          }),
        good: async (c) => {
          try {
            await c.sleep("long", "1 day");
          } finally {
            await c.step("clean", () => order.push("clean"));
          }
        },
      });
      return await both.catch((error: Error) => {
        order.push("caught");
        return error.name;
      });
    });
    expect(value).toBe("StepError");
    expect(order.filter((what, i) => order.indexOf(what) === i)).toEqual(["clean", "caught"]);
  });
});

describe("a map", () => {
  it("keeps the order of the items and its concurrency", async () => {
    let most = 0;
    let now = 0;
    const { value } = await resultOf(async (ctx) =>
      ctx.map(
        "m",
        [5, 4, 3, 2, 1],
        (c, item, index) =>
          c.step("work", async () => {
            now += 1;
            most = Math.max(most, now);
            await new Promise(setImmediate);
            now -= 1;
            return item * 10 + index;
          }),
        { concurrency: 2 },
      ),
    );
    expect(value).toEqual([50, 41, 32, 23, 14]);
    expect(most).toBe(2);
  });

  it("names its pieces by the keys of the items", async () => {
    const w = workflow("w", (ctx) =>
      ctx.map("m", ["nut", "screw"], (c, item) => c.step("s", () => item), {
        tolerate: 1,
        key: (item, index) => `${index} ${item}`,
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const { items } = (await lab.result(runId)) as Batch<string>;
    expect(items.map(({ key }) => key)).toEqual(["0 nut", "1 screw"]);
    const ids = (await lab.entries(runId)).flatMap((entry) => ("id" in entry ? [entry.id] : []));
    expect(ids).toEqual(["m/0 nut/s", "m/1 screw/s"]);
  });

  it.each([
    ["no function", "sku", 'key of map "m" is "sku"; it must be a function that names an item.'],
    [
      "a number",
      (item: number) => item,
      'number cannot be the name of a part of map "m" (the key of item 0).',
    ],
    ["a path", () => "a/b", '"a/b" cannot be the name of a part of map "m" (the key of item 0).'],
    [
      "one for two items",
      (item: number) => String(item % 2),
      'Items 0 and 2 of map "m" both have the key "1"; keys must differ.',
    ],
  ])("refuses a key that is %s, and begins nothing", async (_, key, message) => {
    let count = 0;
    const { value } = await resultOf((ctx) =>
      ctx
        .map("m", [1, 2, 3], (c) => c.step("s", () => (count += 1)), { key: key as never })
        .catch((error: Error) => error.message),
    );
    expect(value).toContain(message);
    expect(count).toBe(0);
  });

  it("keeps the order of the items, whichever is ready first", async () => {
    const { value } = await resultOf(async (ctx) =>
      ctx.map("m", [3, 1, 2], async (c, hours) => {
        await c.sleep("s", `${hours} hours`);
        return hours;
      }),
    );
    expect(value).toEqual([3, 1, 2]);
  });

  it("goes no further when its run is cancelled, whatever it tolerates", async () => {
    const began: number[] = [];
    const w = workflow("w", async (ctx) =>
      ctx.map(
        "m",
        [0, 1, 2],
        async (c, item) => {
          began.push(item);
          await c.sleep("s", "1 day");
        },
        { concurrency: 1, tolerate: "all" },
      ),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow(CancelledError);
    expect([...new Set(began)]).toEqual([0]);
  });

  it("goes no further when the scope around it is given up, whatever it tolerates", async () => {
    const began: number[] = [];
    const { value } = await resultOf(async (ctx) => {
      const scope = ctx.scope("outer", (o) =>
        o.map(
          "m",
          [0, 1, 2],
          async (c, item) => {
            began.push(item);
            await c.sleep("s", "1 day");
          },
          { concurrency: 1, tolerate: "all" },
        ),
      );
      await ctx.step("quick", () => 1);
      scope.cancel();
      return await scope.catch((error: Error) => error.name);
    });
    expect(value).toBe("CancelledError");
    expect([...new Set(began)]).toEqual([0]);
  });

  it("takes a piece that gave up something of its own for failed", async () => {
    const { value } = await resultOf((ctx) =>
      ctx.map(
        "m",
        [0, 1],
        async (c, item) => {
          if (item === 1) return item;
          const nap = c.sleep("nap", "1 day");
          await c.step("quick", () => 1);
          nap.cancel();
          await nap;
          return item;
        },
        { tolerate: "all" },
      ),
    );
    expect((value as { items: { status: string }[] }).items.map(({ status }) => status)).toEqual([
      "failed",
      "succeeded",
    ]);
  });

  it("that fails throws what went wrong first", async () => {
    const { value } = await resultOf((ctx) =>
      ctx
        .map("m", [2, 1], async (c, hours) => {
          // Also when it is given up: what it throws then must not hide what went wrong.
          await c.sleep("s", `${hours} hours`).catch(() => {});
          throw new Error(`after ${hours}`);
        })
        .catch((error: Error) => error.message),
    );
    expect(value).toBe("after 1");
  });

  it("of nothing gives nothing", async () => {
    expect((await resultOf((ctx) => ctx.map("m", [], async () => 1))).value).toEqual([]);
    expect(
      (await resultOf((ctx) => ctx.map("m", [], async () => 1, { tolerate: "50%" }))).value,
    ).toMatchObject({ items: [], completion: "all-completed" });
  });

  const failing = (ctx: Context, bad: number[], options: object) =>
    ctx.map(
      "m",
      [0, 1, 2, 3],
      (c, item) =>
        c.step("work", () => {
          if (bad.includes(item)) throw new TerminalError(`bad ${item}`);
          return item;
        }),
      options,
    ) as Promise<unknown>;

  it("tells successes and failures apart when failures are tolerated", async () => {
    const { value } = await resultOf((ctx) => failing(ctx, [1], { tolerate: "25%" }));
    expect(value).toMatchObject({ values: [0, 2, 3], completion: "all-completed" });
    expect((value as { items: { status: string }[] }).items.map(({ status }) => status)).toEqual([
      "succeeded",
      "failed",
      "succeeded",
      "succeeded",
    ]);
  });

  it.each([
    [{ tolerate: "49%" }, [0, 1], "too-many-failures"],
    [{ tolerate: "50%" }, [0, 1], "all-completed"],
    [{ minSuccessful: "51%" }, [0, 1], "too-many-failures"],
    [{ minSuccessful: "50%" }, [0, 1], "all-completed"],
    [{ minSuccessful: 2 }, [0, 1], "all-completed"],
    [{ minSuccessful: 1 }, [0], "enough-succeeded"],
    [{ tolerate: 1 }, [0, 1], "too-many-failures"],
  ])("with %o and the items %o failing is %s", async (options, bad, completion) => {
    const { value } = await resultOf((ctx) =>
      failing(ctx, bad, { ...options, concurrency: 1 }).catch(
        (error: unknown) => (error as BatchError).batch,
      ),
    );
    expect((value as { completion: string }).completion).toBe(completion);
  });

  it("fails as a batch when too many fail, and begins nothing more", async () => {
    const { value } = await resultOf(async (ctx) => {
      const failed = await failing(ctx, [0, 1], { tolerate: 1, concurrency: 1 }).catch(
        (error: unknown) => error,
      );
      if (!(failed instanceof BatchError)) throw new Error("not a batch error");
      return [
        failed.message,
        failed.batch.items.map(({ status }) => status),
        (failed.cause as Error).message,
      ];
    });
    expect(value).toEqual([
      'map "m": 2 of 4 failed, 0 succeeded',
      ["failed", "failed", "not-started", "not-started"],
      expect.stringContaining("bad 0"),
    ]);
  });

  it("ends when enough have succeeded, and cancels the rest", async () => {
    const { value } = await resultOf((ctx) =>
      ctx.map("m", ["1s", "30 days", "1s"], (c, span) => c.sleep("s", span), { minSuccessful: 2 }),
    );
    expect(value).toMatchObject({ completion: "enough-succeeded" });
    expect((value as { items: { status: string }[] }).items.map(({ status }) => status)).toEqual([
      "succeeded",
      "cancelled",
      "succeeded",
    ]);
  });

  it.each([
    [{ concurrency: 0 }, "concurrency of map"],
    [{ minSuccessful: 9 }, "there are only 4"],
    [{ tolerate: "110%" }, "tolerate of map"],
    [{ speed: 1 }, 'no option "speed"'],
  ])("refuses %o with a sentence", async (options, sentence) => {
    const { value } = await resultOf((ctx) =>
      failing(ctx, [], options).catch((error: Error) => error.message),
    );
    expect(value).toContain(sentence);
  });

  it.skipIf(under(["one-entry-per-checkpoint"], "it counts checkpoints"))(
    "of ten thousand items works, in few checkpoints",
    async () => {
      const items = Array.from({ length: 10_000 }, (_, i) => i);
      const { value, lab, runId } = await resultOf((ctx) =>
        ctx.map("m", items, (c, item) => c.step("s", () => item), { concurrency: 500 }),
      );
      expect(value).toEqual(items);
      const { checkpoints } = await lab.store.journal.load(runId);
      expect(checkpoints.length).toBeLessThan(300);
    },
  );
});
