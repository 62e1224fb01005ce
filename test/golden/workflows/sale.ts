// Writes that ride in the checkpoint: whoever counts them counts one for each run. The example, that sells from a stock which
// nothing else takes from.
import { sale } from "../../../examples/stock/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: sale,
  input: { order: "A-1", sku: "lamp", quantity: 2 },
  outcome: { status: "succeeded", value: "sold" },
  events: [],
  transact: () => undefined,
};
