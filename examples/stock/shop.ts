// The shop's tables as the tests have them: what DynamoDB does with the writes of this workflow, and nothing more.
import type { Transact } from "perdure/testing";
import { STOCK_TABLE } from "./workflow.ts";

export const shop = { free: 0, sales: [] as unknown[] };

export const transact: Transact = (writes) => {
  for (const [write, each] of writes.entries()) {
    const wanted = "update" in each ? Number(each.update.values?.[":quantity"]) : 0;
    if (wanted > shop.free)
      return [{ write, code: "ConditionalCheckFailed", message: `${STOCK_TABLE} has ${shop.free} left` }];
  }
  for (const each of writes) {
    if ("update" in each) shop.free -= Number(each.update.values?.[":quantity"]);
    if ("put" in each) shop.sales.push(each.put.item);
  }
  return undefined;
};
