// The order example, refused by a person: what was done is undone.
import { order } from "../../../examples/order/workflow.ts";
import { anOrder } from "../an-order.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: order,
  input: anOrder,
  signals: [{ name: "approved", payload: { approved: false, by: "grace" }, key: "grace" }],
  outcome: {
    status: "succeeded",
    value: { orderId: "A-1", status: "undone", reason: "refused by grace" },
  },
};
