// An order from reservation to shipping, with a person in the middle. Refused, or nobody answers: what was done is undone.
import { TerminalError, workflow } from "perdure";
import * as v from "valibot";
import * as shop from "./shop.ts";

const Duration = v.pipe(
  v.string(),
  v.regex(/^\d+ ?(ms|s|m|h|d|minutes?|hours?|days?)$/, "must be like 30s or 7 days"),
);

const Order = v.object({
  orderId: v.pipe(v.string(), v.minLength(1)),
  customer: v.pipe(v.string(), v.email()),
  lines: v.pipe(
    v.array(
      v.object({
        sku: v.string(),
        quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
        unitCents: v.pipe(v.number(), v.integer(), v.minValue(0)),
      }),
    ),
    v.minLength(1),
  ),
  /** How long the customer may change their mind. */
  coolOff: v.optional(Duration, "2s"),
  approvalTimeout: v.optional(Duration, "7 days"),
});

const Approval = v.object({ approved: v.boolean(), by: v.string(), note: v.optional(v.string()) });

export const order = workflow(
  "order",
  { input: Order, signals: { approved: Approval } },
  async (ctx, input) => {
    const reservation = await ctx.step("reserve", (s) => shop.reserve(input.lines, s.idempotencyKey));
    const payment = await ctx.step(
      "charge",
      (s) => shop.charge(reservation.totalCents, s.attempt, s.idempotencyKey),
      {
        retry: { maxAttempts: 5, initial: "200ms" },
      },
    );
    try {
      await ctx.sleep("cool-off", input.coolOff);
      const approval = await ctx.waitForSignal("approved", { timeout: input.approvalTimeout });
      if (!approval.approved) throw new TerminalError(`refused by ${approval.by}`);

      // Runs in a Lambda of its own on AWS, with its own memory, timeout and role.
      const parcel = await ctx.step("ship", (s) => shop.ship(input.orderId, s.idempotencyKey), {
        on: "shipping",
      });
      return {
        orderId: input.orderId,
        status: "shipped",
        payment,
        trackingId: parcel.trackingId,
        approvedBy: approval.by,
      };
    } catch (error) {
      ctx.log.warn("undoing the order", { orderId: input.orderId });
      await ctx.step("refund", () => shop.refund(payment.paymentId));
      await ctx.step("release", () => shop.release(reservation));
      return { orderId: input.orderId, status: "undone", reason: (error as Error).message };
    }
  },
);
