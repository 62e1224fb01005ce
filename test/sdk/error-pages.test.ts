// docs/errors: what `perdure explain` prints, and what every problem links to.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { PROBLEMS } from "../../lib/api/problem-table.ts";
import { ERROR_CODES, type ErrorCode } from "../../lib/sdk/errors.ts";

const folder = path.join(import.meta.dirname, "..", "..", "docs", "errors");
const codes = Object.keys(ERROR_CODES) as ErrorCode[];
/** Faults of ours that an answer names. */
const SHOWN_500: readonly ErrorCode[] = ["E_INTERNAL", "E_CORRUPT", "E_NEWER_FORMAT"];
const SECTIONS = ["## What happened", "## Why", "## Before", "## After", "## What to do"];

test("every error code has a page, and every page a code", () => {
  expect(readdirSync(folder).toSorted()).toEqual(codes.map((code) => `${code}.md`).toSorted());
});

describe.each(codes)("the page of %s", (code) => {
  const page = readFileSync(path.join(folder, `${code}.md`), "utf8");

  test("says what happened, why, and what to do, with code before and after", () => {
    expect(page.split("\n")[0]).toBe(`# ${code}`);
    expect(page.split("\n").filter((line) => line.startsWith("## "))).toEqual(SECTIONS);
    for (const [i, section] of SECTIONS.entries()) {
      const text = page.slice(
        page.indexOf(section) + section.length,
        page.indexOf(SECTIONS[i + 1] ?? "\0") >>> 0,
      );
      expect(text.trim(), section).not.toBe("");
    }
    expect(page.match(/^```(?:ts|sh)$/gm)).toHaveLength(2);
  });

  test("names the HTTP status exactly when a request can meet the code", () => {
    const stated = /^HTTP status: (\d+)$/m.exec(page)?.[1];
    const { status } = PROBLEMS[code];
    expect(stated).toBe(status !== 500 || SHOWN_500.includes(code) ? String(status) : undefined);
  });

  test("mentions no code that does not exist", () => {
    for (const mentioned of page.match(/\bE_[A-Z_]+\b/g) ?? []) expect(codes).toContain(mentioned);
  });
});
