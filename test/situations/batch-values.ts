// What a batch gives when all goes well, and when each of its pieces begins.
import type { Batch } from "../../lib/sdk/batch.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { type BatchSituation, plainOf, type RunPieces, ranPieces, stepsOf } from "./batch-pieces.ts";
import type { Stage } from "./situation.ts";
import { told } from "./told.ts";

export const values: readonly BatchSituation[] = [
  {
    title: "of one step each, in order",
    code: async (run, ctx, stage) => run(ctx, stepsOf("++", stage), { concurrency: 1 }),
    gives: [0, 1],
    ran: ranPieces(0, 1),
    ids: ["all/0/s", "all/1/s"],
  },
  {
    title: "of pieces that record nothing",
    code: async (run, ctx) => run(ctx, plainOf("+++")),
    gives: [0, 1, 2],
    ids: [],
  },
  { title: "of no piece at all", code: async (run, ctx) => run(ctx, []), gives: [], ids: [] },
  {
    title: "of a single one",
    code: async (run, ctx, stage) => run(ctx, stepsOf("+", stage)),
    gives: [0],
    ran: ranPieces(0),
  },
  {
    title: "of every kind",
    code: async (run, ctx) =>
      run(
        ctx,
        ["text", 42, { k: "v" }, null, undefined, new Date(5), new Map([[1, new Set(["a"])]]), 7n].map(
          (value) => (c) => c.step("s", () => value),
        ),
      ),
    gives: ["text", 42, { k: "v" }, null, undefined, new Date(5), new Map([[1, new Set(["a"])]]), 7n],
  },
  {
    title: "in order, whatever the order in which they come about",
    code: async (run, ctx, stage) => {
      const ends: number[] = [];
      const given = await run(
        ctx,
        [3, 1, 2].map((hours) => async (c) => {
          await c.sleep("nap", { hours });
          ends.push(hours);
          return hours;
        }),
      );
      stage.see("ends", ends.join());
      return [given, ends];
    },
    gives: [
      [3, 1, 2],
      [1, 2, 3],
    ],
  },
  {
    title: "that are more than any checkpoint could hold",
    code: async (run, ctx, stage) => {
      const text = (i: number) => Array.from({ length: 12_000 }, (_, n) => (n * 7919 + i) % 10_007).join(" ");
      const given = (await run(
        ctx,
        Array.from({ length: 8 }, (_, i) => (c) => c.step("s", () => text(i))),
      )) as string[];
      await ctx.sleep("wait", "1 day");
      stage.see("length", given.join().length > 400_000);
      return given.map((one, i) => one === text(i)).filter(Boolean).length;
    },
    gives: 8,
  },
  {
    title: "of pieces within pieces",
    code: async (run, ctx, stage) =>
      run(
        ctx,
        [0, 1].map((i) => (c) => c.scope("part", (s) => run(s, stepsOf("++", stage).slice(i)))),
      ),
    gives: [[0, 1], [1]],
    ran: { "piece 0": 1, "piece 1": 2 },
    ids: ["all/0/part/all/0/s", "all/0/part/all/1/s", "all/1/part/all/0/s"],
  },
  {
    title: "of two of the same name",
    code: async (run, ctx, stage) => [
      await run(ctx, stepsOf("+", stage)),
      await run(ctx, stepsOf("+", stage)),
    ],
    gives: [[0], [0]],
    ran: { "piece 0": 2 },
    ids: ["all/0/s", "all#2/0/s"],
  },
  {
    title: "and tells all there is to know of each piece",
    code: async (run, ctx, stage) => {
      const batch = (await run(ctx, stepsOf("+-+", stage), { tolerate: 1 })) as Batch<unknown>;
      return {
        values: batch.values,
        failures: batch.failures.map(({ index, key, error }) => [index, key, told(error).cause?.fields]),
        items: batch.items.map((item) => [
          item.index,
          item.key,
          item.status,
          "value" in item ? item.value : "none",
        ]),
      };
    },
    gives: {
      values: [0, 2],
      failures: [[1, "1", { piece: 1 }]],
      items: [
        [0, "0", "succeeded", 0],
        [1, "1", "failed", "none"],
        [2, "2", "succeeded", 2],
      ],
    },
    ran: ranPieces(0, 1, 2),
  },
];

const timed =
  (hours: readonly number[], atOnce: number | undefined) =>
  async (run: RunPieces, ctx: Context, stage: Stage) => {
    const order: string[] = [];
    const from = ctx.now().getTime();
    const at = (c: Context) => Math.floor((c.now().getTime() - from) / 3_600_000);
    await run(
      ctx,
      hours.map((span, i) => async (c) => {
        order.push(`${i} from ${at(c)}`);
        await c.sleep("nap", { hours: span });
        order.push(`${i} to ${at(c)}`);
      }),
      atOnce === undefined ? {} : { concurrency: atOnce },
    );
    return stage.see("order", order.join(", "));
  };

export const concurrency: readonly BatchSituation[] = [
  {
    title: "all of it",
    code: timed([2, 1, 3], undefined),
    gives: "0 from 0, 1 from 0, 2 from 0, 1 to 1, 0 to 2, 2 to 3",
  },
  { title: "one after the other", code: timed([2, 1], 1), gives: "0 from 0, 0 to 2, 1 from 2, 1 to 3" },
  {
    title: "no more than asked for, the next in order when there is room",
    code: timed([4, 1, 2, 1], 2),
    gives: "0 from 0, 1 from 0, 1 to 1, 2 from 1, 2 to 3, 3 from 3, 0 to 4, 3 to 4",
  },
  { title: "more room than pieces", code: timed([1], 50), gives: "0 from 0, 0 to 1" },
  {
    title: "many pieces that wait",
    code: async (run, ctx) => {
      const given = await run(
        ctx,
        Array.from({ length: 60 }, (_, i) => (c) => c.sleep("nap", { minutes: i % 7 }).then(() => i)),
        { concurrency: 20 },
      );
      return (given as number[]).length;
    },
    gives: 60,
    spared: "each of its naps would be a death",
  },
];
