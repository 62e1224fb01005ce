// Batches that end before all of their pieces have, and batches that are replayed.
import { expect } from "vitest";
import { cancelRun } from "../../lib/engine/index.ts";
import type { Batch } from "../../lib/sdk/batch.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { CancelledError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Bad, type BatchSituation, outline, outlined, ranPieces, stepsOf } from "./batch-pieces.ts";
import { told } from "./told.ts";

const rests = workflow("rests", async (ctx) => ctx.sleep("rest", "30 days"));

export const early: readonly BatchSituation[] = [
  {
    title: "gives up those that wait, lets them clean up, and waits for that",
    code: async (run, ctx, stage) => {
      const seen: string[] = [];
      const batch = await outlined(
        run(
          ctx,
          [
            (c) => c.sleep("short", "1s"),
            async (c) => {
              try {
                await c.sleep("long", "30 days");
              } catch (error) {
                seen.push(`${error instanceof CancelledError}`);
                throw error;
              } finally {
                await c.sleep("clean", "1h");
                seen.push(await c.step("cleaned", () => "clean"));
              }
            },
          ],
          { minSuccessful: 1 },
        ),
      );
      return stage.see("end", [batch, ...seen]);
    },
    gives: ["+x enough-succeeded", "true", "clean"],
  },
  {
    title: "counts a piece that is finished nevertheless",
    code: async (run, ctx) =>
      outlined(
        run(ctx, [(c) => c.sleep("short", "1s"), (c) => c.sleep("long", "30 days").catch(() => "well")], {
          minSuccessful: 1,
        }),
      ),
    gives: "++ enough-succeeded",
  },
  {
    title: "counts a failure of a piece's cleaning up, and still gives what it has",
    code: async (run, ctx) =>
      outlined(
        run(
          ctx,
          [
            (c) => c.sleep("short", "1s"),
            async (c) =>
              c.sleep("long", "30 days").catch(() => {
                throw new TerminalError("unclean");
              }),
          ],
          { minSuccessful: 1 },
        ),
      ),
    gives: "+- enough-succeeded",
  },
  {
    title: "tells a body that runs",
    code: async (run, ctx, stage) =>
      outlined(
        run(
          ctx,
          [
            (c) => c.sleep("short", "10s"),
            (c) =>
              c.step("s", async (s) => {
                await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
                stage.ran(s.signal.reason instanceof CancelledError ? "told" : "other");
              }),
          ],
          { minSuccessful: 1 },
        ),
      ),
    gives: "+x enough-succeeded",
    ran: { told: 1 },
    spared: "a body that is not there any more cannot be told",
  },
  {
    title: "ends the children of those that wait",
    workflows: [rests],
    code: async (run, ctx) =>
      outlined(
        run(ctx, [(c) => c.sleep("short", "1m"), (c) => c.runChild("rests", rests, null)], {
          minSuccessful: 1,
        }),
      ),
    gives: "+x enough-succeeded",
    look: async (stage) => {
      const started = (await stage.entries()).find((entry) => entry.type === "child.started");
      expect(started).toBeDefined();
      expect((await stage.lab.run(started?.runId ?? "")).status).toBe("cancelled");
    },
  },
  {
    title: "closes the callbacks of those that wait",
    code: async (run, ctx, stage) =>
      outlined(
        run(ctx, [(c) => c.sleep("short", "1h"), (c) => c.waitForCallback("c", stage.submit("c"))], {
          minSuccessful: 1,
        }),
      ),
    outside: async (stage) => {
      await stage.handedOut("c");
      await stage.after(90 * 60_000);
      await expect(stage.complete("c", "late")).rejects.toThrow(/E_CALLBACK_CLOSED/);
    },
    gives: "+x enough-succeeded",
    ran: { "submit c": 1 },
  },
  {
    title: "cancels a batch within",
    code: async (run, ctx) => {
      const inner = (c: Context) => run(c, [(d) => d.sleep("long", "30 days")], { tolerate: "all" });
      return await outlined(run(ctx, [(c) => c.sleep("short", "1m"), inner], { minSuccessful: 1 }));
    },
    gives: "+x enough-succeeded",
  },
  {
    title: "when its run is cancelled, whatever it would tolerate",
    code: async (run, ctx) =>
      run(ctx, [(c) => c.sleep("long", "30 days"), async () => 1], { tolerate: "all", concurrency: 1 }),
    outside: async (stage) => {
      await stage.after(60_000);
      await cancelRun(stage.lab.engine, { runId: stage.runId, reason: "no need" });
    },
    fails: {
      is: "CancelledError",
      message: expect.stringContaining("no need"),
      fields: { code: "E_CANCELLED" },
    },
    ids: ["all/0/long"],
  },
  {
    title: "when it is given up, whatever it would tolerate",
    code: async (run, ctx, stage) => {
      const both = ctx.scope("part", (c) => run(c, [(d) => d.sleep("long", "30 days")], { tolerate: "all" }));
      await ctx.sleep("nap", "1h");
      both.cancel("enough");
      return await stage.seeEnd("error", both);
    },
    gives: expect.objectContaining({ is: "CancelledError", message: expect.stringContaining("enough") }),
  },
];

export const replays: readonly BatchSituation[] = [
  {
    title: "with one piece done and one that waits",
    code: async (run, ctx, stage) =>
      run(
        ctx,
        [
          ...stepsOf("+", stage),
          async (c) => {
            await c.sleep("nap", "1 day");
            return await c.step("s", () => stage.ran("piece 1"));
          },
        ],
        { concurrency: 1 },
      ),
    gives: [0, 1],
    ran: ranPieces(0, 1),
    ids: ["all/0/s", "all/1/nap", "all/1/s"],
  },
  {
    title: "after its end, with values",
    code: async (run, ctx, stage) => {
      const given = await run(ctx, stepsOf("++", stage));
      await ctx.sleep("wait", "1 day");
      return stage.see("given", given);
    },
    gives: [0, 1],
    ran: ranPieces(0, 1),
  },
  {
    title: "after its end, with failures",
    code: async (run, ctx, stage) => {
      const batch = (await run(ctx, stepsOf("+-", stage), { tolerate: 1 })) as Batch<unknown>;
      await ctx.sleep("wait", "1 day");
      return stage.see("given", [outline(batch), batch.failures.map(({ error }) => told(error).cause)]);
    },
    gives: [
      "+- all-completed",
      [{ is: "Error", name: "Bad", message: "piece 1 is bad", fields: { piece: 1 } }],
    ],
    ran: ranPieces(0, 1),
  },
  {
    title: "after an early end, with the same pieces cancelled",
    code: async (run, ctx, stage) => {
      const end = await outlined(
        run(
          ctx,
          [...stepsOf("+", stage), (c) => c.sleep("long", "30 days"), ...stepsOf("++", stage).slice(1)],
          { minSuccessful: 2, concurrency: 2 },
        ),
      );
      await ctx.sleep("wait", "1 day");
      return stage.see("end", end);
    },
    gives: "+x+ enough-succeeded",
    ran: ranPieces(0, 1),
  },
  {
    title: "in the result of a run",
    code: async (run, ctx, stage) => run(ctx, stepsOf("+-", stage), { tolerate: 1 }),
    gives: expect.objectContaining({
      values: [0],
      completion: "all-completed",
      failures: [expect.objectContaining({ index: 1, error: expect.objectContaining({ step: "all/1/s" }) })],
    }),
    ran: ranPieces(0, 1),
  },
  {
    title: "when its pieces are tried again",
    code: async (run, ctx, stage) =>
      run(
        ctx,
        [1, 2, 3].map(
          (good, i) => (c) =>
            c.step(
              "s",
              (s) => {
                stage.ran(`piece ${i}`);
                if (s.attempt < good) throw new Bad(i);
                return s.attempt;
              },
              { retry: { initial: "1h" } },
            ),
        ),
      ),
    gives: [1, 2, 3],
    ran: { "piece 0": 1, "piece 1": 2, "piece 2": 3 },
  },
  {
    title: "as a part of a scope in which other things go on",
    code: async (run, ctx, stage) =>
      ctx.scope("part", async (c) => {
        const [given, , value] = await Promise.all([
          run(c, stepsOf("+++", stage)),
          c.sleep("nap", "1 day"),
          c.step("s", () => stage.ran("beside")),
        ]);
        return [given, value];
      }),
    gives: [[0, 1, 2], 1],
    ran: { ...ranPieces(0, 1, 2), beside: 1 },
  },
];
