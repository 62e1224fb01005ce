// A workflow that asks for nothing: its end is its only entry.
import { workflow } from "perdure";
import type { Golden } from "../golden.ts";

export const golden: Golden = {
  workflow: workflow("whisper", async (ctx, input) => `${ctx.workflow}: ${String(input)}`),
  input: "psst",
  outcome: { status: "succeeded", value: "whisper: psst" },
};
