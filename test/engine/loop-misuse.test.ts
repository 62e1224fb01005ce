// What a loop is not: what it says to code that takes it for something else.
import { describe, expect, it } from "vitest";
import { type AnyWorkflow, type Context, workflow } from "../../lib/sdk/index.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

const sleeper = workflow("sleeper", async (ctx) => {
  await ctx.sleep("long", "30 days");
});

async function resultOf(w: AnyWorkflow): Promise<unknown> {
  const lab = new Lab([w]);
  const runId = await lab.start(w);
  const result = await lab.result(runId);
  await checkInvariants(lab, runId);
  return result;
}

describe("a loop that is used wrongly", () => {
  const refusal = async (body: (ctx: Context) => Promise<unknown>): Promise<string> => {
    const w = workflow("w", async (ctx) => body(ctx).catch((error: Error) => error.message));
    return (await resultOf(w)) as string;
  };

  it("says so", async () => {
    const wrong = (value: unknown) => value as never;
    expect(await refusal(async (ctx) => ctx.loop("a/b", 0, async () => ({ done: 1 })))).toContain(
      "E_BAD_NAME",
    );
    expect(await refusal(async (ctx) => ctx.loop("l", 0, wrong("f")))).toContain(
      'The body of loop "l" is "f"; it must be a function',
    );
    const symbol = async (ctx: Context) => ctx.loop("l", { deep: [Symbol("s")] }, async () => ({ done: 1 }));
    expect(await refusal(symbol)).toContain("deep[0]");
    const later = async (ctx: Context) => ctx.loop("l", 0, async () => ({ next: wrong(() => 1) }));
    expect(await refusal(later)).toContain("E_NOT_SERIALIZABLE");
    for (const answer of [undefined, null, 5, {}, { next: 1, done: 2 }]) {
      const what = async (ctx: Context) => ctx.loop("l", 0, async () => wrong(answer));
      expect(await refusal(what)).toContain("answered neither { next } nor { done }");
    }
  });

  it("is told when its turn reaches outside itself", async () => {
    const outside = async (reach: (ctx: Context) => unknown) =>
      refusal(async (ctx) =>
        ctx.loop("l", 0, async (c) => {
          await c.sleep("s", "1 hour");
          await reach(ctx);
          return { done: "reached" };
        }),
      );
    const what = "of a context outside of it";
    expect(await outside(async (ctx) => ctx.step("x", () => 1))).toContain(`step "x" ${what}`);
    expect(await outside(async (ctx) => ctx.sleep("x", "1 day"))).toContain(what);
    expect(await outside(async (ctx) => ctx.waitForSignal("x"))).toContain(what);
    expect(await outside(async (ctx) => ctx.runChild("x", sleeper, 1))).toContain(what);
    expect(await outside(async (ctx) => ctx.publish(1))).toContain(what);
    expect(await outside(async (ctx) => ctx.scope("x", async () => 1))).toContain(what);
    expect(await outside(async (ctx) => ctx.map("x", [1], async () => 1))).toContain(what);
    expect(await outside(async (ctx) => ctx.loop("x", 1, async () => ({ done: 1 })))).toContain(what);
    expect(await outside((ctx) => ctx.random())).toContain(what);
    expect(await outside((ctx) => ctx.uuid())).toContain(what);
    expect(await outside((ctx) => ctx.compensations.add("x", () => 1))).toContain(what);
    expect(await outside((ctx) => ctx.now())).toBe("reached");
  });

  it.skipIf(unlessPlain("it never leaves the process"))(
    "is told when somebody uses the context of a turn that has ended",
    async () => {
      const w = workflow("w", async (ctx) => {
        let leaked: Context = ctx;
        const loop = ctx.loop("l", 0, async (c, n) => {
          if (n === 0) leaked = c;
          await c.sleep("s", "200ms");
          return n === 3 ? { done: n } : { next: n + 1 };
        });
        await ctx.sleep("s", "300ms");
        const told = await leaked.step("x", () => 1).catch((error: Error) => error.message);
        await loop;
        return told;
      });
      expect(await resultOf(w)).toContain("A turn of a loop has ended");
    },
  );

  it("stalls when the code no longer has it, and goes on when it has it again", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.loop("l", 0, async (c, n) => {
        await c.sleep("s", "1 day");
        return n === 4 ? { done: n } : { next: n + 1 };
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(2.5 * 24 * 3_600_000);
    lab.deploy(workflow("w", async (ctx) => ctx.sleep("other", "1 day")));
    await lab.pass(24 * 3_600_000);
    expect((await lab.run(runId)).stalled?.code).toBe("E_NONDETERMINISM");
    lab.deploy(w);
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe(4);
  });
});
