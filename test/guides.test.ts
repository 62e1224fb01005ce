// docs/guides: every piece of code that a guide shows is a piece of an example that runs, every address it shows is a
// route of the API, and every link leads to a file.
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { openBench } from "./api/bench.ts";

const ROOT = path.join(import.meta.dirname, "..");
const FOLDER = path.join(ROOT, "docs/guides");
/** A guide shows code at the left margin, wherever it stands, and a line break more or less is no difference. */
const flat = (code: string) =>
  code
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([()[\]{}]) ?/g, "$1")
    .replaceAll(/,([)\]}])/g, "$1")
    .trim();
const examples = globSync("{examples/*/*.ts,bin/*.ts}", { cwd: ROOT }).map((file) =>
  flat(readFileSync(path.join(ROOT, file), "utf8")),
);
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));

describe.each(names)("the guide %s", (name) => {
  const guide = readFileSync(path.join(FOLDER, name), "utf8");
  const blocks = (language: string) =>
    [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
      ([, code = ""]) => code,
    );

  it("shows only code that an example runs", () => {
    for (const code of blocks("ts")) {
      expect(
        examples.some((example) => example.includes(flat(code))),
        code,
      ).toBe(true);
    }
  });

  it("shows JSON that is JSON, and closes every block", () => {
    for (const code of blocks("json")) expect(() => JSON.parse(code), code).not.toThrow();
    const fences = [...guide.matchAll(/^```(\w*)$/gm)].map(([, language]) => language);
    for (const [i, language] of fences.entries()) {
      // An opening one says its language, and a bare one follows.
      if (i % 2 === 0) expect(["ts", "sh", "json", "text", "py"]).toContain(language);
      else expect(language).toBe("");
    }
    expect(fences.length % 2).toBe(0);
  });

  it("shows only addresses that the API serves", async () => {
    const served = (await (await openBench([]).get("/openapi.json")).json()) as { paths: object };
    const routes = Object.keys(served.paths).map(
      (route) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    );
    for (const code of blocks("sh")) {
      for (const [, address = ""] of code.matchAll(/\$API(\/[^\s"'?]*)/g)) {
        expect(
          routes.some((route) => route.test(address)),
          address,
        ).toBe(true);
      }
    }
  });

  it("leads to files that exist", () => {
    for (const [, target = ""] of guide.matchAll(/\]\((\.[^)#]+)(?:#[^)]*)?\)/g)) {
      expect(existsSync(path.join(FOLDER, target)), target).toBe(true);
    }
    for (const [, target = ""] of guide.matchAll(/\]\(([\w-]+\.md)(?:#[^)]*)?\)/g)) {
      expect(existsSync(path.join(FOLDER, target)), target).toBe(true);
    }
  });
});

it("every guide stands in the reading order", () => {
  const index = readFileSync(path.join(FOLDER, "index.md"), "utf8");
  for (const name of names.filter((each) => each !== "index.md")) expect(index).toContain(`](${name})`);
});

it("each guide leads to the next in the reading order", () => {
  const index = readFileSync(path.join(FOLDER, "index.md"), "utf8");
  const rows = [...index.matchAll(/^\| \[([^\]]+)\]\(([\w-]+\.md)\)/gm)];
  const order = rows.map(([, title = "", name = ""]) => ({ title, name }));
  expect(order.map(({ name }) => name).toSorted()).toEqual(
    names.filter((name) => name !== "index.md").toSorted(),
  );
  for (const [i, { name }] of order.slice(0, -1).entries()) {
    const guide = readFileSync(path.join(FOLDER, name), "utf8");
    const next = order[i + 1];
    expect(guide.match(/^Next: .*$/gm), name).toEqual([`Next: [${next?.title}](${next?.name}).`]);
    expect(guide.trimEnd().endsWith(`](${next?.name}).`), name).toBe(true);
  }
});
