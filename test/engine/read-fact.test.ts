// A fact that leaves the inbox while somebody looks for it, or puts it again: it is found, and nothing passes for news.
import { describe, expect, it } from "vitest";
import { putFactOnce, readFact } from "../../lib/engine/read-fact.ts";
import { MemoryStore } from "../../lib/local/memory-store.ts";
import type { Fact } from "../../lib/ports/journal.ts";
import type { Store } from "../../lib/ports/store.ts";

const runId = "run_1";
const first: Fact = {
  kind: "signal",
  key: "signal-1",
  at: 1,
  signal: "s",
  value: { encoding: "json", text: "1" },
};
const second: Fact = { ...first, at: 2 };

/** A store in which `first` is used up by somebody else just before the n-th request of this one, 0 being never. */
async function aStore(n: number): Promise<Store> {
  const { journal, ...others } = new MemoryStore();
  await journal.putFact(runId, first);
  let requests = 0;
  const watched = new Proxy(journal, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        requests += 1;
        if (requests === n) await use(target);
        return await method.apply(target, args);
      };
    },
  });
  return { ...others, journal: watched };
}

async function use(journal: Store["journal"]): Promise<void> {
  await journal.retire({ runId, facts: [first], notes: [], stepClaims: [] });
}

describe("a fact", () => {
  it.each([0, 1, 2])("is found, whether it has been used up or not: %i", async (n) => {
    const store = await aStore(n);
    expect(await readFact(store, runId, first.key)).toEqual(first);
    expect(await readFact(store, runId, "signal-2")).toBeUndefined();
  });

  it("counts as it was used up, whatever was put beside it since", async () => {
    const store = await aStore(0);
    await use(store.journal);
    await store.journal.putFact(runId, second);
    expect(await readFact(store, runId, first.key)).toEqual(first);
  });

  it.each([0, 1, 2])("is not stored a second time for news, whenever it is used up: %i", async (n) => {
    const store = await aStore(n);
    expect(await putFactOnce(store, runId, second)).toEqual({ stored: false, existing: first });
  });

  it("is no news either to who asks again after his answer was lost", async () => {
    const store = await aStore(0);
    await use(store.journal);
    for (let times = 0; times < 2; times += 1)
      expect(await putFactOnce(store, runId, second)).toEqual({ stored: false, existing: first });
  });

  it("that there has never been is stored", async () => {
    const store = await aStore(0);
    const other = { ...first, key: "signal-2" };
    expect(await putFactOnce(store, runId, other)).toEqual({ stored: true });
    expect(await putFactOnce(store, runId, { ...other, at: 5 })).toEqual({ stored: false, existing: other });
  });
});
