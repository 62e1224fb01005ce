// Runs started by runs: what they give, and how they fail.
import * as v from "valibot";
import { expect } from "vitest";
import { cancelRun, terminateRun } from "../../lib/engine/index.ts";
import { ChildRunError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { type Situation, type Stage, situations } from "./situation.ts";

class Ill extends Error {
  override readonly name = "Ill";
  readonly code = "FLU";
  readonly since = new Date(5);
}

const echo = workflow("echo", async (_, input) => input);
const rests = workflow("rests", async (ctx, input) => {
  await ctx.sleep("rest", "30 days");
  return input;
});
const isIll = workflow("is ill", async () => {
  throw new Ill("the child is ill", { cause: new RangeError("too warm") });
});
const hasBatch = workflow("has a batch", async (ctx) =>
  ctx.map("all", [1, 2], (c) => c.step("s", () => Promise.reject(new Ill("both"))), {
    tolerate: 0,
    concurrency: 1,
  }),
);
const failsInStep = workflow("fails in a step", async (ctx) =>
  ctx.step(
    "s",
    () => {
      throw new Ill("in a step");
    },
    { retry: { maxAttempts: 2 } },
  ),
);
const hasLittleTime = workflow("has little time", { timeout: "1 hour" }, async (ctx) =>
  ctx.sleep("rest", "1 day"),
);
const shouts = workflow(
  "shouts",
  {
    input: v.pipe(
      v.object({ data: v.string() }),
      v.transform(({ data }) => data.toUpperCase()),
    ),
  },
  async (ctx, text) => ctx.step("s", () => `${text}!`),
);
const parentOfIll = workflow("parent of ill", async (ctx) => ctx.runChild("grandchild", isIll, null));

const WORKFLOWS = [hasBatch, echo, rests, isIll, failsInStep, hasLittleTime, shouts, parentOfIll];

const illness = {
  is: "Error",
  name: "Ill",
  message: "the child is ill",
  fields: { code: "FLU", since: new Date(5) },
  cause: { is: "RangeError", name: "RangeError", message: "too warm", fields: {} },
};
const failed = {
  is: "ChildRunError",
  name: "ChildRunError",
  message: expect.stringMatching(/^child run "ill" \(run_\w+\) ended failed: Ill: the child is ill$/),
  fields: { code: "E_CHILD_FAILED", child: "ill", runId: expect.stringMatching(/^run_/), status: "failed" },
  cause: illness,
};

async function childIds(stage: Stage): Promise<string[]> {
  return (await stage.entries()).flatMap((entry) => (entry.type === "child.started" ? [entry.runId] : []));
}

/** Ends the only child of the run, from outside. */
const end = (how: typeof cancelRun | typeof terminateRun) => async (stage: Stage) => {
  for (let tries = 0; tries < 100; tries += 1) {
    await stage.after(60_000);
    const [runId] = await childIds(stage);
    if (runId === undefined) continue;
    await how(stage.lab.engine, { runId, reason: "no need" });
    return;
  }
};

function situation(title: string, rest: Omit<Situation, "title">): Situation {
  return { title, workflows: WORKFLOWS, ...rest };
}

const values: readonly Situation[] = [
  situation("gives its result", {
    code: async (ctx) => ctx.runChild("echo", echo, "hello"),
    gives: "hello",
    ids: ["echo"],
  }),
  situation("has the name it is given", {
    code: async (ctx) => {
      const name = await ctx.step("pick", () => "customer 7");
      return await ctx.runChild(name, echo, 1);
    },
    gives: 1,
    ids: ["pick", "customer 7"],
  }),
  ...[
    { nested: { key: "value", items: [1, 2, 3] }, source: "test" },
    null,
    undefined,
    0,
    "",
    [],
    new Map([[new Date(5), new Set([1n])]]),
    new Uint8Array([1, 2]),
  ].map((input, i) =>
    situation(`takes and gives value ${i} as it is`, {
      code: async (ctx, stage) => stage.see("given", await ctx.runChild("echo", echo, input)),
      gives: input,
    }),
  ),
  situation("takes and gives more than the table holds", {
    code: async (ctx, stage) => {
      const rows = Array.from({ length: 40_000 }, (_, i) => i);
      const given = (await ctx.runChild("echo", echo, rows)) as number[];
      return stage.see("rows", given.length);
    },
    gives: 40_000,
  }),
  situation("has what its schema makes of the input", {
    code: async (ctx) => ctx.runChild("shouts", shouts, { data: "hello" }),
    gives: "HELLO!",
  }),
  situation("whose input is refused fails its call, and nothing begins", {
    code: async (ctx, stage) => stage.seeEnd("error", ctx.runChild("shouts", shouts, { data: 5 } as never)),
    gives: expect.objectContaining({
      is: "ChildRunError",
      cause: expect.objectContaining({ name: "PerdureError" }),
    }),
    look: async (stage) => expect(await childIds(stage)).toEqual([]),
  }),
  situation("takes a month, in which nobody computes", {
    code: async (ctx) => ctx.runChild("rests", rests, "rested"),
    gives: "rested",
    look: (stage) => expect(stage.atMs()).toBeGreaterThanOrEqual(30 * 86_400_000),
  }),
  situation("without a name, a workflow or with a wrong policy is refused", {
    code: async (ctx, stage) => [
      await stage.seeEnd("name", ctx.runChild("", echo, 1)),
      await stage.seeEnd("workflow", ctx.runChild("c", undefined as never, 1)),
      await stage.seeEnd("policy", ctx.runChild("c", echo, 1, { onParentClose: "forget" as never })),
    ],
    gives: ["E_BAD_NAME", "E_BAD_OPTION", "E_BAD_OPTION"].map((code) =>
      expect.objectContaining({ fields: { code } }),
    ),
    ids: [],
  }),
];

const order: readonly Situation[] = [
  situation("before a wait is not started again after it", {
    code: async (ctx, stage) => {
      const value = stage.see("value", await ctx.runChild("echo", echo, { n: 1 }));
      await ctx.sleep("wait", "1 day");
      return value;
    },
    gives: { n: 1 },
    look: async (stage) => expect(await childIds(stage)).toHaveLength(1),
  }),
  situation("after a step has its value", {
    code: async (ctx, stage) => {
      const value = await ctx.step("s", () => stage.ran());
      return await ctx.runChild("echo", echo, value);
    },
    gives: 1,
    ran: { body: 1 },
    ids: ["s", "echo"],
  }),
  situation("before a step gives it its value", {
    code: async (ctx, stage) => {
      const value = await ctx.runChild("echo", echo, "a");
      return await ctx.step("s", () => `${String(value)}${stage.ran()}`);
    },
    gives: "a1",
    ran: { body: 1 },
    ids: ["echo", "s"],
  }),
  situation("in a scope has the scope in its id", {
    code: async (ctx) => ctx.scope("part", (c) => c.runChild("echo", echo, 1)),
    gives: 1,
    ids: ["part/echo"],
  }),
  situation("one after the other, of one name", {
    code: async (ctx) => [await ctx.runChild("echo", echo, 1), await ctx.runChild("echo", echo, 2)],
    gives: [1, 2],
    ids: ["echo", "echo#2"],
    look: async (stage) => expect(new Set(await childIds(stage)).size).toBe(2),
  }),
  situation("at once, in the order they were asked for", {
    code: async (ctx) => Promise.all([ctx.runChild("slow", rests, 1), ctx.runChild("quick", echo, 2)]),
    gives: [1, 2],
  }),
  situation("is started without being waited for", {
    code: async (ctx, stage) => {
      const { runId } = await ctx.startChild("echo", echo, 1);
      return stage.see("id", runId).slice(0, 4);
    },
    gives: "run_",
    look: async (stage) => {
      expect(stage.seen.get("id")?.[0]).toBe((await childIds(stage))[0]);
    },
  }),
];

const failures: readonly Situation[] = [
  situation("that fails, fails its parent with what it failed with", {
    code: async (ctx) => ctx.runChild("ill", isIll, null),
    fails: failed,
  }),
  situation("that fails and is caught lets the parent go on", {
    code: async (ctx) => {
      const value = await ctx.runChild("ill", isIll, null).catch((error: unknown) => {
        if (!(error instanceof ChildRunError)) throw error;
        return "nursed";
      });
      return await ctx.step("then", () => value);
    },
    gives: "nursed",
  }),
  situation("that fails throws the same after a wait, and is not started again", {
    code: async (ctx, stage) => {
      const error = await stage.seeEnd("error", ctx.runChild("ill", isIll, null));
      await ctx.sleep("wait", "1 day");
      return error;
    },
    gives: failed,
    look: async (stage) => expect(await childIds(stage)).toHaveLength(1),
  }),
  situation("whose step fails tells of the step and of why", {
    code: async (ctx) => ctx.runChild("c", failsInStep, null),
    fails: {
      is: "ChildRunError",
      fields: { status: "failed" },
      cause: {
        is: "StepError",
        fields: { code: "E_STEP_FAILED", step: "s", attempt: 2 },
        cause: { is: "Error", name: "Ill", message: "in a step" },
      },
    },
  }),
  situation("whose batch fails tells how many did, and why", {
    code: async (ctx) => ctx.runChild("c", hasBatch, null),
    fails: {
      is: "ChildRunError",
      cause: {
        is: "BatchError",
        message: 'map "all": 1 of 2 failed, 0 succeeded',
        cause: { is: "StepError", cause: { is: "Error", name: "Ill", message: "both" } },
      },
    },
  }),
  situation("whose own child fails tells of both", {
    code: async (ctx, stage) => {
      const error = await stage.seeEnd("error", ctx.runChild("c", parentOfIll, null));
      await ctx.sleep("wait", "1 day");
      return error;
    },
    gives: expect.objectContaining({
      is: "ChildRunError",
      fields: expect.objectContaining({ child: "c" }),
      cause: expect.objectContaining({
        is: "ChildRunError",
        fields: expect.objectContaining({ child: "grandchild" }),
        cause: illness,
      }),
    }),
  }),
  situation("that runs out of time fails as timed out", {
    code: async (ctx, stage) => stage.seeEnd("error", ctx.runChild("c", hasLittleTime, null)),
    gives: expect.objectContaining({
      fields: expect.objectContaining({ status: "timed_out", code: "E_CHILD_FAILED" }),
      cause: expect.objectContaining({ is: "TimeoutError", fields: { code: "E_TIMEOUT" } }),
    }),
  }),
  ...(
    [
      ["cancelled", cancelRun],
      ["terminated", terminateRun],
    ] as const
  ).map(([how, act]) =>
    situation(`that is ${how} from outside fails as cancelled`, {
      code: async (ctx, stage) => stage.seeEnd("error", ctx.runChild("c", rests, null)),
      outside: end(act),
      gives: expect.objectContaining({
        is: "ChildRunError",
        fields: expect.objectContaining({ status: "cancelled" }),
        cause: expect.objectContaining({
          is: "CancelledError",
          message: expect.stringContaining("no need"),
          fields: { code: "E_CANCELLED" },
        }),
      }),
    }),
  ),
  situation("that is given up rejects as cancelled, and is ended", {
    code: async (ctx, stage) => {
      const child = ctx.runChild("c", rests, null);
      await ctx.sleep("nap", "1h");
      child.cancel("too slow");
      return await stage.seeEnd("error", child);
    },
    gives: expect.objectContaining({ is: "CancelledError", message: expect.stringContaining("too slow") }),
    look: async (stage) => {
      const [child = ""] = await childIds(stage);
      expect((await stage.lab.run(child)).status).toBe("cancelled");
    },
  }),
  situation("one of several that fails does not hurt the others", {
    code: async (ctx) => {
      const all = await Promise.allSettled([
        ctx.runChild("a", echo, 1),
        ctx.runChild("b", isIll, null),
        ctx.runChild("c", echo, 3),
      ]);
      return all.map(({ status }) => status);
    },
    gives: ["fulfilled", "rejected", "fulfilled"],
  }),
  situation("whose failure is passed on with a cause keeps the chain", {
    code: async (ctx) =>
      ctx.runChild("ill", isIll, null).catch((cause: unknown) => {
        throw new TerminalError("the family is at home", { cause });
      }),
    fails: { is: "TerminalError", message: "the family is at home", cause: failed },
  }),
];

situations("a child run", values);
situations("a child run among other calls", order);
situations("a child run that fails", failures);
