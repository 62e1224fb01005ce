// The digest example, started by hand: then it tells of the day before its start.
import { digest } from "../../../examples/digest/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: digest,
  input: { to: "ada@example.com" },
  outcome: { status: "succeeded", value: { day: "2025-12-31", sold: 31 } },
};
