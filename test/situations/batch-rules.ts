// How many pieces must succeed and may fail, as a table, one piece after the other.
import { expect } from "vitest";
import type { BatchOptions } from "../../lib/sdk/batch.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { type BatchSituation, outlined, type RunPieces, ranPieces, stepsOf } from "./batch-pieces.ts";
import type { Stage } from "./situation.ts";

const RULES: readonly (readonly [pattern: string, options: BatchOptions, outline: string])[] = [
  ["", { tolerate: 0 }, " all-completed"],
  ["", { minSuccessful: 0 }, " all-completed"],
  ["", { tolerate: "50%", minSuccessful: "50%" }, " all-completed"],
  ["+", { tolerate: 0 }, "+ all-completed"],
  ["-", { tolerate: 0 }, "thrown: - too-many-failures"],
  ["-", { tolerate: 1 }, "- all-completed"],
  ["+-+", { tolerate: 0 }, "thrown: +-. too-many-failures"],
  ["+-+", { tolerate: 1 }, "+-+ all-completed"],
  ["--+", { tolerate: 1 }, "thrown: --. too-many-failures"],
  ["+--", { tolerate: 1 }, "thrown: +-- too-many-failures"],
  ["--++", { tolerate: "25%" }, "thrown: --.. too-many-failures"],
  ["-+++", { tolerate: "25%" }, "-+++ all-completed"],
  ["-+++", { tolerate: "24%" }, "thrown: -... too-many-failures"],
  ["---", { tolerate: 3 }, "--- all-completed"],
  ["---", { tolerate: 99 }, "--- all-completed"],
  ["---", { tolerate: "100%" }, "--- all-completed"],
  ["---", { tolerate: "all" }, "--- all-completed"],
  ["++++", { minSuccessful: 2 }, "++.. enough-succeeded"],
  ["-++-+", { minSuccessful: 2 }, "-++.. enough-succeeded"],
  ["++++", { minSuccessful: "50%" }, "++.. enough-succeeded"],
  ["+++++", { minSuccessful: "50%" }, "+++.. enough-succeeded"],
  ["++", { minSuccessful: 2 }, "++ all-completed"],
  ["--++", { minSuccessful: 2 }, "--++ all-completed"],
  ["+-+", { minSuccessful: 3 }, "thrown: +-. too-many-failures"],
  ["---+", { minSuccessful: 2 }, "thrown: ---. too-many-failures"],
  ["--++", { minSuccessful: 3, tolerate: 1 }, "thrown: --.. too-many-failures"],
  ["-++++", { minSuccessful: 3, tolerate: 1 }, "-+++. enough-succeeded"],
  ["--++", { minSuccessful: 3, tolerate: 2 }, "--++ all-completed"],
];

const REFUSED: readonly object[] = [
  { concurrency: 0 },
  { concurrency: -1 },
  { concurrency: 1.5 },
  { concurrency: "2" },
  { minSuccessful: 4 },
  { minSuccessful: -1 },
  { minSuccessful: "101%" },
  { tolerate: -1 },
  { tolerate: "some" },
  { tolerate: 0.5 },
  { failFast: true },
];

const followed = RULES.map(([pattern, options, expected]) => ({
  title: `"${pattern}" with ${JSON.stringify(options)} is "${expected}"`,
  code: async (run: RunPieces, ctx: Context, stage: Stage) =>
    outlined(run(ctx, stepsOf(pattern, stage), { ...options, concurrency: 1 })),
  gives: expected,
  ran: ranPieces(
    ...pattern.split("").flatMap((_, i) => (expected.replace("thrown: ", "")[i] === "." ? [] : [i])),
  ),
}));
const refused = REFUSED.map((options) => ({
  title: `${JSON.stringify(options)} is refused before anything begins`,
  code: async (run: RunPieces, ctx: Context, stage: Stage) =>
    stage.seeEnd("error", run(ctx, stepsOf("+++", stage), options)),
  gives: expect.objectContaining({ is: "PerdureError", fields: { code: "E_BAD_OPTION" } }),
  ids: [],
}));
export const rules: readonly BatchSituation[] = [...followed, ...refused];
