// Everything that goes out at once, between a step and a wait, and last words that the code does not wait for.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("ticker", async (ctx) => {
    for (let round = 1; round <= 3; round += 1) {
      const price = await ctx.step("look", () => round * 10);
      await Promise.all([
        ctx.emit({ type: `price.${price}`, detail: { price, at: ctx.now() } }),
        ctx.publish({ price }),
        ctx.setAttributes({ price, rising: round > 1 }),
      ]);
      await ctx.sleep("a while", "1h");
    }
    void ctx.emit({ type: "price.last", detail: null });
    void ctx.publish("closed");
    return ctx.tx("close", [{ put: { table: "prices", item: { id: 1 } } }]).then(
      () => "closed",
      (error: { readonly code: string }) => error.code,
    );
  }),
  transact: "unsupported",
  outcome: { status: "succeeded", value: "E_TX_UNSUPPORTED" },
  events: ["price.10", "price.20", "price.30", "price.last"],
};
