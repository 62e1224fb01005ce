// Stores with one guard missing. The simulator must find each of them: a check that cannot fail proves nothing.
import type { Checkpoint } from "../../lib/ports/journal.ts";
import type { Ports } from "../../lib/ports/ports.ts";
import type { Store } from "../../lib/ports/store.ts";

export type Plant = (ports: Ports) => Ports;

/** A bug of the store. */
function inStore(plant: (store: Store) => Store): Plant {
  return (ports) => ({ ...ports, store: plant(ports.store) });
}

/** W1 broken: a cause that came since the inbox was read is taken for handled. */
export const suspendIgnoresWake: Plant = inStore((store) => ({
  ...store,
  runs: changed(store.runs, {
    suspend: async (suspension) => {
      const seen = (await store.runs.get(suspension.runId))?.wake ?? suspension.seen;
      return await store.runs.suspend({ ...suspension, seen, wake: Math.max(seen, suspension.wake) });
    },
  }),
}));

/** J1 broken: whoever comes takes the lease, live or not. */
export const claimIgnoresLease: Plant = inStore((store) => ({
  ...store,
  runs: changed(store.runs, {
    claim: async (request) => await store.runs.claim({ ...request, now: Number.MAX_SAFE_INTEGER }),
  }),
}));

/** J1 broken: the last writer wins the slot. */
export const appendOverwrites: Plant = inStore((store) => {
  const overwritten = new Map<string, Checkpoint>();
  const keyOf = (runId: string, first: number) => `${runId} ${first}`;
  return {
    ...store,
    journal: changed(store.journal, {
      append: async (runId, checkpoint) => {
        const result = await store.journal.append(runId, checkpoint);
        if (!result.ok) overwritten.set(keyOf(runId, checkpoint.first), checkpoint);
        return { ok: true };
      },
      load: async (runId) => {
        const loaded = await store.journal.load(runId);
        const checkpoints = loaded.checkpoints.map(
          (checkpoint) => overwritten.get(keyOf(runId, checkpoint.first)) ?? checkpoint,
        );
        return { ...loaded, checkpoints };
      },
    }),
  };
});

/** W1 broken: a fact is stored, and its cause is not counted. Nothing that is written is wrong; runs just stay where they are. */
export const raiseCountsNothing: Plant = inStore((store) => ({
  ...store,
  runs: changed(store.runs, { raise: async ({ runId }) => await store.runs.get(runId) }),
}));

/** W1 broken: an activation does not find the signals that came before it. */
export const loadHidesSignals: Plant = inStore((store) => ({
  ...store,
  journal: changed(store.journal, {
    load: async (runId) => {
      const loaded = await store.journal.load(runId);
      return { ...loaded, facts: loaded.facts.filter(({ kind }) => kind !== "signal") };
    },
  }),
}));

/** C1 broken: nobody hears that a run is to end. */
export const inboxHidesCancels: Plant = inStore((store) => ({
  ...store,
  journal: changed(store.journal, {
    load: async (runId) => {
      const loaded = await store.journal.load(runId);
      return { ...loaded, facts: loaded.facts.filter(({ kind }) => kind !== "cancel") };
    },
    facts: async (runId) => (await store.journal.facts(runId)).filter(({ kind }) => kind !== "cancel"),
  }),
}));

/** Whoever comes for a run that is held takes it. */
export const claimIgnoresPause: Plant = inStore((store) => ({
  ...store,
  runs: changed(store.runs, {
    claim: async (request) => {
      const claim = await store.runs.claim(request);
      if (claim.ok || claim.reason !== "paused" || claim.run?.sweepAt === undefined) return claim;
      await store.runs.resume({ runId: request.runId, sweepAt: claim.run.sweepAt });
      return await store.runs.claim(request);
    },
  }),
}));

/** Every completion of a callback is told that it was the first. */
export const factsAreAlwaysStored: Plant = inStore((store) => ({
  ...store,
  journal: changed(store.journal, {
    putFact: async (runId, fact) => {
      const result = await store.journal.putFact(runId, fact);
      return fact.kind === "callback" ? { stored: true } : result;
    },
  }),
}));

/** A list whose pages begin one run too late. */
export const listForgets: Plant = inStore((store) => ({
  ...store,
  index: changed(store.index, {
    list: async (query) => {
      const page = await store.index.list(query);
      return { ...page, runs: page.runs.slice(1) };
    },
  }),
}));

function changed<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get: (target, key) => {
      const value: unknown = Reflect.get(methods, key) ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
