// Every piece of code that the guide shows is a piece of an example that runs.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const guide = readFileSync(join(ROOT, "docs/guides/testing.md"), "utf8");
const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");
/** The guide shows code at the left margin, wherever it stands. */
const flat = (code: string) => code.replaceAll(/\s+/g, " ").trim();
const examples = globSync("examples/*/*.ts", { cwd: ROOT }).map((path) =>
  flat(readFileSync(join(ROOT, path), "utf8")),
);

describe("the guide to testing", () => {
  it("shows code", () => {
    expect(blocks.length).toBeGreaterThan(5);
  });

  it.each(blocks.map((code) => [code.split("\n")[0], code]))(
    "shows code that an example runs: %s",
    (_first, code) => {
      expect(examples.some((example) => example.includes(flat(code)))).toBe(true);
    },
  );

  it("leads to files that exist", () => {
    for (const [, target = ""] of guide.matchAll(/\]\((\.\.[^)#]+)\)/g))
      expect(readFileSync(join(ROOT, "docs/guides", target), "utf8")).not.toBe("");
  });
});
