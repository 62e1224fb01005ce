// Which failures a retry does again, and which it keeps: what made the run fail is done again, what the code has coped
// with is not. Each run is retried once, when its cause was mended.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { cancelRun, completeCallback, retryRun } from "../../lib/engine/index.ts";
import { schedulingOf } from "../../lib/engine/schedules/verbs.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { CancelledError, TerminalError } from "../../lib/sdk/errors.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

/** What the bodies of a test know: those that are frail fail until it is mended, and all that run are noted. */
function createWorld() {
  const world = {
    isBroken: true,
    ran: [] as string[],
    sound: (what: string) => () => {
      world.ran.push(what);
      return what;
    },
    frail: (what: string) => () => {
      world.ran.push(what);
      if (world.isBroken) throw new TerminalError(`${what} is down`);
      return what;
    },
  };
  return world;
}
type World = ReturnType<typeof createWorld>;
type Body = (ctx: Context, world: World) => Promise<unknown>;

/** A lab in which a run of the body has failed, and whose world was mended. */
async function failed(body: Body, others: readonly AnyWorkflow[] = [], world = createWorld()) {
  const lab = new Lab([workflow("w", async (ctx) => body(ctx, world)), ...others]);
  const runId = await lab.start("w");
  await expect(lab.result(runId)).rejects.toThrow();
  world.isBroken = false;
  world.ran.length = 0;
  return { lab, world, runId };
}

/** Answers what the retried run gives, and what has run for it. */
async function retriedOnce(...of: Parameters<typeof failed>) {
  const { lab, world, runId } = await failed(...of);
  const before = await lab.entries(runId);
  const retried = await retryRun(lab.engine, { runId });
  const result = await lab.result(retried.runId).catch((error: Error) => error.message);
  await checkInvariants(lab, retried.runId);
  expect(await lab.entries(runId)).toEqual(before);
  return { result, ran: world.ran.toSorted() };
}

const AT_MOST_ONCE = { semantics: "at-most-once" } as const;
const LATER = { retry: { maxAttempts: 2, initial: "1 hour" } } as const;

/** As `failed`, when a process has died in the middle of steps that run at most once. */
async function interrupted(
  body: (ctx: Context, world: World, atMostOnce: World["sound"]) => Promise<unknown>,
) {
  const world = createWorld();
  let isDying = false;
  const atMostOnce = (what: string) => () => {
    isDying = world.isBroken;
    return world.sound(what)();
  };
  const lab = new Lab([workflow("w", async (ctx) => body(ctx, world, atMostOnce))]);
  lab.watch = ({ method }) => {
    if (!isDying || method !== "append") return "go on";
    isDying = false;
    return "die before";
  };
  const runId = await lab.start("w");
  await expect(lab.result(runId)).rejects.toThrow();
  expect(JSON.stringify(await lab.entries(runId))).toContain("E_STEP_INTERRUPTED");
  world.isBroken = false;
  world.ran.length = 0;
  return { lab, world, runId };
}

const NAMES = ["a", "b", "c"];

describe("a retry does again all that made the run fail", () => {
  it.each<[string, Body, unknown]>([
    [
      "steps of a Promise.all",
      async (ctx, { frail }) => Promise.all(NAMES.map((name) => ctx.step(name, frail(name)))),
      NAMES,
    ],
    [
      "steps of a Promise.any",
      async (ctx, { frail }) => Promise.any(NAMES.map((name) => ctx.step(name, frail(name)))),
      "a",
    ],
    [
      "items of a map",
      async (ctx, { frail }) => ctx.map("m", NAMES, async (c, name) => c.step("s", frail(name))),
      NAMES,
    ],
    [
      "items of a map of which one may fail",
      async (ctx, { frail }) => {
        const ship = async (c: Context, name: string) => c.step("s", frail(name));
        return (await ctx.map("m", NAMES, ship, { tolerate: 1 })).values;
      },
      NAMES,
    ],
    [
      "branches",
      async (ctx, { frail }) =>
        ctx.parallel(
          "p",
          NAMES.map((name) => async (c: Context) => c.step("s", frail(name))),
        ),
      NAMES,
    ],
    [
      "steps of which the code only says that some have failed",
      async (ctx, { frail }) => {
        const each = await Promise.allSettled(NAMES.map((name) => ctx.step(name, frail(name))));
        if (each.some(({ status }) => status === "rejected")) throw new Error("some have failed");
        return "all are well";
      },
      "all are well",
    ],
    [
      "steps of which it first tells, and throws the first one's error",
      async (ctx, { frail }) => {
        const each = await Promise.allSettled(NAMES.map((name) => ctx.step(name, frail(name))));
        const first = each.find((result) => result.status === "rejected");
        if (first === undefined) return "all are well";
        await ctx.step("tell", () => null);
        throw first.reason;
      },
      "all are well",
    ],
  ])("%s", async (_, body, result) => {
    expect(await retriedOnce(body)).toEqual({ result, ran: NAMES });
  });

  it.each<[string, Body]>([
    [
      "another error thrown in its place",
      async (ctx, { frail }) => {
        const failure = ctx.step("a", frail("a"));
        return await failure.catch(() => {
          throw new Error("could not");
        });
      },
    ],
    [
      "another error thrown in its place, after the code has said how it stands",
      async (ctx, { frail }) => {
        const rest = ctx.sleep("rest", "1 hour");
        const done = await ctx.step("a", frail("a")).catch(async () => ctx.publish({ is: "failing" }));
        await rest;
        if (done === undefined) throw new Error("could not");
        return done;
      },
    ],
    [
      "another error thrown in its place, after some cleaning up",
      async (ctx, { frail }) => {
        try {
          return await ctx.step("a", frail("a"));
        } catch {
          await ctx.step("clean up", () => null);
          throw new Error("could not");
        }
      },
    ],
    [
      "the cause of another's cause",
      async (ctx, { frail }) => {
        try {
          return await ctx.step("a", frail("a"));
        } catch (cause) {
          await ctx.sleep("a while", "1 hour");
          throw new Error("could not", { cause: new Error("why", { cause }) });
        }
      },
    ],
  ])("a step that has failed: %s", async (_, body) => {
    expect(await retriedOnce(body)).toEqual({ result: "a", ran: ["a"] });
  });

  it("pieces of work that the code says have failed, whatever it did before it said so", async () => {
    const body: Body = async (ctx, { frail, sound }) => {
      const pieces: Record<string, (c: Context) => Promise<unknown>> = {
        a: async (c) => c.step("s", frail("a")),
        b: async (c) => c.step("s", frail("b")),
        // Goes on when the first two have failed.
        c: async (c) => c.sleep("rest", "10m").then(async () => c.step("s", sound("c"))),
        d: async (c) => c.sleep("rest", "1 hour").then(async () => c.step("s", frail("d"))),
      };
      try {
        return (await ctx.parallel("p", pieces, { tolerate: 2 })).values;
      } catch (error) {
        await ctx.sleep("a while", "1 hour");
        throw error;
      }
    };
    expect(await retriedOnce(body)).toEqual({ result: ["a", "b", "c", "d"], ran: ["a", "b", "d"] });
  });

  it("all that were to be one, also when the code has rested since", async () => {
    const body: Body = async (ctx, { frail }) => {
      try {
        return await Promise.any(NAMES.map((name) => ctx.step(name, frail(name))));
      } catch (error) {
        await ctx.sleep("a while", "1 hour");
        throw error;
      }
    };
    expect(await retriedOnce(body)).toEqual({ result: "a", ran: NAMES });
  });

  it.each<[string, Body]>([
    [
      "after the code had",
      async (ctx, { frail, sound }) =>
        Promise.all([
          ctx.step("ship", frail("ship")),
          ctx.step("mail", frail("mail")).catch(async () => ctx.step("letter", sound("letter"))),
        ]),
    ],
    [
      "when it was given up",
      async (ctx, { frail, sound }) =>
        ctx.parallel("p", [
          async (c) => c.step("ship", frail("ship")),
          async (c) =>
            c.step("mail", frail("mail")).catch(async (error: unknown) => {
              if (error instanceof CancelledError) throw error;
              return await c.step("letter", sound("letter"));
            }),
        ]),
    ],
  ])("a step that has failed %s, although the code would have coped with it", async (_, body) => {
    expect(await retriedOnce(body)).toEqual({ result: ["ship", "mail"], ran: ["mail", "ship"] });
  });

  it("an undo that failed, when there is something to be undone again", async () => {
    const body: Body = async (ctx, { frail, sound }) => {
      const compensate = { undo: frail("refund"), retry: { maxAttempts: 1 } };
      await ctx.step("charge", sound("charge"), { compensate });
      throw new TerminalError("rejected");
    };
    expect(await retriedOnce(body)).toEqual({ result: "rejected", ran: ["refund"] });
  });

  it.each<[string, Body]>([
    [
      "failed for lack of checks",
      async (ctx, world) =>
        ctx.waitForCondition("ready", () => !world.isBroken, { every: "1m", maxChecks: 3 }),
    ],
    [
      "timed out",
      async (ctx, world) =>
        ctx.waitForCondition("ready", () => !world.isBroken, { every: "1m", timeout: "5m" }),
    ],
  ])("a condition that has %s, with all its checks", async (_, body) => {
    expect(await retriedOnce(body)).toEqual({ result: true, ran: [] });
  });

  it("a wait for a signal that has timed out, also when the code has cleaned up and rested since", async () => {
    const { lab, runId, world } = await failed(async (ctx, { sound }) => {
      await ctx.step("go", sound("announce"));
      try {
        return await ctx.waitForSignal("go", { timeout: "1 day" });
      } catch (error) {
        await ctx.step("clean up", sound("clean up"));
        await ctx.sleep("a while", "1 hour");
        throw error;
      }
    });
    const retried = await retryRun(lab.engine, { runId });
    await lab.settle();
    await lab.signal(retried.runId, "go", "gone");
    expect(await lab.result(retried.runId)).toBe("gone");
    expect(world.ran).toEqual([]);
  });

  it("a signal that was refused: it is judged again, by the schema of now", async () => {
    const w = (schema: v.GenericSchema) =>
      workflow("w", async (ctx) => ctx.waitForSignal("amount", { schema }));
    const lab = new Lab([w(v.string())]);
    const runId = await lab.start("w");
    await lab.signal(runId, "amount", 7);
    await expect(lab.result(runId)).rejects.toThrow("E_INVALID_INPUT");
    lab.deploy(w(v.number()));
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toBe(7);
  });

  it("a callback that has timed out, with a token of its own", async () => {
    const tokens: string[] = [];
    const { lab, runId } = await failed(async (ctx) =>
      ctx.waitForCallback("c", (token) => void tokens.push(token), { timeout: "1 day" }),
    );
    const retried = await retryRun(lab.engine, { runId });
    await lab.settle();
    expect(new Set(tokens).size).toBe(2);
    await completeCallback(lab.engine, tokens[1] ?? "", { ok: true, value: "given" });
    expect(await lab.result(retried.runId)).toBe("given");
  });

  it("steps that had failed when somebody cancelled the run", async () => {
    const world = createWorld();
    const w = workflow("w", async (ctx) => {
      const failures = Promise.allSettled(["a", "b"].map((name) => ctx.step(name, world.frail(name))));
      await ctx.sleep("long", "30 days");
      return (await failures).map(({ status }) => status);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await cancelRun(lab.engine, { runId });
    await lab.result(runId).catch(() => {});
    world.isBroken = false;
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["fulfilled", "fulfilled"]);
  });

  it("and is one run, wherever the process dies that works for it", async () => {
    await everyCrash(async (watch, where) => {
      const { lab, runId, world } = await failed(async (ctx, { frail, sound }) => {
        const first = await ctx.step("first", sound("first"));
        const all = await Promise.all(NAMES.map((name) => ctx.step(name, frail(name))));
        return [first, ...all];
      });
      let count = 0;
      lab.watch = async (call) => {
        count += 1;
        return await watch({ ...call, count });
      };
      const request = { runId, idempotencyKey: "k" };
      const retried = await retryRun(lab.engine, request);
      expect(await lab.result(retried.runId), where).toEqual(["first", ...NAMES]);
      expect((await retryRun(lab.engine, request)).runId).toBe(retried.runId);
      expect(world.ran, where).not.toContain("first");
      await checkInvariants(lab, retried.runId);
    });
  });
});

describe("a retry keeps a failure", () => {
  it("that the code went on after, when another one made the run fail", async () => {
    const body: Body = async (ctx, { frail, sound }) => {
      const card = await ctx.step("card", frail("card")).catch(async () => ctx.step("bank", sound("bank")));
      try {
        return [card, await ctx.step("ship", frail("ship"))];
      } catch {
        throw new Error("no parcels");
      }
    };
    expect(await retriedOnce(body)).toEqual({ result: ["bank", "ship"], ran: ["ship"] });
  });

  it("that the code went on after, beside others that made the run fail", async () => {
    const body: Body = async (ctx, { frail, sound }) =>
      Promise.all([
        ctx.step("card", frail("card")).catch(async () => ctx.step("bank", sound("bank"))),
        ctx.scope("late", async (c) => {
          await c.sleep("a while", "1 hour");
          return await c.step("ship", frail("ship"));
        }),
      ]);
    expect(await retriedOnce(body)).toEqual({ result: ["bank", "ship"], ran: ["ship"] });
  });

  it("that the code has coped with, when it has waited since and fails all by itself", async () => {
    const body: Body = async (ctx, { frail, sound }) => {
      await ctx.step("card", frail("card")).catch(async () => ctx.step("bank", sound("bank")));
      await ctx.sleep("a while", "1 hour");
      throw new TerminalError("rejected");
    };
    expect(await retriedOnce(body)).toEqual({ result: "rejected", ran: [] });
  });

  it("when the code that is there now goes on with it", async () => {
    const world = createWorld();
    const w = (isStrict: boolean) =>
      workflow("w", async (ctx) => {
        const each = await Promise.allSettled(NAMES.map((name) => ctx.step(name, world.frail(name))));
        if (isStrict) throw new Error("some have failed");
        return each.map(({ status }) => status);
      });
    const lab = new Lab([w(true)]);
    const runId = await lab.start("w");
    await expect(lab.result(runId)).rejects.toThrow("some have failed");
    lab.deploy(w(false));
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["rejected", "rejected", "rejected"]);
    expect(world.ran).toEqual(NAMES);
  });

  it("of a step that runs at most once and may have happened", async () => {
    const { lab, runId, world } = await interrupted(async (ctx, { frail, sound }, atMostOnce) => {
      const pay = ctx.step("pay", atMostOnce("pay"), AT_MOST_ONCE).catch(sound("unknown"));
      const [ship] = await Promise.allSettled([ctx.step("ship", frail("ship"), LATER), pay]);
      if (ship.status === "rejected") throw new Error("no parcels");
      return [await pay, ship.value];
    });
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["unknown", "ship"]);
    expect(world.ran).not.toContain("pay");
  });

  it("of one that the code has not heard of, either, unless the run failed with it", async () => {
    const { lab, runId, world } = await interrupted(async (ctx, { sound }, atMostOnce) =>
      Promise.all([
        ctx.step("ship", atMostOnce("ship"), AT_MOST_ONCE),
        ctx.step("pay", atMostOnce("pay"), AT_MOST_ONCE).catch(async () => ctx.step("look", sound("look"))),
      ]),
    );
    const retried = await retryRun(lab.engine, { runId });
    expect(await lab.result(retried.runId)).toEqual(["ship", "look"]);
    expect(world.ran).toEqual(["ship", "look"]);
  });
});

it("what could not be undone is not done again, nor undone: what failed is", async () => {
  const { lab, runId, world } = await failed(async (ctx, { frail, sound }) => {
    const compensate = { undo: frail("refund"), retry: { maxAttempts: 1 } };
    const charged = await ctx.step("charge", sound("charge"), { compensate });
    const [ship] = await Promise.allSettled([ctx.step("ship", frail("ship")), ctx.sleep("rest", "1 hour")]);
    if (ship.status === "rejected") throw new Error("no parcels");
    return [charged, ship.value];
  });
  const retried = await retryRun(lab.engine, { runId });
  expect(await lab.result(retried.runId)).toEqual(["charge", "ship"]);
  expect(world.ran).toEqual(["ship"]);
});

describe("a retry does nothing again that succeeded", () => {
  it("and is behind the end of a run that was asked for", async () => {
    const other = workflow("other", async (ctx) => ctx.sleep("long", "30 days"));
    const body: Body = async (ctx, { frail, sound }) => {
      const { runId } = await ctx.startChild("other", other, null);
      await schedulingOf(ctx).end(runId, "enough");
      await ctx.step("note", sound("note"));
      return await ctx.step("ship", frail("ship"));
    };
    expect(await retriedOnce(body, [other])).toEqual({ result: "ship", ran: ["ship"] });
  });

  it("and has the name of a step that failed in a child", async () => {
    const world = createWorld();
    const child = workflow("child", async (ctx) => ctx.step("charge", world.frail("child's charge")));
    const body: Body = async (ctx, { sound }) => [
      await ctx.step("charge", sound("charge")),
      await ctx.runChild("c", child, null),
    ];
    expect(await retriedOnce(body, [child], world)).toEqual({
      result: ["charge", "child's charge"],
      ran: ["child's charge"],
    });
  });

  it("and has the name of a callback that failed", async () => {
    const tokens: string[] = [];
    const world = createWorld();
    const w = workflow("w", async (ctx) => {
      await ctx.scope("approve", async (c) => c.step("mail", world.sound("mail")));
      await ctx.step("approve", world.sound("ask"));
      return await ctx.waitForCallback("approve", (token) => void tokens.push(token));
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await completeCallback(lab.engine, tokens[0] ?? "", { ok: false, error: new Error("not there") });
    await expect(lab.result(runId)).rejects.toThrow("not there");
    const retried = await retryRun(lab.engine, { runId });
    await lab.settle();
    await completeCallback(lab.engine, tokens[1] ?? "", { ok: true, value: "there" });
    expect(await lab.result(retried.runId)).toBe("there");
    expect(world.ran).toEqual(["mail", "ask"]);
  });
});
