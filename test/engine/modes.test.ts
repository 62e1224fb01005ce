// That a mode is what its name says: a suite that passes in a mode which does nothing would prove nothing.
import { describe, expect, it } from "vitest";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { type ModeName, mode, surroundings } from "./modes.ts";

const STEPS = 5;

const busy = workflow("busy", async (ctx, input) => {
  for (let i = 0; i < STEPS; i += 1) await ctx.step("one", () => i);
  await ctx.sleep("moment", "1s");
  await Promise.all(Array.from({ length: STEPS }, () => ctx.step("many", () => "x")));
  return input;
});

async function evidence() {
  const lab = new Lab([busy]);
  const runId = await lab.start(busy, { n: 1 });
  expect(await lab.result(runId)).toEqual({ n: 1 });
  const { checkpoints } = await lab.store.journal.load(runId);
  const values = checkpoints.flatMap(({ entries }) =>
    entries.flatMap((entry) => ("value" in entry ? [entry.value] : [])),
  );
  return {
    activations: (await lab.run(runId)).fence,
    appends: checkpoints.length,
    largest: Math.max(...checkpoints.map(({ entries }) => entries.length)),
    blobs: values.filter((value) => "blob" in value).length / values.length,
    claims: lab.counts.get("runs.claim"),
    loads: lab.counts.get("journal.load"),
    handOffs: lab.counts.get("wakeUps.send") ?? 0,
    processes: lab.begun,
    ...surroundings.evidence(),
  };
}

/** Steps, the sleep's two entries, the steps side by side and the end. */
const APPENDS = STEPS + 4;

const EVIDENCE: Readonly<Record<ModeName, object>> = {
  plain: { activations: 1, appends: APPENDS, largest: STEPS, blobs: 0, claims: 1, handOffs: 0, processes: 1 },
  // The end needs no leaving, and the sleep leaves twice: after its start and for its time.
  "suspend-at-every-await": {
    activations: APPENDS,
    appends: APPENDS,
    handOffs: APPENDS - 1,
    claims: APPENDS,
  },
  "hand-off-after-every-step": { activations: APPENDS - 1, appends: APPENDS, claims: APPENDS - 1 },
  "one-entry-per-checkpoint": { activations: 1, appends: APPENDS + STEPS - 1, largest: 1 },
  "everything-off-loaded": { activations: 1, blobs: 1 },
  "two-workers-race": { activations: 1, appends: APPENDS, claims: 2 },
  "cold-cache": { activations: 1, appends: APPENDS, processes: 2 },
  "tiny-query-pages": { activations: 1, appends: APPENDS, largestPage: 2 },
};

describe(`the mode ${mode}`, () => {
  it("is what its name says", async () => {
    expect(await evidence()).toMatchObject(EVIDENCE[mode]);
  });
});

describe("the engine", () => {
  it("keeps nothing of a run from one activation to the next: each reads it from the store, as with a cold cache", async () => {
    let replays = 0;
    const w = workflow("w", async (ctx) => {
      replays += 1;
      const got: unknown[] = [];
      for (let i = 0; i < 3; i += 1) got.push(await ctx.waitForSignal("go"));
      return got;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (let i = 0; i < 3; i += 1) {
      await lab.pass(5_000);
      await lab.signal(runId, "go", i);
    }
    expect(await lab.result(runId)).toEqual([0, 1, 2]);
    const { fence } = await lab.run(runId);
    expect(fence).toBeGreaterThanOrEqual(4);
    expect(lab.counts.get("journal.load")).toBe(fence);
    expect(replays).toBe(fence);
  });
});
