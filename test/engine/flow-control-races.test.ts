// Limits when two meet at a limiter: each test holds one of them up between two calls, where it does most harm. No sweeper
// looks after anybody here, so who is passed over stays where it is. (Crashes: flow-control.test.ts.)
import { describe, expect, it } from "vitest";
import { cancelRun, pauseRun, resumeRun } from "../../lib/engine/index.ts";
import { MAX_CONCURRENCY, MAX_HOLDERS_CHECKED, MAX_WAITERS_READ } from "../../lib/limits.ts";
import { isClosed } from "../../lib/ports/run.ts";
import type { FlowControlOptions } from "../../lib/sdk/flow-control.ts";
import {
  expectEmpty,
  hold,
  Inside,
  isAbout,
  standing,
  startAll,
  startInTurn,
  statuses,
  WHOLE,
} from "./inside.ts";
import { Lab } from "./lab.ts";

const ONE_AT_A_TIME = { concurrency: { limit: 1 } };

function labOf(options: FlowControlOptions) {
  const inside = new Inside();
  const lab = new Lab([inside.workflow(options)], { sweepEveryMs: "never" });
  return { inside, lab };
}

/** Ends the process that makes a call of a method about a run, after it was made: once. */
function dieAfter(lab: Lab, name: string, runId: string) {
  const died = { hasCome: false };
  const before = lab.watch;
  lab.watch = async (call) => {
    if (died.hasCome || !isAbout(call, name, runId)) return (await before?.(call)) ?? "go on";
    died.hasCome = true;
    return "die after";
  };
  return died;
}

const statusOf = async (lab: Lab, runId: string) => (await lab.run(runId)).status;

describe("a run that ends in line while it is let in", () => {
  /** The first is leaving and has seen the second in line. */
  async function secondIsSeen() {
    const { inside, lab } = labOf(ONE_AT_A_TIME);
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    const take = hold(lab, "limits.take", second);
    return { inside, lab, first, second, take };
  }

  it("gives its slot to the next once it is closed", async () => {
    const { inside, lab, first, second, take } = await secondIsSeen();
    await lab.until(async () => take.hasCome);
    const close = hold(lab, "runs.close", second);
    await cancelRun(lab.engine, { runId: second });
    await lab.settle();
    expect(close.hasCome).toBe(true);
    // It has given back what it held, and has not ended: so it is let in, and nobody may take that from it.
    take.goOn();
    const third = await lab.start("orders", 3);
    await lab.settle();
    expect(await standing(lab, WHOLE)).toMatchObject({ holders: [second], waiters: [{ runId: third }] });
    close.goOn();
    await lab.settle();
    expect(inside.order).toEqual([first, third]);
    await lab.result(third);
    await expectEmpty(lab, WHOLE);
  });

  it("keeps no slot of a limit that was taken away meanwhile", async () => {
    const { inside, lab, second, take } = await secondIsSeen();
    await lab.until(async () => take.hasCome);
    const close = hold(lab, "runs.close", second);
    await cancelRun(lab.engine, { runId: second });
    await lab.settle();
    lab.deploy(inside.workflow({}));
    take.goOn();
    await lab.settle();
    close.goOn();
    await lab.settle();
    expect(await statusOf(lab, second)).toBe("cancelled");
    await expectEmpty(lab, WHOLE);
  });

  it("is put out again when it is closed already, and the next is let in", async () => {
    const { inside, lab, first, second, take } = await secondIsSeen();
    // Has seen that it is full, and is slow to get into line.
    const third = await lab.start("orders", 3);
    const enlist = hold(lab, "limits.enlist", third);
    await lab.until(async () => take.hasCome);
    await cancelRun(lab.engine, { runId: second });
    await lab.settle();
    expect([await statusOf(lab, second), enlist.hasCome]).toEqual(["cancelled", true]);
    const wake = hold(lab, "runs.raise", second);
    take.goOn();
    await lab.settle();
    enlist.goOn();
    await lab.settle();
    expect(await standing(lab, WHOLE)).toMatchObject({ holders: [second], waiters: [{ runId: third }] });
    expect(await statusOf(lab, third)).toBe("suspended");
    wake.goOn();
    await lab.settle();
    expect(inside.order).toEqual([first, third]);
    await lab.result(third);
    await expectEmpty(lab, WHOLE);
  });
});

describe("a run that was let in by a process that died", () => {
  it("is woken by whoever comes next, although that finds it full", async () => {
    const { inside, lab } = labOf(ONE_AT_A_TIME);
    const [first = "", second = "", third = ""] = await startInTurn(lab, [1, 2, 3]);
    await pauseRun(lab.engine, second);
    const died = dieAfter(lab, "limits.take", third);
    await lab.until(async () => died.hasCome);
    expect(inside.order).toEqual([first]);
    // Has its old place, before the one that is let in and sleeps.
    await resumeRun(lab.engine, second);
    await lab.settle();
    expect(inside.order).toEqual([first, third]);
    await lab.result(second);
    await expectEmpty(lab, WHOLE);
  });
});

describe("a slot of a run that has ended", () => {
  const inTheEnd = async (lab: Lab, runId: string) => {
    const before = lab.watch;
    lab.watch = ({ method }) => (method === "release" ? "lose" : "go on");
    await lab.signal(runId, "end");
    await lab.settle();
    lab.watch = before;
    expect(await statusOf(lab, runId)).toBe("succeeded");
  };
  function untilSignal(limit: number) {
    const inside = new Inside();
    const orders = inside.workflow({ concurrency: { limit } }, async (ctx) => ctx.waitForSignal("end"));
    return { inside, lab: new Lab([orders]) };
  }

  it("is found among many others, of which each look asks after a few", async () => {
    const { inside, lab } = untilSignal(3 * MAX_HOLDERS_CHECKED);
    const holders = await startInTurn(
      lab,
      Array.from({ length: 3 * MAX_HOLDERS_CHECKED }, (_, i) => i),
    );
    // The lab always draws the middle.
    const draws = [0.9, 0.5, 0.1, 0.7, 0.3, 0.99].values();
    Object.assign(lab.ports.random, { next: () => draws.next().value ?? 0 });
    // At one end of the list, at the other, and in between.
    for (const gone of [holders[0], holders.at(-1), holders[MAX_HOLDERS_CHECKED]]) {
      await inTheEnd(lab, gone ?? "");
      const newcomer = await lab.start("orders");
      const asked = { looks: 0, holders: 0 };
      lab.watch = ({ port, method, args: [request] }) => {
        if (port === "runs" && method === "get" && request !== newcomer) asked.holders += 1;
        if (method === "enlist") asked.looks += 1;
        return "go on";
      };
      await lab.until(async () => inside.order.includes(newcomer));
      expect(asked.holders / asked.looks).toBe(MAX_HOLDERS_CHECKED);
    }
  });

  it("is freed although another was taken since it was looked at", async () => {
    const { inside, lab } = untilSignal(2);
    const [first = "", second = ""] = await startInTurn(lab, [1, 2]);
    await inTheEnd(lab, first);
    const release = hold(lab, "limits.release", first);
    const [third = "", fourth = ""] = await startInTurn(lab, [3, 4]);
    await lab.signal(second, "end");
    await lab.settle();
    expect(await standing(lab, WHOLE)).toMatchObject({
      holders: [first, third],
      waiters: [{ runId: fourth }],
    });
    release.goOn();
    await lab.settle();
    expect(new Set(inside.order)).toEqual(new Set([first, second, third, fourth]));
  });
});

describe("a newer run of a singleton", () => {
  it("that ended in line, and stands there still, takes nobody's place", async () => {
    const inside = new Inside();
    const lab = new Lab([inside.workflow({ singleton: { onConflict: "cancel-other" } })]);
    const [first = ""] = await startInTurn(lab, [1]);
    const [second = "", third = ""] = await startAll(lab, [2, 3]);
    const claim = hold(lab, "runs.claim", second);
    const died = dieAfter(lab, "limits.enlist", third);
    await lab.settle();
    expect([claim.hasCome, died.hasCome]).toEqual([true, true]);
    await cancelRun(lab.engine, { runId: third });
    await lab.until(async () => isClosed(await statusOf(lab, third)));
    expect(await standing(lab, "orders/s/")).toMatchObject({ holders: [first], waiters: [{ runId: third }] });
    claim.goOn();
    expect(await lab.result(second)).toBe(second);
    expect(await statuses(lab, [first, second, third])).toEqual(["cancelled", "succeeded", "cancelled"]);
    await expectEmpty(lab, "orders/s/");
  });
});

describe("a run that is slow to get into line", () => {
  it("goes in at once when the last slot was given back meanwhile", async () => {
    const { inside, lab } = labOf(ONE_AT_A_TIME);
    const [first = ""] = await startInTurn(lab, [1]);
    const second = await lab.start("orders", 2);
    const enlist = hold(lab, "limits.enlist", second);
    await lab.until(async () => isClosed(await statusOf(lab, first)));
    expect(enlist.hasCome).toBe(true);
    enlist.goOn();
    await lab.settle();
    expect(inside.order).toEqual([first, second]);
    await lab.result(second);
    await expectEmpty(lab, WHOLE);
  });
});

describe("a line that is longer than one look", () => {
  it("is let in as far as there is room when the limit is raised", async () => {
    const { inside, lab } = labOf(ONE_AT_A_TIME);
    const room = MAX_WAITERS_READ + 10;
    const [first = ""] = await startInTurn(
      lab,
      Array.from({ length: room + 5 }, (_, i) => i),
    );
    lab.deploy(inside.workflow({ concurrency: { limit: room } }));
    await lab.until(async () => isClosed(await statusOf(lab, first)));
    expect(inside.order).toHaveLength(1 + room);
    expect(await inside.look(lab)).toBe(room);
  });

  it("is passed by who can go on, however many before it wait for a person", async () => {
    const { inside, lab } = labOf(ONE_AT_A_TIME);
    const runIds = await startInTurn(
      lab,
      Array.from({ length: MAX_WAITERS_READ + 2 }, (_, i) => i),
    );
    for (const runId of runIds.slice(1, -1)) await pauseRun(lab.engine, runId);
    const [first = "", last = ""] = [runIds[0], runIds.at(-1)];
    await lab.until(async () => isClosed(await statusOf(lab, first)));
    expect(inside.order).toEqual([first, last]);
  });
});

describe("a limit that is taken away", () => {
  it("bars nobody, even when more hold it than any limit may be", async () => {
    const { inside, lab } = labOf({ concurrency: { limit: MAX_CONCURRENCY } });
    const now = lab.clock.now();
    for (let i = 0; i < MAX_CONCURRENCY; i += 1)
      await lab.store.limits.take({ limiter: WHOLE, runId: `run_${i}`, limit: MAX_CONCURRENCY, now });
    const barred = await lab.start("orders");
    await lab.settle();
    expect(inside.order).toEqual([]);
    const free = await lab.start("orders");
    lab.deploy(inside.workflow({}));
    await lab.settle();
    expect(inside.order).toEqual([free]);
    expect((await standing(lab, WHOLE)).waiters).toMatchObject([{ runId: barred }]);
  });
});
