// What is decided when a run is started: how often runs begin, whether there is one at a time, and by which key they are parted.
import { describe, expect, it } from "vitest";
import { forkRun, startRun } from "../../lib/engine/index.ts";
import { isClosed, type Run } from "../../lib/ports/run.ts";
import type { FlowControlOptions } from "../../lib/sdk/flow-control.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { crashPoints } from "./crash-points.ts";
import {
  a,
  atEveryCrash,
  b,
  byCustomer,
  expectEmpty,
  hold,
  Inside,
  MINUTE_MS,
  RIVALS,
  standing,
  startAll,
  statuses,
  WHOLE,
} from "./inside.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

describe("a start rate", () => {
  /** When each run's code began, in ms from the first. */
  async function beginnings(options: FlowControlOptions, inputs: readonly unknown[], lab?: Lab) {
    const begun: number[] = [];
    const orders = workflow("orders", options, async (ctx) => {
      await ctx.step("begin", () => {
        begun.push(used.clock.now());
      });
    });
    const used: Lab = lab ?? new Lab([orders]);
    used.deploy(orders);
    const runIds: string[] = [];
    for (const input of inputs) runIds.push(await used.start("orders", input));
    for (const runId of runIds) await used.result(runId);
    const [first = 0] = begun;
    return { begun: begun.map((at) => at - first), lab: used, runIds };
  }

  it("lets runs begin an interval apart, never too early", async () => {
    const { begun, lab, runIds } = await beginnings({ rate: { limit: 6, per: "1 minute" } }, [1, 2, 3, 4]);
    expect(begun).toEqual([0, 10_000, 20_000, 30_000]);
    for (const runId of runIds) await checkInvariants(lab, runId);
  });

  it("lets some begin at once after a quiet time, when it has a burst", async () => {
    const { begun } = await beginnings({ rate: { limit: 6, per: "1 minute", burst: 3 } }, [1, 2, 3, 4, 5]);
    expect(begun).toEqual([0, 0, 0, 10_000, 20_000]);
  });

  it("with a key is kept for each key", async () => {
    const { begun } = await beginnings({ rate: { limit: 1, per: "1 hour", key: byCustomer } }, [a, b, a]);
    expect(begun).toEqual([0, 0, 3_600_000]);
  });

  it("does not hold back what has begun, whenever it is woken", async () => {
    const orders = workflow("orders", { rate: { limit: 1, per: "1 hour" } }, async (ctx) => {
      await ctx.step("begin", () => null);
      await ctx.sleep("work", "1 minute");
      return ctx.now().getTime();
    });
    const lab = new Lab([orders]);
    const runId = await lab.start(orders, 1);
    const { createdAt } = await lab.run(runId);
    expect(await lab.result(runId)).toBe(createdAt + 60_000);
  });

  it("far away is waited for without compute", async () => {
    const { begun } = await beginnings({ rate: { limit: 1, per: "10 days" } }, [1, 2]);
    expect(begun).toEqual([0, 10 * 24 * 3_600_000]);
  });

  it("says what a run waits for, and is no reason to begin early when the run is woken", async () => {
    const lab = new Lab([
      workflow("orders", { rate: { limit: 1, per: "1 hour" } }, async (ctx) => ctx.now()),
    ]);
    const startedAt = lab.clock.now();
    const first = await lab.start("orders");
    await lab.result(first);
    const second = await lab.start("orders");
    await lab.settle();
    const until = startedAt + 3_600_000;
    expect((await lab.run(second)).waits).toEqual([{ kind: "rate", id: "orders", until }]);
    await lab.signal(second, "hurry");
    await lab.pass(60_000);
    expect((await lab.run(second)).waits).toEqual([{ kind: "rate", id: "orders", until }]);
    await lab.result(second);
    expect(lab.clock.now()).toBe(until);
  });

  it("with a concurrency limit gives places to those who have a slot", async () => {
    const { begun, lab } = await beginnings(
      { rate: { limit: 6, per: "1 minute" }, concurrency: { limit: 1 } },
      [1, 2, 3],
      new Lab([], RIVALS),
    );
    expect(begun).toEqual([0, 10_000, 20_000]);
    await expectEmpty(lab, WHOLE);
  });

  it("is kept wherever a process dies, and all begin", async () => {
    for (const crash of crashPoints(59)) {
      for (const fate of ["die before", "die after"] as const) {
        const lab = new Lab([]);
        lab.watch = ({ count }) => (count === crash ? fate : "go on");
        const { begun } = await beginnings({ rate: { limit: 6, per: "1 minute" } }, [1, 2, 3], lab);
        const distinct = [...new Set(begun)];
        expect(distinct.length).toBeGreaterThanOrEqual(3);
        // An attempt that died is done again later, but no other run begins for that.
        for (const at of distinct) expect(at % 10_000 < 5_000, `${crash} ${fate}: ${begun}`).toBe(true);
      }
    }
  });
});

describe("a singleton", () => {
  const sleeper = (onConflict: "use-existing" | "wait" | "cancel-other", key = true) =>
    new Inside().workflow({ singleton: { onConflict, ...(key ? { key: byCustomer } : {}) } });
  const start = async ({ engine }: Pick<Lab, "engine">, input: unknown, idempotencyKey?: string) =>
    await startRun(engine, {
      workflow: "orders",
      input,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });

  it("that uses the existing run answers a start with it while it is open, whatever the input", async () => {
    const lab = new Lab([sleeper("use-existing")]);
    const first = await start(lab, a);
    const second = await start(lab, { ...a, more: 1 });
    const other = await start(lab, b);
    expect([first.created, second.created, other.created]).toEqual([true, false, true]);
    expect(second.run.runId).toBe(first.run.runId);
    expect(await lab.result(first.run.runId)).toBe(first.run.runId);
    const third = await start(lab, a);
    expect(third.created).toBe(true);
    await lab.result(third.run.runId);
    await lab.result(other.run.runId);
    await expectEmpty(lab, "orders/s/a", "orders/s/b");
  });

  /** A run that has ended and whose slot nobody has given back, and another in line behind it. */
  async function leftBehind() {
    const lab = new Lab([sleeper("use-existing")]);
    const { run } = await start(lab, a);
    await lab.settle();
    const closed = async () => {
      lab.watch = ({ port, method }) =>
        port === "limits" && ["release", "take"].includes(method) ? "lose" : "go on";
      await lab.until(async () => isClosed((await lab.run(run.runId)).status));
      lab.watch = undefined;
    };
    return { lab, runId: run.runId, closed };
  }

  it("that has ended is no answer to a start, although its slot was never given back", async () => {
    const { lab, runId, closed } = await leftBehind();
    await closed();
    const next = await start(lab, a);
    expect(next.created).toBe(true);
    expect(next.run.runId).not.toBe(runId);
    await lab.result(next.run.runId);
  });

  it("that has ended is followed by who stands in line, before any new start", async () => {
    const { lab, runId, closed } = await leftBehind();
    const fork = await forkRun(lab.engine, { runId, after: 0 });
    await lab.settle();
    await closed();
    expect(await start(lab, a)).toMatchObject({ created: false, run: { runId: fork.runId } });
    expect(await lab.result(fork.runId)).toBe(fork.runId);
    await expectEmpty(lab, "orders/s/a");
  });

  it("that has ended lets in one of those who stand in line", async () => {
    const { lab, runId, closed } = await leftBehind();
    const forks = [];
    for (const after of [0, 0]) forks.push(await forkRun(lab.engine, { runId, after }));
    await lab.settle();
    await closed();
    expect(await start(lab, a)).toMatchObject({ created: false });
    expect((await standing(lab, "orders/s/a")).holders).toHaveLength(1);
    for (const fork of forks) expect(await lab.result(fork.runId)).toBe(fork.runId);
  });

  it("that has ended just after a start was refused its slot is followed by a new run", async () => {
    const lab = new Lab([sleeper("use-existing")]);
    const first = await start(lab, a);
    const engine = withStore(lab, async (act, method) => {
      const answer = await act();
      if (method === "take") await lab.clock.sleep(2 * MINUTE_MS);
      return answer;
    });
    const next = start({ engine }, a);
    await lab.pass(5 * MINUTE_MS);
    expect(await next).toMatchObject({ created: true });
    expect((await lab.run(first.run.runId)).status).toBe("succeeded");
  });

  it("of many starts at once makes one run", async () => {
    const lab = new Lab([sleeper("use-existing", false)]);
    const starts = Promise.all(Array.from({ length: 8 }, () => start(lab, a)));
    await lab.pass(1_000);
    const started = await starts;
    expect(started.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(started.map(({ run }) => run.runId)).size).toBe(1);
  });

  it("answers a start that is repeated with its own run, also when that has ended", async () => {
    const lab = new Lab([sleeper("use-existing")]);
    const first = await start(lab, a, "k");
    await lab.result(first.run.runId);
    const second = await start(lab, a, "other");
    const again = await start(lab, a, "k");
    expect(again).toMatchObject({ created: false, run: { runId: first.run.runId, status: "succeeded" } });
    expect(second.created).toBe(true);
    await expect(start(lab, { ...a, more: 1 }, "k")).rejects.toThrow("E_IDEMPOTENCY_CONFLICT");
  });

  /** Is the run there, take the slot, put META. */
  const STORE_CALLS_OF_A_START = 3;

  it("has one run at a time although starters die, and none is lost", async () => {
    for (const crash of crashPoints(STORE_CALLS_OF_A_START)) {
      for (const fate of ["before", "after"] as const) {
        const lab = new Lab([sleeper("use-existing")]);
        const dead = await start({ engine: dyingAt(lab, crash, fate) }, a, "k").catch(() => "dead");
        // Somebody else comes; whoever is there in the end, ends.
        const next = lab.clock.sleep(10).then(async () => await start(lab, a, "next"));
        let started: Awaited<typeof next> | undefined;
        void next.then((value) => {
          started = value;
        });
        for (let seconds = 0; started === undefined && seconds < 60; seconds += 1) await lab.pass(1_000);
        const again = await start(lab, a, "k");
        if (started === undefined) throw new Error("the start never ends");
        expect(await lab.result(started.run.runId)).toBe(started.run.runId);
        await lab.result(again.run.runId);
        expect(dead).toBe("dead");
        await lab.settle();
        await expectEmpty(lab, "orders/s/a");
      }
    }
  });

  it("that is slower than its lease waits for its turn", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ singleton: { onConflict: "use-existing" } })]);
    const slow = slowCreate(lab, 10_000);
    const first = start({ engine: slow }, a, "slow");
    await lab.pass(6_000);
    const second = await start(lab, a, "quick");
    expect(second.created).toBe(true);
    await lab.pass(6_000);
    const { run } = await first;
    expect(inside.order).toEqual([second.run.runId]);
    await lab.result(run.runId);
    expect(inside.order).toEqual([second.run.runId, run.runId]);
    await expectEmpty(lab, "orders/s/");
  });

  it("that is about to be passed over and comes after all keeps its slot", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ singleton: { onConflict: "use-existing" } })]);
    const first = start({ engine: slowCreate(lab, 5_500) }, a, "slow");
    await lab.pass(1);
    // Has seen that nobody is there, five seconds after the slot was taken, and takes a moment to free it.
    const second = start({ engine: slowRelease(lab, 1_000) }, a, "quick");
    await lab.pass(10_000);
    await Promise.all([first, second]);
    expect(await inside.look(lab)).toBe(1);
  });

  /** A run whose slot is taken at the door, and that is made so much later. In between comes another of its workflow, a child. */
  async function slowAndChild(slowMs: number, childAfterMs: number) {
    const inside = new Inside();
    const orders = inside.workflow({ singleton: { onConflict: "use-existing" } });
    const parent = workflow("parent", async (ctx) => ctx.runChild("child", orders, a));
    const lab = new Lab([orders, parent], { sweepEveryMs: "never" });
    const request = { workflow: "orders", input: a, runId: "slow" };
    const started = startRun(slowCreate(lab, slowMs), request);
    await lab.pass(childAfterMs);
    await lab.start(parent);
    return { inside, lab, started };
  }

  it("that is about to be made keeps its slot from a child", async () => {
    const { inside, lab, started } = await slowAndChild(2_000, 1_000);
    await lab.pass(1_000);
    await started;
    expect(inside.order).toEqual(["slow"]);
    await lab.result("slow");
    await lab.settle();
    expect(inside.order).toHaveLength(2);
  });

  it("that has come after all keeps its slot from a child that was about to free it", async () => {
    const { inside, lab, started } = await slowAndChild(6_000, 5_500);
    const release = hold(lab, "limits.release", "slow");
    await lab.settle();
    expect(release.hasCome).toBe(true);
    await lab.pass(500);
    await started;
    expect(inside.order).toEqual(["slow"]);
    release.goOn();
    await lab.settle();
    expect(await inside.look(lab)).toBe(1);
  });

  it("that has lost its slot to a child just before it took it once more waits for the child", async () => {
    const { inside, lab, started } = await slowAndChild(6_000, 5_500);
    const release = hold(lab, "limits.release", "slow");
    const take = hold(lab, "limits.take", "slow");
    await lab.pass(500);
    await started;
    await lab.settle();
    expect([release.hasCome, take.hasCome, inside.order]).toEqual([true, true, []]);
    release.goOn();
    await lab.settle();
    expect(inside.order).toHaveLength(1);
    take.goOn();
    await lab.settle();
    expect(inside.order).not.toContain("slow");
    await lab.result("slow");
    expect(inside.order).toHaveLength(2);
    await expectEmpty(lab, "orders/s/");
  });

  it("makes a child wait for the run that is there, since its parent waits for that very child", async () => {
    const orders = sleeper("use-existing");
    const parent = workflow("parent", async (ctx) => ctx.runChild("child", orders, a));
    const lab = new Lab([parent, orders]);
    const first = await start(lab, a);
    const runId = await lab.start(parent);
    await lab.settle();
    const result = await lab.result(runId);
    expect(result).not.toBe(first.run.runId);
    expect((await lab.run(first.run.runId)).status).toBe("succeeded");
    await expectEmpty(lab, "orders/s/a");
  });

  it("that waits runs one after the other", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ singleton: { onConflict: "wait", key: byCustomer } })]);
    const runIds = await startAll(lab, [a, a, a]);
    await lab.settle();
    expect(inside.order).toEqual([runIds[0]]);
    expect((await lab.run(runIds[1] ?? "")).waits).toEqual([{ kind: "singleton", id: "a" }]);
    for (const runId of runIds) await lab.result(runId);
    expect(inside.order).toEqual(runIds);
  });

  it("that cancels the other ends all older runs, and goes on when they have ended", async () => {
    const inside = new Inside();
    const undone: string[] = [];
    const orders = workflow("orders", { singleton: { onConflict: "cancel-other" } }, async (ctx) => {
      const { runId } = ctx;
      await ctx.step("begin", () => inside.begin(runId), { compensate: () => void undone.push(runId) });
      await ctx.sleep("work", "1 hour");
      return runId;
    });
    const lab = new Lab([orders]);
    const runIds = await startAll(lab, [1]);
    await lab.settle();
    runIds.push(...(await startAll(lab, [2, 3])));
    const [first = "", second = "", third = ""] = runIds;
    expect(await lab.result(third)).toBe(third);
    expect(await statuses(lab, runIds)).toEqual(["cancelled", "cancelled", "succeeded"]);
    expect(inside.order).toEqual([first, third]);
    expect(undone).toEqual([first]);
    await expect(lab.result(second)).rejects.toThrow(`run ${third} takes its place`);
    await expectEmpty(lab, "orders/s/");
  });

  it("that cancels the other ends an older run that begins late, too", async () => {
    const lab = new Lab([sleeper("cancel-other")]);
    const { run: older } = await start(lab, a);
    await lab.clock.advance(1);
    const { run: newer } = await start(lab, a);
    lab.watch = ({ method, args: [request] }) => {
      if (method === "claim" && (request as Run).runId === older.runId) throw new Error("a slow start");
      return "go on";
    };
    await lab.until(async () => (await lab.run(newer.runId)).status === "suspended");
    lab.watch = undefined;
    await lab.until(async () => isClosed((await lab.run(older.runId)).status));
    expect((await lab.run(newer.runId)).status).toBe("suspended");
    expect(await statuses(lab, [older.runId])).toEqual(["cancelled"]);
    expect(await lab.result(newer.runId)).toBe(newer.runId);
  });

  it("that cancels the other has one winner of two that are started at the same instant", async () => {
    for (const order of [
      ["run_a", "run_b"],
      ["run_b", "run_a"],
    ]) {
      const inside = new Inside();
      const lab = new Lab([inside.workflow({ singleton: { onConflict: "cancel-other" } })]);
      for (const runId of order) await startRun(lab.engine, { workflow: "orders", input: a, runId });
      expect(await lab.result("run_b")).toBe("run_b");
      await lab.settle();
      expect(await statuses(lab, ["run_a", "run_b"])).toEqual(["cancelled", "succeeded"]);
      await expectEmpty(lab, "orders/s/");
    }
  });

  it("that cancels the other has one winner wherever a process dies: the newest", async () => {
    const crashes = await atEveryCrash(async () => {
      const inside = new Inside();
      const lab = new Lab([inside.workflow({ singleton: { onConflict: "cancel-other" } })]);
      lab.watch = inside.watch(lab);
      const runIds = await startAll(lab, [1, 2, 3]);
      const check = async () => {
        const newest = runIds.at(-1) ?? "";
        expect(await lab.result(newest)).toBe(newest);
        await lab.settle();
        expect(await statuses(lab, runIds)).toEqual(["cancelled", "cancelled", "succeeded"]);
        expect(inside.most).toBe(1);
        await expectEmpty(lab, "orders/s/");
      };
      return { lab, check };
    });
    expect(crashes).toBeGreaterThan(40);
  });
});

describe("a limit whose key cannot be made", () => {
  it.each([
    ["is no text", () => 5 as never, "of type number"],
    ["is a list", () => ["a"] as never, "of type object"],
    ["is empty", () => "", "a text of 0 characters"],
    ["is too long", () => "x".repeat(129), "a text of 129 characters"],
    ["has half of a character", () => "\ud83d", "a text of 1 characters"],
    ["fails", (input: unknown) => (input as { deep: { key: string } }).deep.key, "its key function failed"],
  ])("refuses the start when it %s, and writes nothing", async (_, key, why) => {
    const lab = new Lab([workflow("orders", { concurrency: { limit: 1, key } }, async () => {})]);
    await expect(lab.start("orders", { a: 1 })).rejects.toThrow(why);
    await expect(lab.start("orders", { a: 1 })).rejects.toMatchObject({ code: "E_INVALID_INPUT" });
    expect((await lab.store.index.list({ workflows: ["orders"], limit: 1 })).runs).toEqual([]);
  });
});

/** The engine of a starter that dies at its n-th call of a store. */
function dyingAt(lab: Lab, crash: number, fate: "before" | "after"): Lab["engine"] {
  let calls = 0;
  return withStore(lab, async (act) => {
    calls += 1;
    if (calls === crash && fate === "before") throw new Error("died");
    const answer = await act();
    if (calls === crash) throw new Error("died");
    return answer;
  });
}

function slowCreate(lab: Lab, ms: number): Lab["engine"] {
  return withStore(lab, async (act, method) => {
    if (method === "create") await lab.clock.sleep(ms);
    return await act();
  });
}

function withStore(
  { engine }: Lab,
  call: (act: () => Promise<unknown>, method: string) => Promise<unknown>,
): Lab["engine"] {
  const wrap = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name, target) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => call(() => Reflect.apply(method, target, args), String(name));
      },
    });
  const { runs, journal, index, limits } = engine.ports.store;
  const store = { runs: wrap(runs), journal: wrap(journal), index, limits: wrap(limits) };
  return { ...engine, ports: { ...engine.ports, store } };
}

function slowRelease(lab: Lab, ms: number): Lab["engine"] {
  return withStore(lab, async (act, method) => {
    if (method === "release") await lab.clock.sleep(ms);
    return await act();
  });
}
