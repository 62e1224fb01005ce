// A booking that cannot be had takes back those before it: the example.
import { expect } from "vitest";
import { trip } from "../../../examples/trip/workflow.ts";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: trip,
  input: { traveller: "ada", city: "Venice", departsAt: "2026-03-01T10:00:00Z" },
  outcome: {
    status: "failed",
    error: { name: "StepError", message: expect.stringContaining("there are no cars in Venice") },
  },
};
