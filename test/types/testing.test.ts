// perdure/testing knows a workflow's types: what is sent as input and signals is what the schemas take in, what comes
// out is what the workflow returns. Checked by the compiler; nothing here runs a workflow.
import { workflow } from "perdure";
import { createTestEnvironment, exploreCrashes, type StepMock, type TestRun } from "perdure/testing";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";

const Input = v.object({
  id: v.string(),
  when: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
  coolOff: v.optional(v.string(), "2s"),
});
const signals = {
  approved: v.object({ by: v.string(), note: v.optional(v.string(), "") }),
  counted: v.pipe(v.string(), v.transform(Number)),
};
const typed = workflow("typed", { input: Input, signals }, async (ctx, { when }) => {
  const { note } = await ctx.waitForSignal("approved");
  return { when, note, count: await ctx.waitForSignal("counted") };
});
const untyped = workflow("untyped", async () => 3);

const environment = createTestEnvironment({ workflows: [typed, untyped] });
const start = () => environment.start(typed, { id: "a", when: "2026-01-01" });
type Run = Awaited<ReturnType<typeof start>>;

describe("a test run's types", () => {
  it("take the input as it is sent, before the schema has changed it or filled in what is left out", () => {
    const refused = () => [
      // @ts-expect-error -- a string is sent, the schema makes the Date
      environment.start(typed, { id: "a", when: new Date(0) }),
      // @ts-expect-error -- something is missing
      environment.start(typed, { id: "a" }),
    ];
    expectTypeOf(refused).toBeFunction();
  });

  it("give the result its type", () => {
    expectTypeOf<Run["result"]>().returns.resolves.toEqualTypeOf<{
      when: Date;
      note: string;
      count: number;
    }>();
    expectTypeOf(() => environment.start(untyped, { anything: true })).returns.resolves.toExtend<
      TestRun<number>
    >();
  });

  it("know the signals and what is sent with them", () => {
    const sent = (run: Run) => [
      run.signal("approved", { by: "ada" }),
      run.signal("counted", "3"),
      // @ts-expect-error -- a typing error in the name
      run.signal("aproved", { by: "ada" }),
      // @ts-expect-error -- the payload of another signal
      run.signal("approved", "3"),
      // @ts-expect-error -- what the schema gives out, not what it takes in
      run.signal("counted", 3),
    ];
    expectTypeOf(sent).toBeFunction();
    const free = async () => (await environment.start(untyped, null)).signal("whatever", { any: "thing" });
    expectTypeOf(free).toBeFunction();
  });

  it("know what a mock is", () => {
    expectTypeOf<{ returns: number }>().toExtend<StepMock<number>>();
    expectTypeOf<(s: { attempt: number }) => Promise<number>>().toExtend<StepMock<number>>();
    expectTypeOf<{ takes: "1m" }>().not.toExtend<StepMock>();
    expectTypeOf<{ returns: string }>().not.toExtend<StepMock<number>>();
  });

  it("carry over to the exploration of crashes", () => {
    const explored = () =>
      exploreCrashes(
        typed,
        { id: "a", when: "2026-01-01" },
        {
          during: async (run) => await run.signal("approved", { by: "ada" }),
          compare: ({ when, ...rest }) => {
            expectTypeOf(when).toEqualTypeOf<Date>();
            return rest;
          },
          mocks: { charge: (s) => expectTypeOf(s.attempt).toEqualTypeOf<number>() },
        },
      );
    expectTypeOf(explored).returns.resolves.toHaveProperty("ok");
    const refused = () =>
      exploreCrashes(
        typed,
        { id: "a", when: "2026-01-01" },
        {
          // @ts-expect-error -- no such signal
          during: async (run) => await run.signal("aproved", { by: "ada" }),
        },
      );
    expectTypeOf(refused).toBeFunction();
  });
});
