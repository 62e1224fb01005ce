import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, it } from "vitest";
import { checkInput, InputError } from "../../lib/engine/validate.ts";
import { MAX_ISSUE_CHARS } from "../../lib/limits.ts";

const refusing = (...issues: object[]): StandardSchemaV1 => ({
  "~standard": { version: 1, vendor: "test", validate: () => ({ issues: issues as never }) },
});

async function issuesOf(...issues: object[]) {
  const error: unknown = await checkInput(refusing(...issues), 1).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).issues;
}

describe("what a schema says of a value", () => {
  it("is a refusal, also when it says less than it should", async () => {
    expect(await issuesOf({ message: "no", path: null }, {})).toEqual([
      { message: "no", path: "" },
      { message: "undefined", path: "" },
    ]);
  });

  it("leads to the nearest place that can be told", async () => {
    const path = ["a", { key: "b~/c" }, "d".repeat(MAX_ISSUE_CHARS), "e"];
    expect(await issuesOf({ message: "no", path })).toEqual([{ message: "no", path: "/a/b~0~1c" }]);
  });

  it("is not cut through a character", async () => {
    const [issue] = await issuesOf({ message: `${"x".repeat(MAX_ISSUE_CHARS - 1)}\u{1f4a9}` });
    expect(issue?.message.endsWith("x\ufffd")).toBe(true);
  });
});
