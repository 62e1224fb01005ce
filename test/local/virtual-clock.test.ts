import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

describe("virtual clock", () => {
  test("time stands still until it is advanced, and then moves exactly that far", async () => {
    const clock = new VirtualClock(1_000);
    await clock.turn();
    expect(clock.now()).toBe(1_000);
    await clock.advance(YEAR_MS);
    expect(clock.now()).toBe(1_000 + YEAR_MS);
  });

  test("sleepers wake in order of time, then of their call, each seeing its own time", async () => {
    const clock = new VirtualClock(0);
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.now()}`);
    };
    const all = [sleeper("c", 30), sleeper("a", 10), sleeper("d", 30), sleeper("b", 20), sleeper("late", 31)];
    await clock.advance(30);
    expect(woken).toEqual(["a@10", "b@20", "c@30", "d@30"]);
    await clock.advance(1);
    await Promise.all(all);
    expect(woken.at(-1)).toBe("late@31");
  });

  test("who falls asleep again on the way wakes in the same advance", async () => {
    const clock = new VirtualClock(0);
    const ticks: number[] = [];
    const ticker = async () => {
      for (let tick = 0; tick < 3; tick += 1) {
        await clock.sleep(10);
        ticks.push(clock.now());
      }
    };
    const done = ticker();
    await clock.advance(35);
    await done;
    expect(ticks).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test("what one sleeper does next is done before the following one wakes", async () => {
    const clock = new VirtualClock(0);
    const log: string[] = [];
    const first = clock.sleep(5).then(async () => {
      for (let i = 0; i < 50; i += 1) await Promise.resolve();
      log.push("first is done");
    });
    const second = clock.sleep(5).then(() => log.push("second wakes"));
    await clock.advance(5);
    await Promise.all([first, second]);
    expect(log).toEqual(["first is done", "second wakes"]);
  });

  test("advanceToNext goes to the earliest sleeper and wakes all of that time", async () => {
    const clock = new VirtualClock(0);
    const woken: string[] = [];
    for (const [name, ms] of [
      ["a", 7],
      ["b", 7],
      ["c", 9],
    ] as const)
      void clock.sleep(ms).then(() => woken.push(name));
    expect(clock.nextAt()).toBe(7);
    expect(await clock.advanceToNext()).toBe(true);
    expect([clock.now(), ...woken]).toEqual([7, "a", "b"]);
    expect(await clock.advanceToNext()).toBe(true);
    expect([clock.now(), ...woken]).toEqual([9, "a", "b", "c"]);
    expect(await clock.advanceToNext()).toBe(false);
    expect(clock.now()).toBe(9);
  });

  test("an aborted sleep ends at once, is forgotten, and never rejects", async () => {
    const clock = new VirtualClock(0);
    const abort = new AbortController();
    const sleep = clock.sleep(100, abort.signal);
    expect(clock.nextAt()).toBe(100);
    abort.abort();
    await sleep;
    expect(clock.nextAt()).toBeUndefined();
    await clock.sleep(100, abort.signal);
    expect(clock.now()).toBe(0);
  });

  test("a sleep of nothing does not wait", async () => {
    const clock = new VirtualClock(0);
    for (const ms of [0, -5, Number.NaN]) await clock.sleep(ms);
    expect(clock.nextAt()).toBeUndefined();
  });

  test("a sleep with a fraction of a millisecond is not early (T1)", async () => {
    const clock = new VirtualClock(0);
    const sleep = clock.sleep(10.2);
    expect(clock.nextAt()).toBe(11);
    await clock.advance(11);
    await sleep;
  });

  test("turn lets every promise job run, however long the chain", async () => {
    const clock = new VirtualClock(0);
    let jobs = 0;
    void (async () => {
      for (; jobs < 10_000; jobs += 1) await Promise.resolve();
    })();
    await clock.turn();
    expect(jobs).toBe(10_000);
  });
});
