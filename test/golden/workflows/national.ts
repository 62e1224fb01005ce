// Some of many may fail: the example's child, by itself.
import { national } from "../../../examples/mailing/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: national,
  input: {
    text: "hello",
    customers: ["a@x.org", "b@x.org", "nowhere", "c@x.org", "d@x.org"].map((email) => ({
      email,
      country: "SE",
    })),
  },
  outcome: { status: "succeeded", value: { sent: 4, missed: ["nowhere"] } },
};
