// Nobody decides: the example, in which two people are asked and a week goes by.
import { refund } from "../../../examples/refund/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: refund,
  input: { orderId: "O-1", customer: "ada@example.com", cents: 5_000 },
  outcome: { status: "succeeded", value: { status: "undecided" } },
};
