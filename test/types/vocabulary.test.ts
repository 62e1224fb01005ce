// What follows through the whole vocabulary without an annotation: results of steps, checks, callbacks, approvals, children
// and batches, what an undo gets, what a caller sends. Checked by the compiler; at run time these tests only define workflows.
import {
  type Approval,
  type Batch,
  BatchError,
  type ChildHandle,
  ChildRunError,
  type DurablePromise,
  type OverlapPolicy,
  type Scheduled,
  type ScheduleSpec,
  workflow,
} from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";

const Price = v.object({
  cents: v.number(),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
});
type Price = { cents: number; at: Date };

const priced = workflow("priced", { input: Price, signals: { paid: Price } }, async (ctx, { cents }) =>
  ctx.step("double", () => ({ twice: cents * 2 })),
);
const plain = workflow("plain", async () => "done");

describe("a step's types", () => {
  it("follow its body, or its schema when it has one", () => {
    workflow("steps", async (ctx) => {
      const call = ctx.step("body", () => ({ a: 1 }));
      expectTypeOf(call).toEqualTypeOf<DurablePromise<{ a: number }>>();
      const checked = await ctx.step("schema", async (): Promise<unknown> => null, { schema: Price });
      expectTypeOf(checked).toEqualTypeOf<Price>();
      expectTypeOf(await ctx.step("nothing", () => {})).toBeVoid();
    });
  });

  it("tell its undo what is to be undone, and its body what it may use", () => {
    workflow("undo", async (ctx) => {
      await ctx.step("book", async () => ({ id: "B1" }), {
        compensate: (booking, s) => {
          expectTypeOf(booking).toEqualTypeOf<{ id: string }>();
          expectTypeOf(s.idempotencyKey).toBeString();
        },
      });
      await ctx.step("rent", () => 7, {
        compensate: { undo: (id) => expectTypeOf(id).toBeNumber(), retry: { maxAttempts: 3 } },
      });
      await ctx.step("use", (s) => {
        expectTypeOf(s.signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(s.attempt).toBeNumber();
        expectTypeOf(s.progress).toBeUnknown();
      });
    });
  });
});

describe("a wait's types", () => {
  it("are those of the check, which sees what it answered before", () => {
    workflow("condition", async (ctx) => {
      const job = await ctx.waitForCondition(
        "rendered",
        async ({ attempt }) => ({ id: "J1", done: attempt > 3 }),
        {
          until: (status) => status.done,
          every: "10s",
        },
      );
      expectTypeOf(job).toEqualTypeOf<{ id: string; done: boolean }>();
      await ctx.waitForCondition<number>(
        "counted",
        (_s, previous) => {
          expectTypeOf(previous).toEqualTypeOf<number | undefined>();
          return 1;
        },
        { every: "10s", maxChecks: 5 },
      );
    });
  });

  it("are those of the initial state, which every check has", () => {
    workflow("initial", async (ctx) => {
      const job = await ctx.waitForCondition(
        "rendered",
        async (_s, state) => {
          expectTypeOf(state).toEqualTypeOf<{ looks: number }>();
          return { looks: state.looks + 1 };
        },
        { initial: { looks: 0 }, until: ({ looks }) => looks > 3, every: "10s", maxChecks: 10 },
      );
      expectTypeOf(job).toEqualTypeOf<{ looks: number }>();
      await ctx.waitForCondition("counted", (_s, n) => n + 1, { initial: 0, every: "1m" });
      // @ts-expect-error -- the check answers something else than its state
      await ctx.waitForCondition("other", (_s, n) => `${n}`, { initial: 0, every: "1m" });
    });
  });

  it("are those of a callback's schema; without one the value is unknown", () => {
    workflow("callback", async (ctx) => {
      const submit = (token: string) => void token;
      expectTypeOf(await ctx.waitForCallback("paid", submit, { schema: Price })).toEqualTypeOf<Price>();
      expectTypeOf(await ctx.waitForCallback("any", submit, { timeout: "1 day" })).toBeUnknown();
      await ctx.waitForCallback("told", (token, s) => {
        expectTypeOf(token).toBeString();
        expectTypeOf(s.idempotencyKey).toBeString();
      });
    });
  });

  it("say who decided an approval, and what is sent to a person", () => {
    workflow("approval", async (ctx) => {
      const decision = await ctx.waitForApproval("refund", {
        to: (request) => expectTypeOf(request.approveUrl).toBeString(),
      });
      expectTypeOf(decision).toEqualTypeOf<Approval>();
      expectTypeOf(decision.by).toEqualTypeOf<string | undefined>();
      // @ts-expect-error -- there is no such option
      await ctx.waitForApproval("refund", { to: () => {}, expires: "1 day" });
    });
  });

  it("are those of a declared signal, one or all of them", () => {
    workflow("signals", { signals: { paid: Price } }, async (ctx) => {
      expectTypeOf(await ctx.waitForSignal("paid")).toEqualTypeOf<Price>();
      for await (const price of ctx.signals("paid")) expectTypeOf(price).toEqualTypeOf<Price>();
      // In inner contexts too.
      await ctx.scope("inner", async (c) =>
        expectTypeOf(await c.waitForSignal("paid")).toEqualTypeOf<Price>(),
      );
      // @ts-expect-error -- not declared
      ctx.signals("piad");
    });
  });
});

describe("a child's types", () => {
  it("are its workflow's: what is sent, what comes back", () => {
    workflow("parent", async (ctx) => {
      const result = await ctx.runChild("double", priced, { cents: 3, at: "2026-01-01" });
      expectTypeOf(result).toEqualTypeOf<{ twice: number }>();
      expectTypeOf(await ctx.runChild("plain", plain, undefined)).toBeString();
      const started = await ctx.startChild("later", priced, { cents: 3, at: "2026-01-01" });
      expectTypeOf(started).toEqualTypeOf<ChildHandle>();
      // @ts-expect-error -- the child's schema takes a text and makes the Date of it
      await ctx.runChild("double", priced, { cents: 3, at: new Date(0) });
      // @ts-expect-error -- there is no such policy
      await ctx.runChild("double", priced, { cents: 3, at: "" }, { onParentClose: "kill" });
    });
  });

  it("say how it ended when it failed", () => {
    expectTypeOf<ChildRunError["status"]>().toEqualTypeOf<"failed" | "cancelled" | "timed_out">();
    expectTypeOf(new ChildRunError("c", "r", "failed", undefined).runId).toBeString();
  });
});

describe("the types of many pieces of work", () => {
  it("are a list of results, or a batch when failures are tolerated", () => {
    workflow("map", async (ctx) => {
      const lengths = await ctx.map("sizes", ["a", "bc"], async (c, word, index) => {
        expectTypeOf(word).toBeString();
        expectTypeOf(index).toBeNumber();
        return await c.step("size", () => word.length);
      });
      expectTypeOf(lengths).toEqualTypeOf<number[]>();
      const batch = await ctx.map("some", [1, 2], async (c, n) => c.step("text", () => `${n}`), {
        tolerate: "10%",
        key: (n, index) => `${n.toFixed()} ${index}`,
      });
      expectTypeOf(batch).toEqualTypeOf<Batch<string>>();
      expectTypeOf(batch.values).toEqualTypeOf<readonly string[]>();
      for (const item of batch.items) {
        if (item.status === "succeeded") expectTypeOf(item.value).toBeString();
        if (item.status === "failed") expectTypeOf(item.error).toBeUnknown();
      }
      // @ts-expect-error -- a key is text
      await ctx.map("some", [1, 2], async () => 1, { key: (n: number) => n });
      // @ts-expect-error -- neither a count nor a percentage
      await ctx.map("some", [1, 2], async () => 1, { tolerate: "many" });
    });
  });

  it("are by name, by place, or a batch", () => {
    workflow("parallel", async (ctx) => {
      const named = await ctx.parallel("named", {
        stock: async (c) => c.step("stock", () => 7),
        credit: async (c) => c.step("credit", () => true),
      });
      expectTypeOf(named).toEqualTypeOf<{ stock: number; credit: boolean }>();
      const placed = await ctx.parallel("placed", [
        async (c) => c.step("one", () => 1),
        async (c) => c.step("two", () => "2"),
      ]);
      expectTypeOf(placed).toEqualTypeOf<[number, string]>();
      const batch = await ctx.parallel(
        "batch",
        { a: async () => 1, b: async () => "2" },
        { minSuccessful: 1 },
      );
      expectTypeOf(batch).toEqualTypeOf<Batch<number | string>>();
      expectTypeOf(await ctx.scope("one", async (c) => c.step("a", () => 1))).toBeNumber();
    });
    expectTypeOf(
      new BatchError("", { items: [], values: [], failures: [], completion: "all-completed" }).batch,
    ).toEqualTypeOf<Batch<unknown>>();
  });
});

it("a run in a test has its workflow's result, and takes what its schemas take", () => {
  const tried = async () => {
    const environment = createTestEnvironment({ workflows: [priced] });
    const run = await environment.start(priced, { cents: 1, at: "2026-01-01" });
    expectTypeOf(await run.result()).toEqualTypeOf<{ twice: number }>();
    await run.signal("paid", { cents: 1, at: "2026-01-01" });
    // @ts-expect-error -- not declared
    await run.signal("piad", {});
    // @ts-expect-error -- the input lacks a field
    await environment.start(priced, { cents: 1 });
  };
  expectTypeOf(tried).toBeFunction();
});

describe("a schedule's types", () => {
  it("tell a run for which time it was started", () => {
    workflow("nightly", async (ctx) => {
      expectTypeOf(ctx.scheduled).toEqualTypeOf<Scheduled | undefined>();
      expectTypeOf(ctx.scheduled?.for).toEqualTypeOf<Date | undefined>();
    });
  });

  it("say what may be said of one", () => {
    expectTypeOf<ScheduleSpec["overlap"]>().toEqualTypeOf<OverlapPolicy | undefined>();
    expectTypeOf<{ id: string; workflow: string; every: "1h" }>().toExtend<ScheduleSpec>();
    expectTypeOf<{ id: string; cron: string }>().not.toExtend<ScheduleSpec>();
    expectTypeOf<{ id: string; workflow: string; overlap: "queue" }>().not.toExtend<ScheduleSpec>();
  });
});
