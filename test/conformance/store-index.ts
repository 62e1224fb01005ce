// RunIndex: which runs exist (for people) and which are due (for the sweeper, W4). Both may lag behind the runs.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { CLOSED_STATUSES, type Run } from "../../lib/ports/run.ts";
import type { RunQuery, Store } from "../../lib/ports/store.ts";
import { aRun, aSuspension, FAR_FUTURE_SECONDS, MINUTE_MS, NOW } from "./samples.ts";
import type { StoreSubject } from "./store.ts";
import { claimed, mustGet } from "./store-steps.ts";
import { type Behaviour, eventually } from "./suite.ts";

export function describeStoreIndex(behaviour: Behaviour<StoreSubject>): void {
  describeList(behaviour);
  describePages(behaviour);
  describeFilters(behaviour);
  describeDue(behaviour);
}

function describeList(behaviour: Behaviour<StoreSubject>): void {
  behaviour("list gives the runs of a workflow newest first, each as it stands", async (subject) => {
    const { store } = subject;
    const workflow = aWorkflow();
    const runs = await createEach(
      store,
      [3, 1, 2].map((minute) => aRun({ workflow, createdAt: NOW + minute * MINUTE_MS })),
    );
    await createEach(store, [aRun({ workflow: aWorkflow() })]);
    const newestFirst = runs.toSorted((a, b) => b.createdAt - a.createdAt);
    await eventually(subject, async () => {
      expect((await store.index.list({ workflows: [workflow], limit: 10 })).runs).toEqual(newestFirst);
    });
  });

  behaviour("list merges several workflows into one order", async (subject) => {
    const { store } = subject;
    const workflows = [aWorkflow(), aWorkflow(), aWorkflow()];
    const runs = await createEach(
      store,
      Array.from({ length: 9 }, (_, i) => aRun({ workflow: workflows[i % 3] ?? "", createdAt: NOW + i })),
    );
    await eventually(subject, async () => {
      expect(await collect(store, { workflows, limit: 4 })).toEqual(idsOf(runs.toReversed()));
      expect(await collect(store, { workflows: workflows.slice(1), limit: 4 })).toHaveLength(6);
    });
  });
}

function describePages(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "pages lead through all runs without gap or repetition, those of one instant too",
    async (subject) => {
      const { store } = subject;
      const workflow = aWorkflow();
      const runs = await createEach(
        store,
        Array.from({ length: 23 }, (_, i) => aRun({ workflow, createdAt: NOW + Math.floor(i / 5) })),
      );
      await eventually(subject, async () => {
        for (const limit of [1, 5, 7, 23, 100]) {
          const ids = await collect(store, { workflows: [workflow], limit });
          expect(ids.toSorted()).toEqual(idsOf(runs).toSorted());
        }
      });
    },
  );

  behaviour("a run that starts while somebody pages does not shift the later pages", async (subject) => {
    const { store } = subject;
    const workflow = aWorkflow();
    const runs = await createEach(
      store,
      [4, 3, 2, 1].map((i) => aRun({ workflow, createdAt: NOW + i })),
    );
    await eventually(subject, async () => {
      expect(await collect(store, { workflows: [workflow], limit: 10 })).toHaveLength(4);
    });
    const page = await store.index.list({ workflows: [workflow], limit: 2 });
    await createEach(store, [aRun({ workflow, createdAt: NOW + 9 })]);
    const cursor = page.cursor ?? "";
    const rest = await collect(store, { workflows: [workflow], limit: 2, cursor });
    expect([...idsOf(page.runs), ...rest]).toEqual(idsOf(runs));
  });

  behaviour("a workflow without runs lists none, and no workflow at all lists none", async ({ store }) => {
    expect(await store.index.list({ workflows: [aWorkflow()], limit: 10 })).toEqual({ runs: [] });
    expect(await store.index.list({ workflows: [], limit: 10 })).toEqual({ runs: [] });
  });

  behaviour("a cursor that list did not make is refused as E_INVALID_INPUT", async ({ store }) => {
    for (const cursor of ["", "nonsense", "💣", btoa("{}"), btoa("[1]"), btoa('["a","b"]'), btoa("null")]) {
      const listing = store.index.list({ workflows: [aWorkflow()], limit: 10, cursor });
      await expect(listing, cursor).rejects.toMatchObject({ code: "E_INVALID_INPUT" });
    }
  });
}

function describeFilters(behaviour: Behaviour<StoreSubject>): void {
  behaviour(
    "list keeps to the statuses asked for, also when they changed since the start",
    async (subject) => {
      const { store } = subject;
      const workflow = aWorkflow();
      await createEach(store, [aRun({ workflow, createdAt: NOW + 1 })]);
      const running = await claimed(store, aRun({ workflow, createdAt: NOW + 2 }));
      const suspended = await claimed(store, aRun({ workflow, createdAt: NOW + 3 }));
      await store.runs.suspend(aSuspension(suspended));
      const failed = await claimed(store, aRun({ workflow, createdAt: NOW + 4 }));
      await store.runs.close(ending(failed));
      await eventually(subject, async () => {
        const list = (statuses: RunQuery["statuses"] & object) =>
          collect(store, { workflows: [workflow], statuses, limit: 2 });
        expect(await list(["running"])).toEqual([running.runId]);
        expect(await list(["suspended", "running"])).toEqual([suspended.runId, running.runId]);
        expect(await list(CLOSED_STATUSES)).toEqual([failed.runId]);
        expect(await list(["succeeded"])).toEqual([]);
      });
    },
  );

  behaviour("list keeps to the attributes asked for, whose values are compared as text", async (subject) => {
    const { store } = subject;
    const workflow = aWorkflow();
    const [one, two] = await createEach(store, [
      aRun({ workflow, createdAt: NOW + 1, attributes: { customer: "c-1", total: 12.5, express: true } }),
      aRun({ workflow, createdAt: NOW + 2, attributes: { customer: "c-2", total: 12.5, "a.b-c": "" } }),
      aRun({ workflow, createdAt: NOW + 3 }),
    ]);
    await eventually(subject, async () => {
      const list = (attributes: RunQuery["attributes"] & object) =>
        collect(store, { workflows: [workflow], attributes, limit: 1 });
      expect(await list({ customer: "c-1" })).toEqual([one?.runId]);
      expect(await list({ total: "12.5" })).toEqual([two?.runId, one?.runId]);
      expect(await list({ total: "12.5", express: "true" })).toEqual([one?.runId]);
      expect(await list({ "a.b-c": "" })).toEqual([two?.runId]);
      expect(await list({ customer: "c" })).toEqual([]);
      // Not what every object has.
      expect(await list({ constructor: "" })).toEqual([]);
      expect(await list({})).toHaveLength(3);
    });
  });

  behaviour(
    "list goes by the attributes that suspend and close have written, and only by those",
    async (subject) => {
      const { store } = subject;
      const workflow = aWorkflow();
      const start = async (n: number) =>
        await claimed(store, aRun({ workflow, createdAt: NOW + n, attributes: { stage: "new", n } }));
      const [suspended, closed, kept] = [await start(1), await start(2), await start(3)];
      await store.runs.suspend(aSuspension(suspended, { attributes: { stage: "sent" } }));
      await store.runs.close({ ...ending(closed), attributes: { stage: "sent", n: 2 } });
      await store.runs.suspend(aSuspension(kept));
      expect((await mustGet(store, suspended.runId)).attributes).toEqual({ stage: "sent" });
      expect((await mustGet(store, kept.runId)).attributes).toEqual({ stage: "new", n: 3 });
      await eventually(subject, async () => {
        const list = (attributes: RunQuery["attributes"] & object) =>
          collect(store, { workflows: [workflow], attributes, limit: 10 });
        expect(await list({ stage: "sent" })).toEqual([closed.runId, suspended.runId]);
        expect(await list({ stage: "new" })).toEqual([kept.runId]);
        expect(await list({ n: "1" })).toEqual([]);
      });
    },
  );

  behaviour("a rare status is found behind many runs of another", async (subject) => {
    const { store } = subject;
    const workflow = aWorkflow();
    const rare = aRun({ workflow, createdAt: NOW, status: "stalled" });
    await createEach(store, [
      rare,
      ...Array.from({ length: 30 }, (_, i) => aRun({ workflow, createdAt: NOW + 1 + i })),
    ]);
    await eventually(subject, async () => {
      expect(await collect(store, { workflows: [workflow], statuses: ["stalled"], limit: 3 })).toEqual([
        rare.runId,
      ]);
    });
  });

  behaviour("a time range includes its start and excludes its end", async (subject) => {
    const { store } = subject;
    const workflow = aWorkflow();
    const [a, b, c] = await createEach(
      store,
      [1, 2, 3].map((minute) => aRun({ workflow, createdAt: NOW + minute * MINUTE_MS })),
    );
    if (a === undefined || b === undefined || c === undefined) throw new Error("three runs were created");
    await eventually(subject, async () => {
      const list = (range: Pick<RunQuery, "from" | "to">) =>
        collect(store, { workflows: [workflow], limit: 2, ...range });
      expect(await list({ from: b.createdAt })).toEqual([c.runId, b.runId]);
      expect(await list({ to: b.createdAt })).toEqual([a.runId]);
      expect(await list({ from: a.createdAt, to: c.createdAt })).toEqual([b.runId, a.runId]);
      expect(await list({ from: a.createdAt + 1, to: b.createdAt })).toEqual([]);
    });
  });
}

function describeDue(behaviour: Behaviour<StoreSubject>): void {
  behaviour("due gives the runs whose sweep time has come, and only those", async (subject) => {
    const { store } = subject;
    const [past, present, future] = await createEach(
      store,
      [-10, 0, 10].map((minutes) => aRun({ sweepAt: NOW + minutes * MINUTE_MS })),
    );
    await eventually(subject, async () => {
      const ids = await store.index.due(NOW, 10_000);
      expect(ids).toEqual(expect.arrayContaining([past?.runId, present?.runId]));
      expect(ids).not.toContain(future?.runId);
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  behaviour("due keeps to its limit", async (subject) => {
    const { store } = subject;
    await createEach(
      store,
      Array.from({ length: 7 }, () => aRun({ sweepAt: NOW - 10 * MINUTE_MS })),
    );
    await eventually(subject, async () => {
      expect(await store.index.due(NOW, 5)).toHaveLength(5);
    });
  });

  behaviour("due follows suspend, raise, postpone and stall", async (subject) => {
    const { store } = subject;
    const later = NOW + 60 * MINUTE_MS;
    const run = await claimed(store, aRun({ sweepAt: NOW }));
    await store.runs.suspend(aSuspension(run, { sweepAt: later }));
    const isDue = async (now: number, expected: boolean) => {
      await eventually(subject, async () => {
        expect((await store.index.due(now, 10_000)).includes(run.runId)).toBe(expected);
      });
    };
    await isDue(NOW, false);
    await isDue(later, true);
    await store.runs.raise({ runId: run.runId, sweepAt: NOW });
    await isDue(NOW, true);
    await store.runs.postpone({ runId: run.runId, from: NOW, to: later });
    await isDue(NOW, false);
    const reason = { code: "E_POISON", message: "dies", at: NOW };
    await store.runs.stall({
      runId: run.runId,
      fence: run.fence,
      by: "onlooker",
      now: NOW,
      reason,
      sweepAt: NOW,
    });
    await isDue(NOW, true);
  });

  behaviour("a closed run is never due, an open one always some time (W4)", async (subject) => {
    const { store } = subject;
    const open = await claimed(store, aRun({ sweepAt: NOW }));
    const closed = await claimed(store, aRun({ sweepAt: NOW }));
    await store.runs.close(ending(closed));
    expect((await mustGet(store, closed.runId)).sweepAt).toBeUndefined();
    await eventually(subject, async () => {
      const ids = await store.index.due(NOW + 60 * MINUTE_MS, 10_000);
      expect(ids).toContain(open.runId);
      expect(ids).not.toContain(closed.runId);
    });
  });
}

function aWorkflow(): string {
  return `workflow-${randomUUID()}`;
}

function ending(run: Run) {
  const { runId, fence } = run;
  return {
    runId,
    fence,
    status: "failed",
    closedAt: NOW,
    lastSeq: 1,
    expiresAt: FAR_FUTURE_SECONDS,
  } as const;
}

async function createEach(store: Store, runs: readonly Run[]): Promise<readonly Run[]> {
  for (const run of runs) expect((await store.runs.create(run)).created).toBe(true);
  return runs;
}

function idsOf(runs: readonly Run[]): string[] {
  return runs.map((run) => run.runId);
}

/** Follows the cursors to the end. A page may be short, even empty, and still have a successor; never longer than the limit. */
async function collect(store: Store, query: RunQuery): Promise<string[]> {
  const ids: string[] = [];
  let cursor = query.cursor;
  for (let page = 0; page < 200; page += 1) {
    const answer = await store.index.list(cursor === undefined ? query : { ...query, cursor });
    expect(answer.runs.length).toBeLessThanOrEqual(query.limit);
    ids.push(...idsOf(answer.runs));
    cursor = answer.cursor;
    if (cursor === undefined) return ids;
  }
  throw new Error("the cursors do not end");
}
