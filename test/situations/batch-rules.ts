// How many pieces must succeed and may fail, as a table, one piece after the other.
import { expect } from "vitest";
import type { BatchOptions } from "../../lib/sdk/batch.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { type BatchSituation, outlined, type RunPieces, ranPieces, stepsOf } from "./batch-pieces.ts";
import type { Stage } from "./situation.ts";

const RULES: readonly (readonly [pattern: string, options: BatchOptions, outline: string])[] = [
  ["", { tolerate: 0 }, " all-completed"],
  ["", { minSuccessful: "50%" }, " all-completed"],
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

const CONCURRENCY = "it must be a whole number from 1 on.";
const ENOUGH = 'it must be a whole number from 1 on, or a percentage like "10%", above 0%.';
const TOLERATED = 'it must be a whole number from 0 on, a percentage like "10%", or "all".';

/** Of three pieces. `shown` is how the message shows the value. */
const REFUSED: readonly (readonly [option: string, value: unknown, shown: string, sentence: string])[] = [
  ["concurrency", 0, "0", CONCURRENCY],
  ["concurrency", -1, "-1", CONCURRENCY],
  ["concurrency", 1.5, "1.5", CONCURRENCY],
  ["concurrency", Number.NaN, "NaN", CONCURRENCY],
  ["concurrency", Number.POSITIVE_INFINITY, "Infinity", CONCURRENCY],
  ["concurrency", 2n, "2n", CONCURRENCY],
  ["concurrency", "2", '"2"', CONCURRENCY],
  ["concurrency", null, "null", CONCURRENCY],
  ["minSuccessful", 0, "0", ENOUGH],
  ["minSuccessful", "0%", '"0%"', ENOUGH],
  ["minSuccessful", "0.0%", '"0.0%"', ENOUGH],
  ["minSuccessful", -1, "-1", ENOUGH],
  ["minSuccessful", 0.5, "0.5", ENOUGH],
  ["minSuccessful", Number.NaN, "NaN", ENOUGH],
  ["minSuccessful", "101%", '"101%"', ENOUGH],
  ["minSuccessful", "1e1%", '"1e1%"', ENOUGH],
  ["minSuccessful", "all", '"all"', ENOUGH],
  ["minSuccessful", 2n, "2n", ENOUGH],
  ["minSuccessful", null, "null", ENOUGH],
  ["minSuccessful", 4, "4", "but there are only 3."],
  ["tolerate", -1, "-1", TOLERATED],
  ["tolerate", 0.5, "0.5", TOLERATED],
  ["tolerate", Number.NaN, "NaN", TOLERATED],
  ["tolerate", "-5%", '"-5%"', TOLERATED],
  ["tolerate", "101%", '"101%"', TOLERATED],
  ["tolerate", "some", '"some"', TOLERATED],
  ["tolerate", true, "true", TOLERATED],
  ["tolerate", [1], "[1]", TOLERATED],
  ["tolerate", () => 1, "function", TOLERATED],
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
const refused = REFUSED.map(([option, value, shown, sentence]) => ({
  title: `with ${option} ${shown} is refused before anything begins, with a sentence`,
  code: async (run: RunPieces, ctx: Context, stage: Stage) =>
    stage.seeEnd("error", run(ctx, stepsOf("+++", stage), { [option]: value })),
  gives: expect.objectContaining({
    is: "PerdureError",
    message: expect.stringMatching(sentenceOf(option, shown, sentence)),
    fields: { code: "E_BAD_OPTION" },
  }),
  ids: [],
}));
const unknown: BatchSituation = {
  title: "with an option that does not exist is refused before anything begins",
  code: async (run, ctx, stage) =>
    stage.seeEnd("error", run(ctx, stepsOf("+++", stage), { failFast: true } as object)),
  gives: expect.objectContaining({
    message: expect.stringContaining('has no option "failFast"'),
    fields: { code: "E_BAD_OPTION" },
  }),
  ids: [],
};
const noneOfNone: BatchSituation = {
  title: "of nothing with minSuccessful 0 is refused, too",
  code: async (run, ctx, stage) => stage.seeEnd("error", run(ctx, [], { minSuccessful: 0 })),
  gives: expect.objectContaining({ fields: { code: "E_BAD_OPTION" } }),
  ids: [],
};

/** As a whole, up to the way out that every message of the code ends with. */
function sentenceOf(option: string, shown: string, sentence: string): RegExp {
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const joined = sentence.startsWith("but") ? ", " : "; ";
  const whole = `${literal(`${option} of `)}(map|parallel) "all" is ${literal(shown + joined + sentence)}`;
  return new RegExp(`^E_BAD_OPTION {2}${whole} Change`);
}

export const rules: readonly BatchSituation[] = [...followed, ...refused, unknown, noneOfNone];
