// The run of a schedule with three times: one time waits for the open run to end.
import type { Golden } from "../golden.ts";
import { hourly, scheduleWorkflow, shift } from "../shift.ts";

export const golden: Golden = {
  workflow: scheduleWorkflow,
  others: [shift],
  input: hourly("buffer-one", "1-3"),
  outcome: { status: "succeeded", value: { started: 3, skipped: 0, missed: 0, failed: 0 } },
};
