// A refund that a person approves by a link in a mail. Small ones need nobody; when the first person does not answer, a
// second one is asked, too; when nobody does in a week, the customer is told so.
import { TimeoutError, workflow } from "perdure";
import * as v from "valibot";
import { bank, mail } from "./office.ts";

const Refund = v.object({
  orderId: v.pipe(v.string(), v.minLength(1)),
  customer: v.pipe(v.string(), v.email()),
  cents: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

/** Up to this nobody need be asked. */
const SMALL_CENTS = 2_000;

export const refund = workflow("refund", { input: Refund }, async (ctx, { orderId, customer, cents }) => {
  await ctx.setAttributes({ customer, cents });
  if (cents > SMALL_CENTS) {
    await ctx.publish({ stage: "waits for approval" });
    try {
      const { approved, by, note } = await ctx.waitForApproval("approval", {
        to: (links) => mail.ask("teamlead@shop.example", `Refund ${cents} cents of ${orderId}?`, links),
        timeout: "7 days",
        escalate: {
          after: "2 days",
          to: (links) => mail.ask("head@shop.example", `Nobody answered: refund ${orderId}?`, links),
        },
      });
      if (!approved) {
        await ctx.step("tell why not", () => mail.tell(customer, `We cannot refund it: ${note ?? "sorry"}`));
        return { status: "rejected", by };
      }
      ctx.log.info("approved", { by });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      await ctx.step("say sorry", () => mail.tell(customer, "Nobody has decided yet; please call us."));
      return { status: "undecided" };
    }
  }
  await ctx.publish({ stage: "is paid" });
  // The bank tells the result later, to whoever has the token.
  const paid = await ctx.waitForCallback(
    "paid",
    (token, s) => bank.transfer({ orderId, cents, callback: token }, s.idempotencyKey),
    { schema: v.object({ reference: v.string() }), timeout: "5 days" },
  );
  await ctx.emit({ type: "refund.paid", detail: { orderId, cents, reference: paid.reference } });
  return { status: "refunded", reference: paid.reference };
});
