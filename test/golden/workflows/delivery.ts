// What a run tells the outside is said once and heard whatever happens: the example, whose parcel is seen twice.
import { delivery } from "../../../examples/delivery/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: delivery,
  input: { parcel: "P-7", customer: "ada" },
  signals: [
    { name: "scanned", payload: { place: "Lyon" }, key: "scan-1" },
    { name: "scanned", payload: { place: "Nice", delivered: true }, key: "scan-2" },
  ],
  outcome: { status: "succeeded", value: ["Lyon", "Nice"] },
  events: ["parcel.delivered"],
};
