// What limits cost, counted at the ports: nobody asks for what it knows already, and those who wait look by themselves the less
// often the further behind they are.
import { describe, expect, it } from "vitest";
import { cancelRun } from "../../lib/engine/index.ts";
import { IDLE_SWEEP_MS, MAX_WAITERS_READ } from "../../lib/limits.ts";
import type { FlowControlOptions } from "../../lib/sdk/flow-control.ts";
import {
  a,
  b,
  byCustomer,
  expectEmpty,
  hold,
  Inside,
  MINUTE_MS,
  startAll,
  startInTurn,
  statuses,
  WHOLE,
} from "./inside.ts";
import { Lab, type LabOptions } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

describe.skipIf(unlessPlain("it counts exact calls"))("the cost of a limit", () => {
  /** Calls of limits while `act` goes on, runs that were asked after, and wake-ups that were counted. */
  async function callsOf(lab: Lab, act: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = new Map(lab.counts);
    await act();
    const isMeant = (name: string) =>
      name.startsWith("limits.") || name === "runs.get" || name === "runs.raise";
    const calls = [...lab.counts].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
    return Object.fromEntries(calls.filter(([name, count]) => count > 0 && isMeant(name)));
  }

  function labOf(options: FlowControlOptions, lab: LabOptions = {}): Lab {
    return new Lab([new Inside().workflow(options)], { sweepEveryMs: "never", ...lab });
  }

  it("with room is a look and a write, and at the end a write and two looks", async () => {
    const lab = labOf({ concurrency: { limit: 2 } });
    const begin = await callsOf(lab, async () => await startInTurn(lab, [1]));
    expect(begin).toEqual({ "limits.read": 1, "limits.take": 1 });
    const end = await callsOf(lab, async () => await lab.pass(MINUTE_MS));
    expect(end).toEqual({ "limits.release": 1, "limits.read": 2 });
  });

  it("that is full is a place in line, and a look when it was let in", async () => {
    const lab = labOf({ concurrency: { limit: 1 } });
    const [first = ""] = await startInTurn(lab, [1]);
    // It asks after the holder, and tries for the first in line.
    const waits = { "limits.read": 3, "limits.enlist": 1, "limits.take": 1, "runs.get": 2 };
    const [second, third] = [2, 3].map((n) => async () => await startInTurn(lab, [n]));
    expect(await callsOf(lab, second!)).toEqual(waits);
    expect(await callsOf(lab, third!)).toEqual(waits);
    // Both looks of the first at the line, its last look, and that of the second, which begins.
    const turn = await callsOf(lab, async () => await lab.result(first));
    expect(turn).toEqual({
      "limits.release": 1,
      "limits.read": 4,
      "limits.take": 3,
      "limits.delist": 1,
      "runs.get": 3,
      "runs.raise": 1,
    });
  });

  it("is no reason to ask after its holders while there is room", async () => {
    const lab = labOf({ concurrency: { limit: 2 } });
    const [first = ""] = await startInTurn(lab, [1]);
    await lab.pass(MINUTE_MS / 2);
    const [second = "", third = ""] = await startInTurn(lab, [2, 3]);
    // The first has given back; the third stands in line, but is not let in yet.
    const take = hold(lab, "limits.take", third);
    await lab.until(async () => take.hasCome);
    const asked = hold(lab, "runs.get", second);
    await lab.start("orders", 4);
    await lab.settle();
    take.goOn();
    await lab.settle();
    expect(await statuses(lab, [first, third])).toEqual(["succeeded", "suspended"]);
    expect(asked.hasCome).toBe(false);
  });

  it.each([
    ["a singleton", { singleton: { onConflict: "wait" }, concurrency: [{ limit: 3 }] }],
    ["a limit with a key", { concurrency: [{ limit: 3 }, { limit: 1, key: () => "any" }] }],
  ] as const)("is no place to leave for a run that stands in line at %s", async (_, limits) => {
    const lab = labOf(limits);
    const [, second = ""] = await startInTurn(lab, [1, 2]);
    await cancelRun(lab.engine, { runId: second });
    expect(await callsOf(lab, async () => await lab.settle())).toMatchObject({ "limits.delist": 1 });
  });

  it("is not tried for a run in line that has ended, or is there no more", async () => {
    const lab = labOf({ concurrency: { limit: 1 } });
    const [ended = ""] = await startInTurn(lab, [1]);
    await lab.result(ended);
    const takes = ["absent", ended].map((runId) => hold(lab, "limits.take", runId));
    for (const runId of ["absent", ended])
      await lab.store.limits.enlist({ limiter: WHOLE, runId, createdAt: 0 });
    await lab.result(await lab.start("orders"));
    expect(takes.map(({ hasCome }) => hasCome)).toEqual([false, false]);
    await expectEmpty(lab, WHOLE);
  });

  it("is no wake-up for a run that lets itself in", async () => {
    const lab = labOf({ concurrency: { limit: 1 } });
    const [first = ""] = await startInTurn(lab, [1]);
    const second = await lab.start("orders", 2);
    const enlist = hold(lab, "limits.enlist", second);
    await lab.result(first);
    const goesIn = await callsOf(lab, async () => {
      enlist.goOn();
      await lab.settle();
    });
    expect(await lab.entries(second)).not.toEqual([]);
    // It asks after the first, which it saw as the holder, and after itself in line.
    expect(goesIn).toEqual({
      "limits.release": 1,
      "limits.read": 3,
      "limits.take": 1,
      "limits.delist": 1,
      "runs.get": 2,
    });
  });

  it("is paid once more for the slot alone that was taken at the door", async () => {
    const singleton = { onConflict: "use-existing", key: byCustomer } as const;
    const lab = labOf({ singleton, concurrency: { limit: 1 } });
    const [first = ""] = await startInTurn(lab, [a, b]);
    // The first lets in the second, which takes its own slot of the singleton once more.
    const turn = await callsOf(lab, async () => await lab.result(first));
    expect(turn).toMatchObject({ "limits.take": 2 });
  });

  it("is no slot for a rate", async () => {
    const lab = labOf({ rate: { limit: 60, per: "1 minute" }, concurrency: { limit: 1 } });
    const begin = await callsOf(lab, async () => await startInTurn(lab, [1]));
    expect(begin).toEqual({ "limits.read": 1, "limits.take": 1, "limits.reserve": 1 });
  });

  it("is nothing when the limit was taken away", async () => {
    const lab = labOf({ concurrency: { limit: 1 } });
    await lab.start("orders", 1);
    lab.deploy(new Inside().workflow({}));
    expect(await callsOf(lab, async () => await lab.settle())).toEqual({});
  });

  it("is less, the further behind a run stands in line", async () => {
    const lab = labOf({ concurrency: { limit: 10 } });
    const runIds = await startAll(
      lab,
      Array.from({ length: 10 + MAX_WAITERS_READ + 5 }, () => 1),
    );
    const startedAt = lab.clock.now();
    await lab.settle();
    const grains = await checksOf(lab, runIds.slice(10), startedAt);
    const expected = Array.from({ length: MAX_WAITERS_READ + 5 }, (_, ahead) => 1 + Math.floor(ahead / 10));
    expect(grains).toEqual(expected.map((n) => Math.min(n, 3)));
  });

  it("is paid once a day at least", async () => {
    const sweepGrainMs = 20 * 3_600_000;
    const lab = labOf({ concurrency: { limit: 1 } }, { settings: { sweepGrainMs } });
    const runIds = await startAll(lab, [1, 2, 3, 4]);
    const startedAt = lab.clock.now();
    await lab.settle();
    const day = IDLE_SWEEP_MS / sweepGrainMs;
    expect(await checksOf(lab, runIds.slice(1), startedAt)).toEqual([1, day, day]);
  });

  /** After how many grains of the sweeper each looks by itself. */
  async function checksOf(lab: Lab, runIds: readonly string[], from: number): Promise<number[]> {
    const runs = await Promise.all(runIds.map((runId) => lab.run(runId)));
    return runs.map(({ checkAt = 0 }) => (checkAt - from) / lab.engine.settings.sweepGrainMs);
  }
});
