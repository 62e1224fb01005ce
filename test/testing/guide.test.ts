// Every piece of code that these guides show is a piece of an example that runs.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const GUIDES = ["testing", "reading", "transactions"].map((name) => {
  const text = readFileSync(join(ROOT, `docs/guides/${name}.md`), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");
  return { name, text, blocks };
});
/** The guide shows code at the left margin, wherever it stands. */
const flat = (code: string) => code.replaceAll(/\s+/g, " ").trim();
const examples = globSync("examples/*/*.ts", { cwd: ROOT }).map((path) =>
  flat(readFileSync(join(ROOT, path), "utf8")),
);

describe.each(GUIDES)("the guide $name.md", ({ text, blocks }) => {
  it("shows code", () => {
    expect(blocks.length).toBeGreaterThan(2);
  });

  it.each(blocks.map((code) => [code.split("\n")[0], code]))(
    "shows code that an example runs: %s",
    (_first, code) => {
      expect(examples.some((example) => example.includes(flat(code)))).toBe(true);
    },
  );

  it("leads to files that exist", () => {
    for (const [, target = ""] of text.matchAll(/\]\((\.\.[^)#]+)\)/g))
      expect(readFileSync(join(ROOT, "docs/guides", target), "utf8")).not.toBe("");
  });
});
