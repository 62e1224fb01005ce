// Scopes: pieces of a workflow with names of their own.
import { expect } from "vitest";
import type { Context } from "../../lib/sdk/context.ts";
import { type Situation, situations } from "./situation.ts";

const once = { retry: { maxAttempts: 1 } } as const;

function fail(error: Error): never {
  throw error;
}

class Refused extends Error {
  override readonly name = "Refused";
  readonly code = "R7";
}

const values: readonly Situation[] = [
  {
    title: "a scope gives what its code gives",
    code: async (ctx, stage) => ctx.scope("part", (c) => c.step("s", () => `step ${stage.ran()}`)),
    gives: "step 1",
    ran: { body: 1 },
    ids: ["part/s"],
  },
  {
    title: "the name of a scope may come from the input",
    code: async (ctx) => {
      const name = await ctx.step("pick", () => "eu west");
      return await ctx.scope(name, (c) => c.step("s", () => name));
    },
    gives: "eu west",
    ids: ["pick", "eu west/s"],
  },
  {
    title: "steps in a scope build on each other",
    code: async (ctx) =>
      ctx.scope("part", async (c) => {
        const one = await c.step("one", () => 1);
        return await c.step("two", () => one + 1);
      }),
    gives: 2,
    ids: ["part/one", "part/two"],
  },
  {
    title: "scopes in scopes",
    code: async (ctx) =>
      ctx.scope("outer", async (outer) => {
        const one = await outer.step("s", () => "outer");
        const two = await outer.scope("inner", (inner) => inner.step("s", () => "inner"));
        return [one, two];
      }),
    gives: ["outer", "inner"],
    ids: ["outer/s", "outer/inner/s"],
  },
  {
    title: "a scope that repeats is told apart, in loops and at once",
    code: async (ctx) => {
      const part = async (c: Context, value: number) => c.step("s", () => value);
      const one = [await ctx.scope("part", (c) => part(c, 1)), await ctx.scope("part", (c) => part(c, 2))];
      return [...one, ...(await Promise.all([3, 4].map((n) => ctx.scope("both", (c) => part(c, n)))))];
    },
    gives: [1, 2, 3, 4],
    ids: ["part/s", "part#2/s", "both/s", "both#2/s"],
  },
  {
    title: "a scope without a name, or without code",
    code: async (ctx, stage) => {
      const noName = await stage.seeEnd(
        "name",
        ctx.scope(undefined as never, async () => 1),
      );
      const noCode = await stage.seeEnd("code", ctx.scope("part", undefined as never));
      return [noName, noCode];
    },
    gives: [
      expect.objectContaining({ fields: { code: "E_BAD_NAME" } }),
      expect.objectContaining({ fields: { code: "E_BAD_OPTION" } }),
    ],
  },
  {
    title: "a scope without any call gives its value, null and undefined too",
    code: async (ctx, stage) => {
      const given = [
        await ctx.scope("text", async () => "plain"),
        await ctx.scope("null", async () => null),
        await ctx.scope("nothing", async () => {}),
      ];
      return stage.see("given", given.map(String));
    },
    gives: ["plain", "null", "undefined"],
    ids: [],
  },
  {
    title: "a scope may give more than any checkpoint could hold, and what cannot be recorded",
    code: async (ctx, stage) => {
      const letter = await ctx.scope("large", async (c) => {
        const seed = await c.step("seed", () => ["x".repeat(stage.ran())]);
        return { text: seed[0]?.repeat(6_000_000) ?? "", call: () => seed[0] };
      });
      await ctx.sleep("wait", "1 day");
      return stage.see("length", `${letter.text.length} ${letter.call()}`);
    },
    gives: "6000000 x",
    ran: { body: 1 },
  },
  {
    title: "what a scope logs is logged once, however often it is replayed",
    code: async (ctx, stage) => {
      await ctx.scope("part", async (c) => {
        c.log.info("here");
        return stage.see("logged", 1);
      });
      await ctx.sleep("wait", "1 day");
    },
    look: (stage) => expect(stage.lines.filter((line) => line.includes("here"))).toHaveLength(1),
  },
];

const replays: readonly Situation[] = [
  {
    title: "a scope before a wait gives the same after it, without running its steps",
    code: async (ctx, stage) => {
      const value = await ctx.scope("part", (c) =>
        c.step("s", () => ({ n: stage.ran(), when: new Date(5) })),
      );
      await ctx.sleep("wait", "1 day");
      return stage.see("value", value);
    },
    gives: { n: 1, when: new Date(5) },
    ran: { body: 1 },
  },
  {
    title: "a scope with a step and a wait inside",
    code: async (ctx, stage) =>
      ctx.scope("part", async (c) => {
        const value = await c.step("s", () => stage.ran());
        await c.sleep("wait", "1 day");
        return value;
      }),
    gives: 1,
    ran: { body: 1 },
    ids: ["part/s", "part/wait"],
  },
  {
    title: "a scope with nothing but a wait, then a step outside",
    code: async (ctx, stage) => {
      const text = await ctx.scope("part", async (c) => {
        await c.sleep("wait", "1 day");
        return "waited";
      });
      return await ctx.step("after", () => `${text} ${stage.ran()}`);
    },
    gives: "waited 1",
    ran: { body: 1 },
    ids: ["part/wait", "after"],
  },
  {
    title: "waits inside and after a scope, a step between",
    code: async (ctx, stage) => {
      const inner = await ctx.scope("part", async (c) => {
        const value = await c.step("s", () => stage.ran("inner"));
        await c.sleep("wait", "1 day");
        return value;
      });
      const outer = await ctx.step("s", () => stage.ran("outer"));
      await ctx.sleep("wait", "1 day");
      return stage.see("both", [inner, outer]);
    },
    gives: [1, 1],
    ran: { inner: 1, outer: 1 },
    ids: ["part/s", "part/wait", "s", "wait"],
  },
  {
    title: "a scope whose process dies in its step takes up where it was",
    code: async (ctx, stage) =>
      ctx.scope("part", async (c) => {
        await c.step("before", () => stage.ran("before"));
        return await c.step("s", async () => {
          if (stage.ran("s") > 1) return "done";
          stage.lab.kill();
          return await new Promise<never>(() => {});
        });
      }),
    gives: "done",
    ran: { before: 1, s: 2 },
    spared: "it kills by itself",
  },
  {
    title: "a step in a scope that fails once is tried again",
    code: async (ctx, stage) =>
      ctx.scope("part", (c) =>
        c.step("s", (s) => (s.attempt < 2 ? fail(new Error("not yet")) : stage.ran()), {
          retry: { initial: "1h" },
        }),
      ),
    gives: 1,
    ran: { body: 1 },
  },
];

const failures: readonly Situation[] = [
  {
    title: "a failed step in a scope fails the run with its own error",
    code: async (ctx) => ctx.scope("part", (c) => c.step("s", () => fail(new Refused("no")), once)),
    fails: {
      is: "StepError",
      fields: { step: "part/s", attempt: 1, code: "E_STEP_FAILED" },
      cause: { is: "Error", name: "Refused", message: "no", fields: { code: "R7" } },
    },
  },
  {
    title: "a failed scope that was caught lets the run go on",
    code: async (ctx, stage) => {
      const error = await stage.seeEnd(
        "error",
        ctx.scope("part", (c) => c.step("s", () => fail(new Refused("no")), once)),
      );
      await ctx.step("instead", () => stage.ran());
      return error;
    },
    gives: expect.objectContaining({ is: "StepError", cause: expect.objectContaining({ name: "Refused" }) }),
    ran: { body: 1 },
    ids: ["part/s", "instead"],
  },
  {
    title: "a step in a scope whose attempts are used up fails the scope",
    code: async (ctx, stage) =>
      ctx.scope("part", (c) =>
        c.step("s", () => stage.counted(() => fail(new Refused("no"))), { retry: { maxAttempts: 2 } }),
      ),
    fails: { is: "StepError", fields: { attempt: 2 }, cause: { name: "Refused", is: "Error" } },
    ran: { body: 2 },
  },
  {
    title: "what the code of a scope throws itself is thrown as it is",
    code: async (ctx, stage) => {
      const thrown = new Refused("mine");
      const caught: unknown = await ctx
        .scope("part", async () => fail(thrown))
        .catch((error: unknown) => error);
      stage.see("the very same", caught === thrown);
      throw caught;
    },
    fails: { is: "Error", name: "Refused", message: "mine", fields: { code: "R7" } },
    ids: [],
  },
  {
    title: "code of a scope that throws before its first await rejects, and does not throw",
    code: async (ctx, stage) =>
      stage.seeEnd(
        "error",
        ctx.scope("part", () => fail(new Refused("at once"))),
      ),
    gives: expect.objectContaining({ is: "Refused", message: "at once" }),
  },
  {
    title: "an error from the inner of two scopes may be caught in the outer",
    code: async (ctx) =>
      ctx.scope("outer", async (outer) => {
        const value = await outer
          .scope("inner", (inner) => inner.step("s", () => fail(new Refused("no")), once))
          .catch(() => "caught");
        return await outer.step("after", () => value);
      }),
    gives: "caught",
    ids: ["outer/inner/s", "outer/after"],
  },
];

situations("the value of a scope", values);
situations("a scope that is replayed", replays);
situations("a scope that fails", failures);
