// The last copies of something, sold exactly once each: the stock is counted down in the same transaction as the run notes
// that it was. Sold out is no fault, so the workflow handles it.
import { TransactionError, workflow } from "perdure";
import * as v from "valibot";

const Sale = v.object({
  order: v.pipe(v.string(), v.minLength(1)),
  sku: v.pipe(v.string(), v.minLength(1)),
  quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export const STOCK_TABLE = "shop-stock";
export const SALES_TABLE = "shop-sales";

export const sale = workflow("sale", { input: Sale }, async (ctx, { order, sku, quantity }) => {
  try {
    await ctx.tx("take", [
      {
        update: {
          table: STOCK_TABLE,
          key: { sku },
          update: "SET free = free - :quantity",
          condition: "free >= :quantity",
          values: { ":quantity": quantity },
        },
      },
      { put: { table: SALES_TABLE, item: { order, sku, quantity } } },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error;
    await ctx.emit({ type: "stock.missing", detail: { order, sku, quantity } });
    return "sold out";
  }
  return "sold";
});
