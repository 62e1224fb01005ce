// The run of a schedule with three times: each run takes the place of the one before, when that has tidied up.
import type { Golden } from "../golden.ts";
import { hourly, scheduleWorkflow, shift } from "../shift.ts";

export const golden: Golden = {
  workflow: scheduleWorkflow,
  others: [shift],
  input: hourly("cancel-other"),
  outcome: { status: "succeeded", value: { started: 3, skipped: 0, missed: 0, failed: 0 } },
};
