// The run of a schedule with three times: while a run is open the time is skipped.
import type { Golden } from "../golden.ts";
import { hourly, scheduleWorkflow, shift } from "../shift.ts";

export const golden: Golden = {
  workflow: scheduleWorkflow,
  others: [shift],
  input: hourly("skip", "1-3"),
  outcome: { status: "succeeded", value: { started: 2, skipped: 1, missed: 0, failed: 0 } },
};
