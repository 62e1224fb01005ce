// What bounds runs: slots that so many hold and no more, a line in order, a pace that gives out places.
import { expect } from "vitest";
import { aRunId, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import type { Behaviour } from "./suite.ts";

let limiters = 0;

export function describeStoreLimits(behaviour: Behaviour<StoreSubject>): void {
  const aLimiter = () => {
    limiters += 1;
    return `orders/k/customer ${aRunId()} ${limiters}`;
  };
  const read = async ({ store }: StoreSubject, limiter: string, waiters = 10) =>
    await store.limits.read({ limiter, waiters });

  behaviour("nobody holds a slot of a limiter that nobody has used, and nobody waits", async (subject) => {
    expect(await read(subject, aLimiter())).toEqual({ holders: [], waiters: [] });
  });

  behaviour(
    "a slot is taken while fewer than the limit are held, and not after that (Q1)",
    async (subject) => {
      const limiter = aLimiter();
      const { limits } = subject.store;
      expect(await limits.take({ limiter, runId: "a", limit: 2, now: NOW })).toBe(true);
      expect(await limits.take({ limiter, runId: "b", limit: 2, now: NOW + 5 })).toBe(true);
      expect(await limits.take({ limiter, runId: "c", limit: 2, now: NOW + 9 })).toBe(false);
      const standing = await read(subject, limiter);
      expect(standing.holders.toSorted()).toEqual(["a", "b"]);
      expect(standing.takenAt).toBe(NOW + 5);
      expect(await read(subject, aLimiter())).toEqual({ holders: [], waiters: [] });
    },
  );

  behaviour("who holds a slot takes it again, and holds no second one", async (subject) => {
    const limiter = aLimiter();
    const { limits } = subject.store;
    for (const runId of ["a", "a", "b", "b"])
      expect(await limits.take({ limiter, runId, limit: 2, now: NOW })).toBe(true);
    expect(await limits.take({ limiter, runId: "a", limit: 1, now: NOW })).toBe(true);
    expect((await read(subject, limiter)).holders.toSorted()).toEqual(["a", "b"]);
    await limits.release({ limiter, runId: "a" });
    expect((await read(subject, limiter)).holders).toEqual(["b"]);
  });

  behaviour(
    "a slot that was taken again since is not given back for having been nobody's",
    async (subject) => {
      const limiter = aLimiter();
      const { limits } = subject.store;
      const taken = { limiter, runId: "a", limit: 1 };
      await limits.take({ ...taken, now: NOW });
      await limits.take({ ...taken, now: NOW - 3 });
      await limits.release({ limiter, runId: "a", takenAt: NOW });
      expect((await read(subject, limiter)).holders).toEqual(["a"]);
      await limits.release({ limiter, runId: "a", takenAt: NOW - 3 });
      expect(await read(subject, limiter)).toEqual({ holders: [], waiters: [] });
    },
  );

  behaviour("of many who ask at once as many get a slot as there are", async (subject) => {
    const limiter = aLimiter();
    const runIds = Array.from({ length: 12 }, () => aRunId());
    const taken = await Promise.all(
      runIds.map((runId) => subject.store.limits.take({ limiter, runId, limit: 5, now: NOW })),
    );
    expect(taken.filter(Boolean)).toHaveLength(5);
    const winners = runIds.filter((_, index) => taken[index]);
    expect((await read(subject, limiter)).holders.toSorted()).toEqual(winners.toSorted());
  });

  behaviour(
    "a slot that is given back is free, and giving back what one does not hold changes nothing",
    async (subject) => {
      const limiter = aLimiter();
      const { limits } = subject.store;
      await limits.release({ limiter, runId: "a" });
      await limits.take({ limiter, runId: "a", limit: 1, now: NOW });
      await limits.release({ limiter, runId: "b" });
      expect(await limits.take({ limiter, runId: "b", limit: 1, now: NOW })).toBe(false);
      await limits.release({ limiter, runId: "a" });
      await limits.release({ limiter, runId: "a" });
      expect(await read(subject, limiter)).toEqual({ holders: [], waiters: [] });
      expect(await limits.take({ limiter, runId: "b", limit: 1, now: NOW })).toBe(true);
      expect((await read(subject, limiter)).holders).toEqual(["b"]);
    },
  );

  behaviour(
    "runs stand in line in the order of their start, then of their ids, each once",
    async (subject) => {
      const limiter = aLimiter();
      const { limits } = subject.store;
      const line = [
        { runId: "z", createdAt: NOW - 1 },
        { runId: "a", createdAt: NOW },
        { runId: "b", createdAt: NOW },
        { runId: "A", createdAt: NOW + 10_000 },
      ];
      for (const waiter of [...line.toReversed(), ...line]) await limits.enlist({ limiter, ...waiter });
      expect((await read(subject, limiter)).waiters).toEqual(line);
      expect((await read(subject, limiter, 2)).waiters).toEqual(line.slice(0, 2));
      await limits.take({ limiter, runId: "other", limit: 1, now: NOW });
      expect(await read(subject, limiter, 1)).toEqual({
        holders: ["other"],
        takenAt: NOW,
        waiters: [line[0]],
      });
      for (const waiter of [line[0], line[2]]) if (waiter) await limits.delist({ limiter, ...waiter });
      await limits.delist({ limiter, runId: "nobody", createdAt: NOW });
      expect((await read(subject, limiter)).waiters).toEqual([line[1], line[3]]);
      expect((await read(subject, aLimiter())).waiters).toEqual([]);
    },
  );

  behaviour("a pace gives out places an interval apart, none of them in the past", async (subject) => {
    const limiter = aLimiter();
    const { limits } = subject.store;
    const reserve = async (now: number) => await limits.reserve({ limiter, now, intervalMs: 100 });
    expect([await reserve(NOW), await reserve(NOW), await reserve(NOW + 50)]).toEqual([
      NOW,
      NOW + 100,
      NOW + 200,
    ]);
    expect([await reserve(NOW + 299), await reserve(NOW + 400)]).toEqual([NOW + 300, NOW + 400]);
    expect([await reserve(NOW + 10_000), await reserve(NOW)]).toEqual([NOW + 10_000, NOW + 10_100]);
    expect(await limits.reserve({ limiter: aLimiter(), now: NOW, intervalMs: 100 })).toBe(NOW);
  });

  behaviour("a pace gives no place to two who ask at once", async (subject) => {
    const limiter = aLimiter();
    const places = await Promise.all(
      Array.from({ length: 8 }, () => subject.store.limits.reserve({ limiter, now: NOW, intervalMs: 10 })),
    );
    expect(new Set(places).size).toBe(8);
  });
}
