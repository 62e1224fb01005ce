// Steps, as people use them.
import * as v from "valibot";
import { expect } from "vitest";
import { StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { RetryableError } from "../../lib/sdk/retryable-error.ts";
import type { RetryPolicy } from "../../lib/sdk/step.ts";
import { type Situation, situations } from "./situation.ts";
import { type Told, told } from "./told.ts";

class BusyError extends Error {
  override readonly name = "BusyError";
  readonly queue = 7;
}

const once = { retry: { maxAttempts: 1 } } as const;

function fail(error: unknown): never {
  throw error;
}

/** A step that fails until its `good`th attempt. */
function flaky(
  title: string,
  good: number,
  retry: RetryPolicy | undefined,
  end: Partial<Situation>,
): Situation {
  return {
    title,
    code: async (ctx, stage) =>
      ctx.step(
        "s",
        (s) => {
          stage.ran(`attempt ${s.attempt}`);
          if (s.attempt < good) throw new BusyError("busy");
          return `at ${s.attempt}`;
        },
        retry === undefined ? {} : { retry },
      ),
    ran: Object.fromEntries(Array.from({ length: good }, (_, i) => [`attempt ${i + 1}`, 1])),
    gives: `at ${good}`,
    ...end,
  };
}

const results: readonly Situation[] = [
  {
    title: "one step gives its value",
    code: async (ctx, stage) => ctx.step("greet", () => `hello ${stage.ran()}`),
    gives: "hello 1",
    ran: { body: 1 },
    ids: ["greet"],
  },
  {
    title: "a step's name, in any script, is how the journal knows it",
    code: async (ctx) => [
      await ctx.step("Rechnung prüfen 発送", () => 1),
      await ctx.step("x".repeat(128), () => 2),
    ],
    gives: [1, 2],
    ids: ["Rechnung prüfen 発送", "x".repeat(128)],
  },
  {
    title: "a step uses what the one before gave",
    code: async (ctx) => {
      const first = await ctx.step("one", () => "first");
      return await ctx.step("two", () => `${first}, second`);
    },
    gives: "first, second",
    ids: ["one", "two"],
  },
  {
    title: "a nested value comes back as it was",
    code: async (ctx) =>
      ctx.step("build", () => ({ user: { name: "Ada", tags: ["a", "b"], boss: null }, count: 2, ok: false })),
    gives: { user: { name: "Ada", tags: ["a", "b"], boss: null }, count: 2, ok: false },
  },
  {
    title: "null and undefined stay apart",
    code: async (ctx, stage) => {
      const values = [
        await ctx.step("a", () => null),
        await ctx.step("b", () => undefined),
        await ctx.step("c", () => {}),
      ];
      return stage.see("kinds", values.map(String));
    },
    gives: ["null", "undefined", "undefined"],
  },
  {
    title: "what a schema makes of the value is what is recorded, and it is made once",
    code: async (ctx, stage) =>
      ctx.step("shout", () => "quiet", {
        schema: v.pipe(
          v.string(),
          v.transform((text) => `${text.toUpperCase()}${stage.ran()}`),
        ),
      }),
    gives: "QUIET1",
    ran: { body: 1 },
  },
  {
    title: "a step before a wait is not run again after it",
    code: async (ctx, stage) => {
      const value = stage.see("value", await ctx.step("s", () => stage.ran()));
      await ctx.sleep("wait", "1 day");
      return value;
    },
    gives: 1,
    ran: { body: 1 },
    ids: ["s", "wait"],
  },
  {
    title: "what a step logs is logged once, with its name and attempt",
    code: async (ctx) => {
      await ctx.step("greet", (s) => s.log.info("good morning"));
      await ctx.sleep("wait", "1 day");
    },
    look: (stage) => {
      const lines = stage.lines.filter((line) => line.includes("good morning"));
      expect(lines).toEqual([expect.stringMatching(/run=\S+.* step=greet attempt=1/)]);
    },
  },
  {
    title: "steps that repeat a name are told apart, in loops and at once",
    code: async (ctx, stage) => {
      const values: number[] = [];
      for (let i = 0; i < 3; i += 1) values.push(await ctx.step("s", () => stage.ran()));
      return [...values, ...(await Promise.all([ctx.step("t", () => "a"), ctx.step("t", () => "b")]))];
    },
    gives: [1, 2, 3, "a", "b"],
    ran: { body: 3 },
    ids: ["s", "s#2", "s#3", "t", "t#2"],
  },
];

const refusals: readonly Situation[] = [
  {
    title:
      "without a name, with a wrong one, without a body or with wrong options, is refused and records nothing",
    code: async (ctx, stage) => {
      const refused: readonly (readonly [unknown, unknown, unknown?])[] = [
        [undefined, () => 1],
        [() => 1, undefined],
        ["", () => 1],
        ["a/b", () => 1],
        ["x".repeat(129), () => 1],
        ["s", undefined],
        ["s", () => 1, { semantics: "exactly-once" }],
        ["s", () => 1, { retry: { maxAttempts: 0 } }],
        ["s", () => 1, { retry: { factor: 0.5 } }],
        ["s", () => 1, { retry: { maxTries: 3 } }],
        ["s", () => 1, { timeout: "soon" }],
        ["s", () => 1, { compensate: "undo" }],
        ["s", () => 1, { compensate: null }],
        ["s", () => 1, { retry: 5 }],
        ["s", () => 1, { retry: null }],
        ["s", () => 1, { retry: { initial: "10m", max: "5m" } }],
        ["s", () => 1, { timeout: 0 }],
        ["s", () => 1, { schema: null }],
        ["s", () => 1, 5],
        ["s", () => 1, null],
      ];
      const ends = refused.map(async ([name, body, options], i) =>
        stage.seeEnd(`call ${i}`, ctx.step(name as string, body as () => unknown, options as object)),
      );
      return (await Promise.all(ends)).map((end) => (end as Told).fields?.["code"]);
    },
    gives: [
      ...Array.from({ length: 5 }, () => "E_BAD_NAME"),
      ...Array.from({ length: 15 }, () => "E_BAD_OPTION"),
    ],
    ids: [],
  },
];

const failures: readonly Situation[] = [
  {
    title: "a failed step that was caught throws the same after a wait, without running",
    code: async (ctx, stage) => {
      const error = await stage.seeEnd(
        "error",
        ctx.step("s", () => stage.counted(() => fail(new BusyError("busy"))), once),
      );
      await ctx.sleep("wait", "1 day");
      return error;
    },
    gives: {
      is: "StepError",
      name: "StepError",
      message: 'step "s" failed at attempt 1: BusyError: busy',
      fields: { code: "E_STEP_FAILED", step: "s", attempt: 1 },
      cause: { is: "Error", name: "BusyError", message: "busy", fields: { queue: 7 } },
    },
    ran: { body: 1 },
  },
  {
    title: "a step without retries fails the run with what it threw as the cause",
    code: async (ctx, stage) => ctx.step("s", () => stage.counted(() => fail(new TypeError("bad"))), once),
    fails: { is: "StepError", cause: { is: "TypeError", message: "bad" } },
    ran: { body: 1 },
  },
  {
    title: "a caught failure lets the run go on",
    code: async (ctx) => {
      const value = await ctx.step("s", () => fail(new Error("no")), once).catch(() => "instead");
      return await ctx.step("then", () => `used ${value}`);
    },
    gives: "used instead",
    ids: ["s", "then"],
  },
  {
    title: "two steps that fail at once are each caught with their own error",
    code: async (ctx) => {
      const all = await Promise.allSettled(
        ["a", "b"].map((name) => ctx.step(name, () => fail(new Error(name)), once)),
      );
      return all.map((one) => (one.status === "rejected" ? told(one.reason).cause?.message : "no"));
    },
    gives: ["a", "b"],
  },
  {
    title: "a failed step that nobody waits for fails nothing",
    code: async (ctx) => {
      void ctx.step("lost", () => fail(new Error("no")), once);
      return await ctx.step("kept", () => 1);
    },
    gives: 1,
  },
  {
    title: "what is thrown is no error: it is the cause as it is",
    code: async (ctx, stage) =>
      stage.seeEnd(
        "error",
        ctx.step("s", () => fail({ odd: true }), once),
      ),
    gives: {
      is: "StepError",
      name: "StepError",
      message: 'step "s" failed at attempt 1: [object Object]',
      fields: { code: "E_STEP_FAILED", step: "s", attempt: 1 },
      cause: { is: "object", message: { odd: true } },
    },
  },
];

const retries: readonly Situation[] = [
  flaky("a step that fails once is tried again", 2, { initial: "1m" }, { ids: ["s"] }),
  flaky("by default a step has five attempts", 5, undefined, {
    // Waits of 1, 2, 4 and 8 seconds, of which up to half is left to chance.
    look: (stage) => {
      expect(stage.atMs()).toBeGreaterThanOrEqual(7_500);
      expect(stage.atMs()).toBeLessThanOrEqual(16_000);
    },
  }),
  flaky(
    "attempts that are used up fail the step with the last error",
    99,
    { maxAttempts: 4, jitter: 0 },
    {
      fails: {
        is: "StepError",
        fields: { attempt: 4 },
        cause: { name: "BusyError", is: "Error", fields: { queue: 7 } },
      },
      ran: { "attempt 1": 1, "attempt 2": 1, "attempt 3": 1, "attempt 4": 1 },
    },
  ),
  flaky(
    "each wait is the one before times the factor, up to the longest",
    5,
    { initial: "10s", factor: 3, max: "1m", jitter: 0 },
    {
      look: async (stage) => {
        const waits = (await stage.entries()).flatMap((entry) =>
          entry.type === "step.retrying" ? [entry.retryAt - entry.at] : [],
        );
        expect(waits).toEqual([10_000, 30_000, 60_000, 60_000]);
        expect(stage.atMs()).toBeGreaterThanOrEqual(160_000);
      },
    },
  ),
  flaky(
    "no wait between attempts",
    3,
    { initial: 0 },
    { look: (stage) => expect(stage.atMs()).toBeLessThan(100) },
  ),
  flaky(
    "an error of the kind that is worth it is tried again",
    2,
    { retryIf: (error) => error instanceof BusyError },
    {},
  ),
  flaky(
    "an error of another kind is not tried again",
    2,
    { retryIf: (error) => !(error instanceof BusyError) },
    {
      fails: { is: "StepError", fields: { attempt: 1 }, cause: { is: "Error", name: "BusyError" } },
      ran: { "attempt 1": 1 },
    },
  ),
  flaky(
    "a predicate may count attempts",
    9,
    { retryIf: (_, attempt) => attempt < 2 },
    {
      fails: { is: "StepError", fields: { attempt: 2 } },
      ran: { "attempt 1": 1, "attempt 2": 1 },
    },
  ),
  flaky(
    "a predicate that throws says no",
    2,
    { retryIf: () => fail(new Error("mine")) },
    {
      fails: { is: "StepError", fields: { attempt: 1 }, cause: { is: "Error", name: "BusyError" } },
      ran: { "attempt 1": 1 },
    },
  ),
  {
    title: "an error may ask for its own delay",
    code: async (ctx, stage) =>
      ctx.step("s", (s) => {
        stage.ran();
        if (s.attempt === 1) throw new RetryableError("later", { retryAfter: "3 days" });
        return s.attempt;
      }),
    gives: 2,
    ran: { body: 2 },
    look: (stage) => expect(stage.atMs()).toBeGreaterThanOrEqual(3 * 86_400_000),
  },
  {
    title: "a terminal error ends it at once",
    code: async (ctx, stage) => ctx.step("s", () => stage.counted(() => fail(new TerminalError("never")))),
    fails: { is: "StepError", cause: { is: "TerminalError", message: "never" } },
    ran: { body: 1 },
  },
];

const atMostOnce: readonly Situation[] = [
  {
    title: "an interrupted at-most-once step fails, is told so again on replay, and never ran twice",
    code: async (ctx, stage) =>
      stage.seeEnd(
        "error",
        ctx.step(
          "charge",
          async () => {
            if (stage.ran() > 1) throw new Error("it ran twice");
            stage.lab.kill();
            return await new Promise<never>(() => {});
          },
          { semantics: "at-most-once" },
        ),
      ),
    gives: expect.objectContaining({
      is: "StepError",
      cause: expect.objectContaining({ is: "PerdureError", fields: { code: "E_STEP_INTERRUPTED" } }),
    }),
    ran: { body: 1 },
    spared: "it kills by itself",
  },
  {
    title: "whoever knows that it did not happen runs it again under another name",
    code: async (ctx, stage) => {
      const charge = async (name: string) =>
        ctx.step(
          name,
          async () => {
            if (stage.ran() > 1) return "paid";
            stage.lab.kill();
            return await new Promise<never>(() => {});
          },
          { semantics: "at-most-once" },
        );
      return await charge("charge").catch((error: unknown) => {
        if (!(error instanceof StepError)) throw error;
        return charge("charge after all");
      });
    },
    gives: "paid",
    ran: { body: 2 },
    spared: "it kills by itself",
  },
  {
    title: "an interrupted at-least-once step is run again, as the same attempt",
    code: async (ctx, stage) =>
      ctx.step("s", async (s) => {
        if (stage.ran() > 1) return s.attempt;
        stage.lab.kill();
        return await new Promise<never>(() => {});
      }),
    gives: 1,
    ran: { body: 2 },
    spared: "it kills by itself",
  },
];

situations("the value of a step", results);
situations("a step", refusals);
situations("a step that fails", failures);
situations("a step that is tried again", retries);
situations("a step whose process dies", atMostOnce);
