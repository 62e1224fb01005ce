// A GitHub webhook delivery becomes a digest: checked, enriched from several sides at once, settled for a moment, written.
// The delivery id is the run's idempotency key, so a delivery that GitHub sends twice is worked on once.
import { workflow } from "perdure";
import * as v from "valibot";
import { affectedOf, headlineOf, sizeOf, titleOf } from "./facts.ts";

const Delivery = v.object({
  deliveryId: v.pipe(v.string(), v.minLength(1)),
  event: v.pipe(v.string(), v.minLength(1)),
  /** How long to let related deliveries arrive. */
  settle: v.optional(v.string(), "1s"),
  payload: v.record(v.string(), v.unknown()),
});

export const githubEvents = workflow("github-events", { input: Delivery }, async (ctx, delivery) => {
  const { event, payload } = delivery;
  const headline = await ctx.step("validate", () => headlineOf(event, payload));
  const [title, affected, size] = await Promise.all([
    ctx.step("find title", () => titleOf(payload)),
    ctx.step("find affected", () => affectedOf(payload)),
    ctx.step("measure", () => sizeOf(payload)),
  ]);
  await ctx.sleep("settle", delivery.settle);
  return await ctx.step("write digest", () => ({
    deliveryId: delivery.deliveryId,
    headline,
    title,
    affected,
    fields: size.fields,
    depth: size.depth,
    digestedAt: ctx.now(),
  }));
});
