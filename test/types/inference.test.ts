// What an author need not write down: inputs, outputs, step results and signal payloads are inferred. Checked by the
// compiler (npm run typecheck); at run time these tests only define workflows.
import { type Duration, type SignalSchemas, type Workflow, workflow } from "perdure";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";

const Input = v.object({
  id: v.string(),
  when: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
});
const Approval = v.object({ approved: v.boolean() });

describe("a workflow's types", () => {
  it("come from its schemas: the input is what the schema gives out", () => {
    workflow("typed", { input: Input }, async (_ctx, input) => {
      expectTypeOf(input).toEqualTypeOf<{ id: string; when: Date }>();
    });
  });

  it("without a schema the input is unknown", () => {
    workflow("untyped", async (_ctx, input) => {
      expectTypeOf(input).toBeUnknown();
    });
  });

  it("carry the output", () => {
    const typed = workflow("output", { input: Input }, async (ctx) => ctx.step("count", () => 3));
    expectTypeOf(typed).toExtend<
      Workflow<{ id: string; when: Date }, number, SignalSchemas, { id: string; when: string }>
    >();
  });

  it("give a step the type of its body's result", () => {
    workflow("steps", async (ctx) => {
      expectTypeOf(await ctx.step("sync", () => ({ a: 1 }))).toEqualTypeOf<{ a: number }>();
      expectTypeOf(await ctx.step("async", async () => new Map([["a", 1n]]))).toEqualTypeOf<
        Map<string, bigint>
      >();
      const [one, two] = await Promise.all([ctx.step("one", () => 1), ctx.step("two", () => "2")]);
      expectTypeOf(one).toEqualTypeOf<number>();
      expectTypeOf(two).toEqualTypeOf<string>();
    });
  });

  it("give a declared signal its payload, and refuse an undeclared one without a schema", () => {
    workflow("signals", { signals: { approved: Approval } }, async (ctx) => {
      expectTypeOf(await ctx.waitForSignal("approved", { timeout: "1 day" })).toEqualTypeOf<{
        approved: boolean;
      }>();
      expectTypeOf(await ctx.waitForSignal("other", { schema: v.number() })).toEqualTypeOf<number>();
      // @ts-expect-error -- a typing error in the name
      await ctx.waitForSignal("aproved");
    });
    workflow("anything", async (ctx) => {
      expectTypeOf(await ctx.waitForSignal("whatever")).toBeUnknown();
    });
  });

  it("refuse options that do not exist and durations that are none", () => {
    workflow("options", async (ctx) => {
      // @ts-expect-error -- there is no such option
      await ctx.step("a", () => 1, { retries: 3 });
      // @ts-expect-error -- not a duration
      await ctx.sleep("nap", true);
    });
    expectTypeOf<"3 days">().toExtend<Duration>();
    expectTypeOf<{ hours: 1 }>().toExtend<Duration>();
  });

  it("give a loop the type of its state, and of what its last turn answers", () => {
    workflow("loops", async (ctx) => {
      const loop = ctx.loop("l", { n: 0, seen: [] as string[] }, async (c, state, turn) => {
        expectTypeOf(state).toEqualTypeOf<{ n: number; seen: string[] }>();
        expectTypeOf(turn).toBeNumber();
        const text = await c.step("s", () => "text");
        return state.n > 3 ? { done: text } : { next: { n: state.n + 1, seen: [text] } };
      });
      expectTypeOf(await loop).toEqualTypeOf<string>();
      expectTypeOf(ctx.loop("endless", 0, async (_, n) => ({ next: n + 1 }))).resolves.toBeNever();
      // @ts-expect-error -- the next turn would get something else
      await ctx.loop("wrong", 0, async () => ({ next: "text" }));
    });
  });

  it("let a run begin anew with what a caller would send", () => {
    workflow("anew", { input: Input }, async (ctx, input) => {
      await ctx.scope("s", async (c) => c.continueAsNew({ id: input.id, when: "2026-01-01" }));
      // @ts-expect-error -- the schema makes a Date of text
      await ctx.continueAsNew(input);
    });
    workflow("anything", async (ctx) => await ctx.continueAsNew({ any: "thing" }));
  });
});
