// Stores, and a bus, with one guard missing. The simulator must find each of them: a check that cannot fail proves nothing.
import type { Checkpoint, Note } from "../../lib/ports/journal.ts";
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

/** X1 broken: the author's writes are done whoever has the slot, and again when they are asked for again. */
export const transactionsAreTwoWrites: Plant = inStore((store) => {
  let asked = 0;
  return {
    ...store,
    journal: changed(store.journal, {
      appendWith: async (runId, checkpoint, writes) => {
        asked += 1;
        const done = await store.journal.appendWith?.(`writes ${asked}`, { ...checkpoint, first: 1 }, writes);
        return done?.ok === true ? await store.journal.append(runId, checkpoint) : (done ?? { ok: true });
      },
    }),
  };
});

/** What was used up is not kept: who sends it again is news. */
export const retiredIsForgotten: Plant = inStore((store) => ({
  ...store,
  journal: changed(store.journal, { retired: async () => undefined }),
}));

/** A load that leaves out all that lies before the last fold, and not only what the folds say. */
export const loadLeavesOutTooMuch: Plant = inStore((store) => ({
  ...store,
  journal: changed(store.journal, {
    load: async (runId, folds = []) => {
      const to = folds.at(-1)?.to;
      return await store.journal.load(runId, to === undefined ? [] : [{ from: 1, to }]);
    },
  }),
}));

/** Whoever puts a state last has put the latest. */
export const statesGoBack: Plant = inStore((store) => {
  const notes = new Map<string, Note>();
  return {
    ...store,
    journal: changed(store.journal, {
      putNote: async (runId, note) => {
        await store.journal.putNote(runId, note);
        notes.set(`${runId} ${note.name}`, note);
      },
      note: async (runId, name) => notes.get(`${runId} ${name}`),
    }),
  };
});

/** META is never told of attributes. */
export const attributesAreDropped: Plant = inStore((store) => ({
  ...store,
  runs: changed(store.runs, {
    suspend: async ({ attributes: _, ...suspension }) => await store.runs.suspend(suspension),
    close: async ({ attributes: _, ...request }) => await store.runs.close(request),
  }),
}));

/** A bus that answers that it has taken what it has not. */
export const busTakesOne: Plant = (ports) => ({
  ...ports,
  events: { put: async (events) => await ports.events.put(events.slice(0, 1)) },
});

export function changed<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get: (target, key) => {
      const value: unknown = Reflect.get(methods, key) ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
