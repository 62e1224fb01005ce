// The run of a schedule with two times: runs go on beside each other.
import type { Golden } from "../golden.ts";
import { hourly, scheduleWorkflow, shift } from "../shift.ts";

export const golden: Golden = {
  workflow: scheduleWorkflow,
  others: [shift],
  input: hourly("allow", "1-2"),
  outcome: { status: "succeeded", value: { started: 2, skipped: 0, missed: 0, failed: 0 } },
};
