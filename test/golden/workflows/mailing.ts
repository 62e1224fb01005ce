// One child for each country: the example.
import { mailing, national } from "../../../examples/mailing/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: mailing,
  others: [national],
  input: {
    text: "hello",
    customers: [
      { email: "ada@example.com", country: "UK" },
      { email: "bo@example.com", country: "SE" },
      { email: "cy@example.com", country: "UK" },
    ],
  },
  outcome: {
    status: "succeeded",
    value: { SE: { sent: 1, missed: [] }, UK: { sent: 2, missed: [] } },
  },
};
