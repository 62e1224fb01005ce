// What a batch fails with.
import { expect } from "vitest";
import { BatchError, StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { type BatchSituation, outline, outlined, plainOf, ranPieces, stepsOf } from "./batch-pieces.ts";
import { told } from "./told.ts";

const failed = {
  is: "StepError",
  fields: { step: "all/1/s", attempt: 1, code: "E_STEP_FAILED" },
  cause: { is: "Error", name: "Bad", message: "piece 1 is bad", fields: { piece: 1 } },
};

export const failures: readonly BatchSituation[] = [
  {
    title: "with the very error of its piece, and begins nothing more",
    code: async (run, ctx, stage) => run(ctx, stepsOf("+-+", stage), { concurrency: 1 }),
    fails: failed,
    ran: ranPieces(0, 1),
  },
  {
    title: "with what a piece throws itself",
    code: async (run, ctx) => run(ctx, plainOf("+-+")),
    fails: { is: "Error", name: "Bad", message: "piece 1 is bad", fields: { piece: 1 } },
    ids: [],
  },
  {
    title: "and lets the run go on when it is caught, the same after a wait",
    code: async (run, ctx, stage) => {
      const error = await stage.seeEnd("error", run(ctx, stepsOf("+-", stage)));
      await ctx.sleep("wait", "1 day");
      return await ctx.step("then", () => error);
    },
    gives: expect.objectContaining({
      is: "StepError",
      cause: expect.objectContaining({ name: "Bad", fields: { piece: 1 } }),
    }),
    ran: ranPieces(0, 1),
  },
  {
    title: "as a batch, with the counts, the first failure and all the pieces, the same after a wait",
    code: async (run, ctx, stage) => {
      const error: unknown = await run(ctx, stepsOf("+-+-", stage), { tolerate: 1 }).catch(
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof BatchError)) throw error;
      await ctx.sleep("wait", "1 day");
      const { is, name, message, cause, fields } = told(error);
      return stage.see("error", {
        is,
        name,
        message,
        code: fields?.["code"],
        cause: cause?.cause?.message,
        batch: outline(error.batch),
      });
    },
    gives: {
      is: "BatchError",
      name: "BatchError",
      message: expect.stringMatching(/^(map|parallel) "all": 2 of 4 failed, 2 succeeded$/),
      code: "E_BATCH_FAILED",
      cause: "piece 1 is bad",
      batch: "+-+- too-many-failures",
    },
    ran: ranPieces(0, 1, 2, 3),
  },
  {
    title: "as a batch when nobody catches it",
    code: async (run, ctx, stage) => run(ctx, stepsOf("--", stage), { tolerate: 0, concurrency: 1 }),
    fails: {
      is: "BatchError",
      fields: { code: "E_BATCH_FAILED" },
      cause: { is: "StepError", cause: { is: "Error", name: "Bad", fields: { piece: 0 } } },
    },
    ran: ranPieces(0),
  },
  {
    title: "with the failure that came first, not with that of the lowest number",
    code: async (run, ctx, stage) =>
      run(ctx, [
        async (c) => {
          await c.sleep("long", "30 days").catch(() => {
            throw new TerminalError("I was only cleaning up");
          });
        },
        ...stepsOf("+-", stage).slice(1),
      ]),
    fails: failed,
    ran: ranPieces(1),
  },
  {
    title: "as a batch whose cause is the failure that came first",
    code: async (run, ctx, stage) =>
      run(
        ctx,
        [
          async (c) => {
            await c.sleep("nap", "1h");
            throw new TerminalError("second");
          },
          ...stepsOf("+-", stage).slice(1),
        ],
        { tolerate: 1 },
      ),
    fails: { is: "BatchError", cause: failed },
    ran: ranPieces(1),
  },
  {
    title: "in one piece that gave up its own wait, as in any other",
    code: async (run, ctx, stage) => {
      const batch = run(
        ctx,
        [
          async (c) => {
            const nap = c.sleep("nap", "30 days");
            await c.step("look", () => 1);
            nap.cancel("enough");
            return await nap;
          },
          (c) => c.sleep("hour", "1h").then(() => "slept"),
        ],
        { tolerate: 1 },
      );
      return await stage.seeEnd("end", outlined(batch));
    },
    gives: "-+ all-completed",
  },
  {
    title: "in a piece that may catch it itself",
    code: async (run, ctx, stage) =>
      run(
        ctx,
        stepsOf("+-", stage).map(
          (piece) => (c) => piece(c).catch((error: unknown) => error instanceof StepError),
        ),
      ),
    gives: [0, true],
    ran: ranPieces(0, 1),
  },
  {
    title: "in an inner one and is caught between",
    code: async (run, ctx, stage) =>
      run(ctx, [
        async (c) => run(c, stepsOf("-", stage)).catch(() => "caught within"),
        async (c) => c.step("s", () => "untouched"),
      ]),
    gives: ["caught within", "untouched"],
    ran: ranPieces(0),
  },
  {
    title: "when its run's child fails",
    code: async (run, ctx) =>
      run(ctx, [
        (c) =>
          c.runChild(
            "ill",
            workflow("ill", async () => 1),
            null,
          ),
        (c) => c.sleep("long", "30 days"),
      ]),
    workflows: [
      workflow("ill", async () => {
        throw new TerminalError("ill");
      }),
    ],
    fails: { is: "ChildRunError", cause: { is: "TerminalError", message: "ill" } },
  },
];
