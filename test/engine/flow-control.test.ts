// How many runs go on at once: whatever dies on the way, never more than the limit says are inside, and every run gets its turn.
import { describe, expect, it } from "vitest";
import { cancelRun, forkRun, pauseRun, resumeRun, terminateRun } from "../../lib/engine/index.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import {
  a,
  atEveryCrash,
  b,
  byCustomer,
  expectEmpty,
  Inside,
  MINUTE_MS,
  RIVALS,
  standing,
  startAll,
  startInTurn,
  statuses,
  WHOLE,
} from "./inside.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab, type LabOptions } from "./lab.ts";
import { unlessQuick } from "./modes.ts";

describe("a concurrency limit", () => {
  it("lets so many runs go on at once, and the others in the order of their start", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 2 } })]);
    const runIds = await startInTurn(lab, [1, 2, 3, 4, 5]);
    await lab.settle();
    expect(inside.order).toEqual(runIds.slice(0, 2));
    expect((await lab.run(runIds[2] ?? "")).waits).toEqual([{ kind: "concurrency", id: "orders" }]);
    expect(await standing(lab, WHOLE)).toMatchObject({ waiters: [{}, {}, {}] });
    await lab.pass(MINUTE_MS + 5_000);
    expect(inside.order).toEqual(runIds.slice(0, 4));
    for (const runId of runIds) expect(await lab.result(runId)).toBe(runId);
    expect(inside.order).toEqual(runIds);
    for (const runId of runIds) await checkInvariants(lab, runId);
    await expectEmpty(lab, WHOLE);
  });

  it("with a key counts the runs of each key by themselves", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 1, key: byCustomer } })]);
    const runIds = await startInTurn(lab, [a, a, b, b, a]);
    await lab.settle();
    expect(inside.order).toEqual([runIds[0], runIds[2]]);
    expect((await lab.run(runIds[1] ?? "")).waits).toEqual([{ kind: "concurrency", id: "a" }]);
    for (const runId of runIds) await lab.result(runId);
    expect(inside.order).toHaveLength(5);
    await expectEmpty(lab, "orders/k/a", "orders/k/b");
  });

  it("may be two, one with a key and one without, and runs never wait for each other in a circle", async () => {
    const inside = new Inside();
    const limits = [{ limit: 2 }, { limit: 1, key: byCustomer }];
    const lab = new Lab([inside.workflow({ concurrency: limits })]);
    const runIds = await startInTurn(lab, [a, a, b, { customer: "c" }, b, a]);
    await lab.settle();
    expect(inside.order).toEqual([runIds[0], runIds[2]]);
    for (const runId of runIds) await lab.result(runId);
    await expectEmpty(lab, WHOLE, "orders/k/a", "orders/k/b", "orders/k/c");
  });

  it("is given back by a run that fails, is cancelled, is terminated or runs out of time", async () => {
    for (const end of ["fail", "cancel", "terminate", "timeout"] as const) {
      const inside = new Inside();
      const forever = workflow(
        "orders",
        { concurrency: { limit: 1 }, ...(end === "timeout" ? { timeout: "1 hour" } : {}) },
        async (ctx) => {
          const { runId } = ctx;
          await ctx.step("begin", () => inside.begin(runId));
          if (end === "fail") throw new TerminalError("ill");
          await ctx.sleep("long", "30 days");
        },
      );
      const lab = new Lab([forever]);
      const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
      await lab.settle();
      if (end === "cancel") await cancelRun(lab.engine, { runId: first });
      if (end === "terminate") await terminateRun(lab.engine, { runId: first });
      await lab.until(async () => isClosed((await lab.run(first)).status));
      await lab.settle();
      expect(inside.order, end).toEqual([first, second]);
    }
  });

  it("is kept by a run that is stalled, and by one that is paused", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 1 } })]);
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    await lab.settle();
    await pauseRun(lab.engine, first);
    await lab.pass(10 * MINUTE_MS);
    expect(inside.order).toEqual([first]);
    await resumeRun(lab.engine, first);
    await lab.result(second);
  });

  it("is not held by a child, which is a run of its own", async () => {
    const inside = new Inside();
    const orders = inside.workflow({ concurrency: { limit: 1 } });
    const parent = workflow("parent", async (ctx) =>
      Promise.all([1, 2, 3].map((n) => ctx.runChild(`c${n}`, orders, n))),
    );
    const lab = new Lab([parent, orders]);
    expect(await lab.result(await lab.start(parent))).toHaveLength(3);
    await expectEmpty(lab, WHOLE);
  });

  it("that is raised, lowered or taken away holds from then on", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 1 } })]);
    const runIds = await startInTurn(lab, [1, 2, 3, 4, 5, 6]);
    await lab.settle();
    expect(await inside.look(lab)).toBe(1);
    lab.deploy(inside.workflow({ concurrency: { limit: 3 } }));
    await lab.pass(MINUTE_MS + 5_000);
    expect(await inside.look(lab)).toBe(3);
    lab.deploy(inside.workflow({ concurrency: { limit: 1 } }));
    await lab.pass(MINUTE_MS + 5_000);
    expect(await inside.look(lab)).toBe(1);
    lab.deploy(inside.workflow({}));
    for (const runId of runIds) await lab.result(runId);
    await expectEmpty(lab, WHOLE);
  });

  it("binds a fork, too, which waits for its turn", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 1 } })]);
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    await lab.result(first);
    const { runId: fork } = await forkRun(lab.engine, { runId: first, after: 1 });
    await lab.settle();
    expect((await lab.run(fork)).waits).toMatchObject([{ kind: "concurrency" }]);
    await lab.result(second);
    expect(await lab.result(fork)).toBe(fork);
    await expectEmpty(lab, WHOLE);
  });
});

describe("a run in line", () => {
  async function threeInLine(options: LabOptions = {}) {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 1 } })], options);
    const runIds = await startInTurn(lab, [1, 2, 3]);
    await lab.settle();
    const [first = "", second = "", third = ""] = runIds;
    return { inside, lab, first, second, third };
  }

  it("that is cancelled ends at once and keeps nobody back", async () => {
    const { lab, inside, first, second, third } = await threeInLine();
    await cancelRun(lab.engine, { runId: second });
    await lab.settle();
    expect(await statuses(lab, [first, second, third])).toEqual(["suspended", "cancelled", "suspended"]);
    await lab.result(third);
    expect(inside.order).toEqual([first, third]);
    await expectEmpty(lab, WHOLE);
  });

  it("that is paused lets others before it, and has its old place when it is resumed", async () => {
    const { lab, inside, first, second, third } = await threeInLine();
    await pauseRun(lab.engine, second);
    await lab.result(first);
    const fourth = await lab.start("orders", 4);
    await lab.settle();
    expect(inside.order).toEqual([first, third]);
    await resumeRun(lab.engine, second);
    await lab.settle();
    await lab.result(fourth);
    expect(inside.order).toEqual([first, third, second, fourth]);
    await expectEmpty(lab, WHOLE);
  });

  it("that is resumed while others still pass it does not lose its place", async () => {
    const { lab, inside, first, second, third } = await threeInLine({ sweepEveryMs: "never" });
    await pauseRun(lab.engine, second);
    let isHeld = false;
    // Whoever leaves has seen that it is paused, and is held up before it takes it out of the line.
    lab.watch = async ({ method, args }): Promise<Fate> => {
      const [request] = args as { readonly runId: string }[];
      if (method !== "delist" || request?.runId !== second || isHeld) return "go on";
      isHeld = true;
      await lab.clock.sleep(1_000);
      return "go on";
    };
    await lab.until(async () => isHeld);
    const fourth = await lab.start("orders", 4);
    await lab.settle();
    expect(inside.order).toEqual([first, third]);
    await resumeRun(lab.engine, second);
    await lab.result(fourth);
    expect(inside.order).toEqual([first, third, second, fourth]);
    await expectEmpty(lab, WHOLE);
  });

  it("that is stalled keeps nobody back", async () => {
    const { lab, inside, first, second, third } = await threeInLine();
    const { fence } = await lab.run(second);
    const reason = { code: "E_POISON", message: "ill", at: 0 };
    const now = lab.clock.now();
    await lab.store.runs.stall({ runId: second, fence, by: "owner", now, reason, sweepAt: now + 1_000 });
    await lab.result(third);
    expect(inside.order).toEqual([first, third]);
    await lab.retry(second);
    expect(await lab.result(second)).toBe(second);
    await expectEmpty(lab, WHOLE);
  });

  it("ends when its time is over, without having begun", async () => {
    const inside = new Inside();
    const orders = workflow("orders", { concurrency: { limit: 1 }, timeout: "1 hour" }, async (ctx) => {
      const { runId } = ctx;
      await ctx.step("begin", () => inside.begin(runId));
      await ctx.sleep("long", "30 days");
    });
    const lab = new Lab([orders]);
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    await lab.settle();
    await pauseRun(lab.engine, first);
    await lab.until(async () => (await lab.run(second)).status === "timed_out");
    expect(inside.order).toEqual([first]);
    expect((await lab.run(second)).closedAt).toBe((await lab.run(second)).deadline);
    expect(await standing(lab, WHOLE)).toMatchObject({ holders: [first], waiters: [] });
  });

  it("keeps its signals until it begins", async () => {
    const inside = new Inside();
    const orders = inside.workflow({ concurrency: { limit: 1 } }, async (ctx) => {
      await ctx.waitForSignal("go");
    });
    const lab = new Lab([orders]);
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    await lab.settle();
    await lab.signal(second, "go");
    await lab.pass(MINUTE_MS);
    expect(inside.order).toEqual([first]);
    await lab.signal(first, "go");
    expect(await lab.result(second)).toBe(second);
  });

  it("that is never called looks again by itself", async () => {
    const { lab, first, third } = await threeInLine();
    // A holder that is gone without a word: all its calls are lost.
    lab.watch = ({ port, method }) =>
      port === "limits" && ["release", "take"].includes(method) ? "lose" : "go on";
    await lab.until(async () => isClosed((await lab.run(first)).status));
    lab.watch = undefined;
    expect((await standing(lab, WHOLE)).holders).toEqual([first]);
    expect(await lab.result(third)).toBe(third);
    await expectEmpty(lab, WHOLE);
  });

  it("is let in by nobody who does not know the limit, and looks by itself", async () => {
    const { lab, inside, first, third } = await threeInLine();
    await terminateRun({ ...lab.engine, registry: new Map() }, { runId: first });
    await lab.settle();
    expect(inside.order).toEqual([first]);
    await lab.result(third);
    expect(inside.order).toHaveLength(3);
    await expectEmpty(lab, WHOLE);
  });

  it("may be behind hundreds of others", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ concurrency: { limit: 20 } }, async () => {})]);
    const runIds = await startInTurn(
      lab,
      Array.from({ length: 300 }, (_, i) => i),
    );
    lab.watch = inside.watch(lab);
    for (const runId of runIds) expect(await lab.result(runId)).toBe(runId);
    expect(inside.most).toBeLessThanOrEqual(20);
    await expectEmpty(lab, WHOLE);
  });
});

describe("wherever a process dies", () => {
  it.skipIf(unlessQuick("it goes on for thousands of requests"))(
    "never more than the limit are inside, and every run has its turn",
    async () => {
      const crashes = await atEveryCrash(async () => {
        const inside = new Inside();
        const lab = new Lab([inside.workflow({ concurrency: { limit: 2 } })]);
        lab.watch = inside.watch(lab);
        const runIds = await startAll(lab, [1, 2, 3, 4, 5]);
        const check = async () => {
          for (const runId of runIds) expect(await lab.result(runId)).toBe(runId);
          await lab.settle();
          expect(inside.most).toBe(2);
          for (const runId of runIds) await checkInvariants(lab, runId);
          await expectEmpty(lab, WHOLE);
        };
        return { lab, check };
      });
      expect(crashes).toBeGreaterThan(100);
    },
  );

  it("two limits are kept, too, by rivals", async () => {
    await atEveryCrash(async () => {
      const inside = new Inside();
      const lab = new Lab(
        [inside.workflow({ concurrency: [{ limit: 1, key: byCustomer }, { limit: 2 }] }, async () => {})],
        RIVALS,
      );
      lab.watch = inside.watch(lab);
      const runIds = await startAll(lab, [a, a, b, { customer: "c" }]);
      const check = async () => {
        for (const runId of runIds) expect(await lab.result(runId)).toBe(runId);
        expect(inside.most).toBeLessThanOrEqual(2);
        await lab.settle();
        await expectEmpty(lab, WHOLE, "orders/k/a", "orders/k/b", "orders/k/c");
      };
      return { lab, check };
    });
  });

  it("a slot is free again within a lease", async () => {
    await atEveryCrash(async () => {
      const inside = new Inside();
      const orders = inside.workflow({ concurrency: { limit: 1 } }, async () => {});
      const lab = new Lab([orders], { sweepEveryMs: "never" });
      const runIds = await startAll(lab, [1, 2, 3]);
      const check = async () => {
        const { visibilityMs } = lab.engine.settings;
        await lab.pass(3 * visibilityMs);
        expect(await statuses(lab, runIds)).toEqual(runIds.map(() => "succeeded"));
        await expectEmpty(lab, WHOLE);
      };
      return { lab, check };
    });
  });

  it.skipIf(unlessQuick("it goes on for thousands of requests"))(
    "rivals that are given each message at once keep the limit",
    async () => {
      for (let times = 0; times < 10; times += 1) {
        const inside = new Inside();
        const lab = new Lab([inside.workflow({ concurrency: { limit: 2 } })], RIVALS);
        const watch = inside.watch(lab);
        lab.watch = async (call) => {
          const fate = await watch(call);
          return call.count % 20 === times ? { answersAfterMs: 400 } : fate;
        };
        const runIds = await startAll(lab, [1, 2, 3, 4, 5, 6]);
        for (const runId of runIds) expect(await lab.result(runId)).toBe(runId);
        expect(inside.most).toBe(2);
        await lab.settle();
        await expectEmpty(lab, WHOLE);
      }
    },
  );
});
