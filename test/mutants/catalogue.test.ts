// What keeps the catalogue honest: each mutant fits the code as it is, changes what is run and not only how it looks,
// and can never reach anybody who uses Perdure.
import { existsSync, globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { CATALOGUE } from "./catalogue.ts";
import { editsOf, mutate } from "./mutant.ts";
import { createPatch, MUTANT_VARIABLE, mutantOf, ROOT } from "./patch.ts";
import { mutants } from "./plugin.ts";
import { namesInTable } from "./table.ts";

const AT_LEAST = 300;

const textOf = (file: string) => readFileSync(join(ROOT, file), "utf8");
const filesOf = (mutant: (typeof CATALOGUE)[number]) => [...new Set(editsOf(mutant).map(({ file }) => file))];

describe("the mutants", () => {
  it("are many, each with a name of its own", () => {
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(AT_LEAST);
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
  });

  it("find the code they change exactly once, in the product", () => {
    const faults = CATALOGUE.flatMap((mutant) =>
      editsOf(mutant)
        .filter(({ file, find }) => !file.startsWith("lib/") || textOf(file).split(find).length !== 2)
        .map(({ file, find }) => `${mutant.name}: ${file}: ${find}`),
    );
    expect(faults).toEqual([]);
  });

  it("are code that can be run, and other code than before", () => {
    for (const mutant of CATALOGUE) {
      for (const file of filesOf(mutant)) {
        const text = textOf(file);
        const mutated = stripTypeScriptTypes(mutate(mutant, file, text));
        expect(mutated, mutant.name).not.toBe(stripTypeScriptTypes(text));
      }
    }
  });

  it("are looked for in tests that exist", () => {
    const hints = new Set(CATALOGUE.flatMap(({ noticedIn = [] }) => noticedIn));
    expect([...hints].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("all stand in the table of docs/design/proof.md; if not: npm run mutants -- --write", () => {
    expect(namesInTable()).toEqual(CATALOGUE.map(({ name }) => name));
  });
});

describe("the door", () => {
  it("is known to nothing that is shipped", () => {
    const shipped = globSync("{lib,functions,bin,dist}/**/*.{ts,mjs,js,json}", { cwd: ROOT }).filter(
      (path) => !path.includes("node_modules"),
    );
    expect(shipped.length).toBeGreaterThan(150);
    const faults = shipped.filter((path) => /PERDURE_MUTANT|\bmutants?\b/i.test(textOf(path)));
    expect(faults).toEqual([]);
    expect(MUTANT_VARIABLE).toBe("PERDURE_MUTANT");
    const { files } = JSON.parse(textOf("package.json")) as { readonly files: readonly string[] };
    expect(files.filter((path) => path.startsWith("test"))).toEqual([]);
  });

  it("is shut without a name, and refuses a name that nobody has", () => {
    expect(mutantOf({})).toBeUndefined();
    expect(mutantOf({ [MUTANT_VARIABLE]: "" })).toBeUndefined();
    expect(() => mutantOf({ [MUTANT_VARIABLE]: "no such mutant" })).toThrow("no such mutant");
  });

  it("keeps mutants out of what vitest remembers of other runs", () => {
    const [first, second] = CATALOGUE.slice(0, 2).map(({ name }) => mutants({ [MUTANT_VARIABLE]: name }));
    expect(first?.config).toBeTypeOf("function");
    expect(Reflect.apply(first?.config as () => unknown, undefined, [])).toEqual({
      test: { fsModuleCache: false },
    });
    expect(new Set([first?.name, second?.name, mutants({}).name]).size).toBe(3);
    expect(mutants({}).transform).toBeUndefined();
  });

  it("changes the mutant's file, under any address, and leaves every other alone", () => {
    const mutant = CATALOGUE[0]!;
    const patch = createPatch(mutant);
    const path = join(ROOT, mutant.file);
    const text = textOf(mutant.file);
    for (const address of [path, `${path}?v=1`, pathToFileURL(path).href])
      expect(patch(address, () => text)).toBe(text.replace(mutant.find, () => mutant.replace));
    expect(patch(join(ROOT, "lib/limits.ts"), () => text)).toBeUndefined();
  });
});
