// The order example, approved.
import { expect } from "vitest";
import { order } from "../../../examples/order/workflow.ts";
import { anOrder } from "../an-order.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: order,
  input: anOrder,
  signals: [{ name: "approved", payload: { approved: true, by: "grace" }, key: "grace", afterMs: 60_000 }],
  outcome: {
    status: "succeeded",
    value: {
      orderId: "A-1",
      status: "shipped",
      payment: { paymentId: expect.stringMatching(/^pay:/), totalCents: 700 },
      trackingId: expect.stringMatching(/^trk:A-1:/),
      approvedBy: "grace",
    },
  },
};
