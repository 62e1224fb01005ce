// Waits that somebody outside ends: with a value, with an error, with silence, sooner or later than asked.
import * as v from "valibot";
import { expect } from "vitest";
import type { CallbackOptions } from "../../lib/sdk/callback.ts";
import { CallbackError, TimeoutError } from "../../lib/sdk/errors.ts";
import { type Situation, type Stage, situations } from "./situation.ts";

const HOUR_MS = 3_600_000;

class Rejected extends Error {
  override readonly name = "Rejected";
  readonly code = "NOT_APPROVED";
  readonly by = { role: "auditor" };
}

const rejected = {
  is: "CallbackError",
  name: "CallbackError",
  message: 'callback "c" was completed with an error: not approved',
  fields: { code: "E_CALLBACK_FAILED", callback: "c" },
  cause: {
    is: "Error",
    name: "Rejected",
    message: "not approved",
    fields: { code: "NOT_APPROVED", by: { role: "auditor" } },
  },
};
const late = { is: "TimeoutError", name: "TimeoutError", fields: { code: "E_TIMEOUT" } };
const lateMessage = {
  ...late,
  message: expect.stringMatching(/^callback "c" of run \S+ was not completed in time$/),
};
const silent = {
  ...late,
  message: expect.stringMatching(/^callback "c" of run \S+ sent no heartbeat in time$/),
};

/** `stage` has the token handed out under the wait's name. */
const wait =
  (options: CallbackOptions = {}): Situation["code"] =>
  async (ctx, stage) =>
    ctx.waitForCallback("c", stage.submit("c"), options);

/** Some time after it was handed out. */
const later =
  (act: (stage: Stage) => Promise<void>, ms = HOUR_MS) =>
  async (stage: Stage) => {
    await stage.handedOut("c");
    await stage.after(ms);
    await act(stage);
  };
const succeed = (value: unknown) => later((stage) => stage.complete("c", value));
const reject = later((stage) => stage.refuse("c", new Rejected("not approved")));

const ran = { "submit c": 1 };

const values: readonly Situation[] = [
  {
    title: "gives what it is completed with",
    code: wait(),
    outside: succeed("yes"),
    gives: "yes",
    ran,
    ids: ["c/submit", "c"],
  },
  {
    title: "completed without a value gives nothing",
    code: wait(),
    outside: succeed(undefined),
    gives: undefined,
    ran,
  },
  { title: "completed with null gives null", code: wait(), outside: succeed(null), gives: null, ran },
  {
    title: "completed with a structure gives it",
    code: async (ctx, stage) => {
      const answer = await ctx.waitForCallback<{ status: string }>("c", stage.submit("c"));
      return answer.status;
    },
    outside: succeed({ status: "approved" }),
    gives: "approved",
    ran,
  },
  {
    title: "completed with more than the table holds gives it whole",
    code: async (ctx, stage) => {
      const rows = await ctx.waitForCallback<number[]>("c", stage.submit("c"));
      await ctx.sleep("then", "1 day");
      return stage.see("rows", rows.length);
    },
    outside: succeed(Array.from({ length: 40_000 }, (_, i) => i)),
    gives: 40_000,
    ran,
  },
  {
    title: "has the name it is given, its step one below",
    code: async (ctx, stage) => {
      const name = await ctx.step("pick", () => "order 7");
      return await ctx.waitForCallback(name, stage.submit("c"));
    },
    outside: succeed(1),
    gives: 1,
    ran,
    ids: ["pick", "order 7/submit", "order 7"],
  },
  {
    title: "has what a schema makes of its value, made once",
    code: async (ctx, stage) => {
      const answer = await ctx.waitForCallback("c", stage.submit("c"), {
        schema: v.object({
          at: v.pipe(
            v.string(),
            v.transform((text) => new Date(text)),
          ),
        }),
      });
      await ctx.sleep("then", "1 day");
      return stage.see("year", answer.at.getUTCFullYear());
    },
    outside: succeed({ at: "2026-01-01T00:00:00.000Z" }),
    gives: 2026,
    ran,
  },
  {
    title: "has the number that a schema reads from text",
    code: async (ctx, stage) => {
      const schema = v.pipe(v.string(), v.transform(Number), v.number());
      const count = await ctx.waitForCallback("c", stage.submit("c"), { schema });
      return { count, doubled: count * 2 };
    },
    outside: succeed("42"),
    gives: { count: 42, doubled: 84 },
    ran,
  },
  {
    title: "with a value that its schema refuses fails",
    code: async (ctx, stage) =>
      stage.seeEnd(
        "error",
        ctx.waitForCallback("c", stage.submit("c"), { schema: v.object({ n: v.number() }) }),
      ),
    outside: succeed({ n: "many" }),
    gives: expect.objectContaining({ fields: expect.objectContaining({ code: "E_CALLBACK_FAILED" }) }),
    ran,
  },
  {
    title: "completed before its submit has returned gives the value",
    code: async (ctx, stage) =>
      ctx.waitForCallback("c", async (token) => {
        stage.submit("c")(token);
        await stage.complete("c", "quick");
      }),
    gives: "quick",
    ran,
  },
  {
    title: "without a name, or without a submit, is refused",
    code: async (ctx, stage) => [
      await stage.seeEnd(
        "name",
        ctx.waitForCallback(undefined as never, () => 1),
      ),
      await stage.seeEnd("submit", ctx.waitForCallback("c", undefined as never)),
    ],
    gives: [
      expect.objectContaining({ fields: { code: "E_BAD_NAME" } }),
      expect.objectContaining({ fields: { code: "E_BAD_OPTION" } }),
    ],
    ids: [],
  },
];

const failures: readonly Situation[] = [
  {
    title: "completed with an error fails the run with it",
    code: wait(),
    outside: reject,
    fails: rejected,
    ran,
  },
  {
    title: "completed with an error that is caught lets the run go on",
    code: async (ctx, stage) =>
      ctx.waitForCallback("c", stage.submit("c")).catch(() => ctx.step("instead", () => "recovered")),
    outside: reject,
    gives: "recovered",
    ran,
    ids: ["c/submit", "c", "instead"],
  },
  {
    title: "completed with an error throws the same after a wait",
    code: async (ctx, stage) => {
      const error = await stage.seeEnd("error", ctx.waitForCallback("c", stage.submit("c")));
      await ctx.sleep("then", "1 day");
      return error;
    },
    outside: reject,
    gives: rejected,
    ran,
  },
  {
    title: "that nobody completes fails the run in time",
    code: wait({ timeout: "5s" }),
    fails: lateMessage,
    ran,
    ids: ["c", "c/submit"],
  },
  {
    title: "that nobody completes and that is caught lets the run go on",
    code: async (ctx, stage) =>
      ctx.waitForCallback("c", stage.submit("c"), { timeout: "1h" }).catch((error: unknown) => {
        if (error instanceof TimeoutError) return "nobody came";
        throw error;
      }),
    gives: "nobody came",
    ran,
    look: (stage) => expect(stage.atMs()).toBeGreaterThanOrEqual(HOUR_MS),
  },
  {
    title: "that timed out throws the same after a wait",
    code: async (ctx, stage) => {
      const error = await stage.seeEnd(
        "error",
        ctx.waitForCallback("c", stage.submit("c"), { timeout: "1h" }),
      );
      await ctx.sleep("then", "1 day");
      return error;
    },
    gives: lateMessage,
    ran,
  },
  { title: "without a heartbeat fails", code: wait({ heartbeatTimeout: "5m" }), fails: silent, ran },
  {
    title: "with heartbeats outlives its heartbeat timeout",
    code: wait({ heartbeatTimeout: "10m" }),
    outside: async (stage) => {
      await stage.handedOut("c");
      for (let beat = 0; beat < 12; beat += 1) {
        await stage.after(5 * 60_000);
        await stage.beat("c");
      }
      await stage.complete("c", "at last");
    },
    gives: "at last",
    ran,
    look: (stage) => expect(stage.atMs()).toBeGreaterThanOrEqual(HOUR_MS),
  },
  {
    title: "with heartbeats is still subject to its timeout",
    code: wait({ heartbeatTimeout: "10m", timeout: "1h" }),
    outside: async (stage) => {
      await stage.handedOut("c");
      for (let beat = 0; beat < 20; beat += 1) {
        await stage.after(5 * 60_000);
        await stage.beat("c").catch(() => {});
      }
    },
    fails: lateMessage,
    ran,
  },
  {
    title: "whose submit fails once has it called again, and the first token is still good",
    code: async (ctx, stage) =>
      ctx.waitForCallback("c", (token, s) => {
        stage.submit(`c ${s.attempt}`)(token);
        if (s.attempt === 1) throw new Error("nobody there");
      }),
    outside: async (stage) => {
      await stage.handedOut("c 2");
      await stage.complete("c 1", "reached");
    },
    gives: "reached",
    ran: { "submit c 1": 1, "submit c 2": 1 },
  },
  {
    title: "that was answered although its submit failed is not submitted again",
    code: async (ctx, stage) =>
      ctx.waitForCallback("c", async (token) => {
        stage.submit("c")(token);
        await stage.complete("c", "answered");
        throw new Error("the line broke");
      }),
    gives: "answered",
    ran,
  },
  {
    title: "whose submit fails for good fails with that",
    code: async (ctx, stage) =>
      ctx.waitForCallback(
        "c",
        () => {
          stage.ran("submit c");
          throw new Rejected("nobody there");
        },
        { retry: { maxAttempts: 2, initial: "1m" } },
      ),
    fails: {
      is: "StepError",
      fields: { step: "c/submit", attempt: 2 },
      cause: { is: "Error", name: "Rejected" },
    },
    ran: { "submit c": 2 },
  },
];

const beside: readonly Situation[] = [
  {
    title: "goes on beside a step, and fails where it is awaited",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCallback("c", stage.submit("c"));
      await ctx.step("s", () => stage.ran());
      return await stage.seeEnd("error", waits);
    },
    outside: reject,
    gives: rejected,
    ran: { ...ran, body: 1 },
  },
  {
    title: "goes on beside a step, and times out where it is awaited",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCallback("c", stage.submit("c"), { timeout: "5s" });
      await ctx.step("s", () => stage.ran());
      return await waits;
    },
    fails: lateMessage,
    ran: { ...ran, body: 1 },
  },
  {
    title: "completed during a sleep gives its value after it",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCallback("c", stage.submit("c"));
      await ctx.sleep("nap", "1 day");
      return await waits;
    },
    outside: succeed("meanwhile"),
    gives: "meanwhile",
    ran,
    look: (stage) => expect(stage.atMs()).toBeGreaterThanOrEqual(24 * HOUR_MS),
  },
  {
    title: "failed during a sleep fails after it, and not before",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCallback("c", stage.submit("c"));
      await ctx.sleep("nap", "1 day");
      return await waits;
    },
    outside: reject,
    fails: rejected,
    ran,
    look: (stage) => expect(stage.atMs()).toBeGreaterThanOrEqual(24 * HOUR_MS),
  },
  {
    title: "timed out during a sleep fails after it",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCallback("c", stage.submit("c"), { timeout: "1h" });
      await ctx.sleep("nap", "1 day");
      return await waits;
    },
    fails: lateMessage,
    ran,
  },
  {
    title: "then a wait: the value is the same after it",
    code: async (ctx, stage) => {
      const value = await ctx.waitForCallback("c", stage.submit("c"));
      await ctx.sleep("then", "1 day");
      return stage.see("value", value);
    },
    outside: succeed(new Map([["paid", 5n]])),
    gives: new Map([["paid", 5n]]),
    ran,
  },
  {
    title: "after a sleep and a step",
    code: async (ctx, stage) => {
      await ctx.sleep("nap", "1 day");
      await ctx.step("s", () => stage.ran());
      return await ctx.waitForCallback("c", stage.submit("c"));
    },
    outside: succeed("in the end"),
    gives: "in the end",
    ran: { ...ran, body: 1 },
    ids: ["nap", "s", "c/submit", "c"],
  },
  {
    title: "in a scope has the scope in its id",
    code: async (ctx, stage) => ctx.scope("part", (c) => c.waitForCallback("c", stage.submit("c"))),
    outside: succeed("inside"),
    gives: "inside",
    ran,
    ids: ["part/c/submit", "part/c"],
  },
  {
    title: "given up by the code throws nothing at anybody",
    code: async (ctx, stage) => {
      const waits = ctx.waitForCallback("c", stage.submit("c"), { timeout: "1 day" });
      const first = await Promise.race([waits, ctx.sleep("nap", "1h").then(() => "asleep")]);
      waits.cancel();
      return first;
    },
    gives: "asleep",
    ran,
  },
];

/** Two waits, completed at these hours. */
function two(
  title: string,
  code: Situation["code"],
  at: { readonly a: number; readonly b: number },
): Situation {
  return {
    title,
    code,
    outside: async (stage) => {
      const come = async (name: "a" | "b") => {
        await stage.handedOut(name);
        await stage.after(at[name] * HOUR_MS);
        await stage.complete(name, `of ${name}`);
      };
      await Promise.all([come("a"), come("b")]);
    },
    gives: ["of a", "of b"],
    ran: { "submit a": 1, "submit b": 1 },
  };
}

const pairs: readonly Situation[] = [
  two(
    "one after the other",
    async (ctx, stage) => [
      await ctx.waitForCallback("a", stage.submit("a")),
      await ctx.waitForCallback("b", stage.submit("b")),
    ],
    { a: 1, b: 1 },
  ),
  ...[
    { a: 1, b: 2 },
    { a: 2, b: 1 },
    { a: 1, b: 1 },
  ].flatMap((at) => [
    two(
      `at once, awaited in order, completed at ${at.a} and ${at.b}`,
      async (ctx, stage) => {
        const a = ctx.waitForCallback("a", stage.submit("a"));
        const b = ctx.waitForCallback("b", stage.submit("b"));
        return [await a, await b];
      },
      at,
    ),
    two(
      `at once, awaited the other way round, completed at ${at.a} and ${at.b}`,
      async (ctx, stage) => {
        const a = ctx.waitForCallback("a", stage.submit("a"));
        const b = ctx.waitForCallback("b", stage.submit("b"));
        const second = await b;
        return [await a, second];
      },
      at,
    ),
  ]),
  two(
    "of one name",
    async (ctx, stage) => [
      await ctx.waitForCallback("same", stage.submit("a")),
      await ctx.waitForCallback("same", stage.submit("b")),
    ],
    { a: 1, b: 1 },
  ),
  {
    title: "one that fails does not hurt the other",
    code: async (ctx, stage) => {
      const all = await Promise.allSettled(
        ["a", "b"].map((name) => ctx.waitForCallback(name, stage.submit(name))),
      );
      return all.map((one) => (one.status === "fulfilled" ? one.value : one.reason instanceof CallbackError));
    },
    outside: async (stage) => {
      await stage.handedOut("a");
      await stage.refuse("a", new Rejected("not approved"));
      await stage.complete("b", 2);
    },
    gives: [true, 2],
    ran: { "submit a": 1, "submit b": 1 },
  },
];

situations("a callback", values);
situations("a callback that fails", failures);
situations("a callback beside other waits", beside);
situations("two callbacks", pairs);
