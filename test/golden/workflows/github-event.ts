// The GitHub example, on a delivery as GitHub sends it.
import { expect } from "vitest";
import { allDeliveries } from "../../../examples/github-events/deliveries.ts";
import { githubEvents } from "../../../examples/github-events/workflow.ts";
import type { Golden } from "../golden.ts";

const [delivery] = allDeliveries().filter(({ event }) => event === "pull_request");

export const golden: Golden = {
  workflow: githubEvents,
  input: { ...delivery, settle: "3s" },
  outcome: {
    status: "succeeded",
    value: {
      deliveryId: delivery?.deliveryId,
      headline: expect.stringMatching(/^pull_request\./),
      title: expect.stringMatching(/^pull_request: /),
      affected: expect.arrayContaining([expect.stringContaining("/")]),
      fields: expect.any(Number),
      depth: expect.any(Number),
      digestedAt: expect.any(Date),
    },
  },
};
