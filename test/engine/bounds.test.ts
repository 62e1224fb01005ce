// What the engine never takes at once, and never says twice: the bounds of lib/limits.ts where a run meets them.
import { describe, expect, it } from "vitest";
import { MAX_CHECKPOINT_BYTES, MAX_ENTRIES_PER_CHECKPOINT, MAX_PARALLEL_STEPS } from "../../lib/limits.ts";
import type { Log } from "../../lib/ports/log.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { under } from "./modes.ts";

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe("many steps that settle at once", () => {
  it("are recorded in checkpoints that hold no more entries than a store must take", async () => {
    const w = workflow(
      "w",
      async (ctx) =>
        (await Promise.all(times(MAX_ENTRIES_PER_CHECKPOINT + 50, (i) => ctx.step(`s${i}`, () => i)))).length,
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(MAX_ENTRIES_PER_CHECKPOINT + 50);
    const { checkpoints } = await lab.store.journal.load(runId);
    expect(Math.max(...checkpoints.map(({ entries }) => entries.length))).toBeLessThanOrEqual(
      MAX_ENTRIES_PER_CHECKPOINT,
    );
  });

  it.skipIf(under(["everything-off-loaded"], "no value stays in its entry"))(
    "are recorded in checkpoints that hold no more bytes than an item of the table",
    async () => {
      // Text that does not become smaller: each value stays in its entry, just below what would go to the blob store.
      const noise = (seed: number) => {
        let state = seed + 1;
        return times(7_000, () => {
          state = (state * 48_271) % 2_147_483_647;
          return String.fromCharCode(33 + (state % 90));
        }).join("");
      };
      const w = workflow(
        "w",
        async (ctx) => (await Promise.all(times(80, (i) => ctx.step(`s${i}`, () => noise(i))))).length,
      );
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      expect(await lab.result(runId)).toBe(80);
      const { checkpoints } = await lab.store.journal.load(runId);
      const sizes = checkpoints.map(({ entries }) =>
        entries.reduce((sum, entry) => {
          if (!("value" in entry)) return sum;
          if ("gzip" in entry.value) return sum + entry.value.gzip.byteLength;
          return sum + ("text" in entry.value ? Buffer.byteLength(entry.value.text) : 0);
        }, 0),
      );
      expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(MAX_CHECKPOINT_BYTES);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_CHECKPOINT_BYTES);
    },
  );
});

describe("more steps than one process runs at once", () => {
  it.skipIf(under(["two-workers-race"], "it counts the steps of one process"))(
    "wait for a place and run all",
    async () => {
      let running = 0;
      let most = 0;
      const w = workflow("w", async (ctx) => {
        const bodies = times(MAX_PARALLEL_STEPS + 100, (i) =>
          ctx.step(`s${i}`, async () => {
            running += 1;
            most = Math.max(most, running);
            await lab.clock.sleep(100);
            running -= 1;
          }),
        );
        return (await Promise.all(bodies)).length;
      });
      const lab = new Lab([w]);
      expect(await lab.result(await lab.start(w))).toBe(MAX_PARALLEL_STEPS + 100);
      expect(most).toBe(MAX_PARALLEL_STEPS);
    },
  );
});

describe("a line that the workflow logs", () => {
  it.skipIf(under(["two-workers-race"], "each of two owners logs"))(
    "is logged once, however often it is replayed",
    async () => {
      const lines: string[] = [];
      const log: Log = {
        debug: () => {},
        info: (message) => lines.push(message),
        warn: () => {},
        error: () => {},
        with: () => log,
      };
      const w = workflow("w", async (ctx) => {
        ctx.log.info("begun");
        await ctx.sleep("first", "1h");
        ctx.log.info("between");
        await ctx.sleep("second", "1h");
        ctx.log.info("done");
      });
      const lab = new Lab([w], { log });
      await lab.result(await lab.start(w));
      expect(lines).toEqual(["begun", "between", "done"]);
    },
  );
});
