// The models, what models.ts says of them and what README.md says they stand for, kept together. Needs no spin: it is
// `npm run models` that verifies.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MODELS, type Model } from "./models.ts";
import { readOutput } from "./spin.ts";

const ROOT = join(import.meta.dirname, "../..");
const README = textOf("test/models/README.md");
/** Says that a model's bounds were too small for itself, which is nobody's invariant. */
const OWN_BOUND = "IN_BOUNDS";

describe.each(MODELS)("the model $name", (model) => {
  const source = textOf(`test/models/${model.name}.pml`);

  it("has each of its mutants in its text, and no other", () => {
    expect(allIn(source, /MUTANT_(\w+)/g)).toEqual(sorted(model.mutants.map(({ name }) => name)));
  });

  it("asserts each of its invariants, and no other", () => {
    const asserted = allIn(source, /\bcheck\((\w+), /g).filter(
      (name) => name !== OWN_BOUND && name !== "name",
    );
    expect(asserted).toEqual(sorted(model.invariants));
  });

  it("knows every definition that it is verified with", () => {
    const known = allIn(source, /#\s*(?:ifdef|ifndef) (\w+)/g);
    expect(definesOf(model).filter((name) => !known.includes(name))).toEqual([]);
  });

  it("is an exhaustive search that is worth it", () => {
    expect(model.leastStates).toBeGreaterThanOrEqual(100_000);
  });

  it("stands in the README with every process, inline and label, and with none that it has not", () => {
    const { parts } = tableOf(model);
    expect(parts.filter((name) => !isIn(source, name))).toEqual([]);
    const processes = [...source.matchAll(/^(?:active (?:\[\w+\] )?proctype|inline) (\w+)/gm)].map(
      ([, name]) => name,
    );
    expect(processes.length).toBeGreaterThan(10);
    expect(processes.filter((name) => !parts.includes(name ?? ""))).toEqual([]);
  });

  it("stands for code that exists", () => {
    const { places } = tableOf(model);
    expect(places.length).toBeGreaterThan(15);
    const faults = places.filter(({ file, names }) => names.some((name) => !declares(file, name)));
    expect(faults).toEqual([]);
  });

  it("has its known weaknesses told in the README", () => {
    const flags = model.weaknesses.flatMap(({ defines }) => defines).filter((name) => !name.includes("="));
    expect(flags.filter((name) => !README.includes(`-D${name}`))).toEqual([]);
  });
});

describe("a verifier's report", () => {
  it("of a model without an error is read as exhaustive", () => {
    expect(readOutput(CLEAN)).toEqual({ states: 618_786, depth: 139, errors: 0, isExhaustive: true });
  });

  it("of a violated invariant names it", () => {
    const violated = { violated: "NOT_LOST", errors: 1, isExhaustive: false };
    expect(readOutput(VIOLATED)).toEqual({ states: 18, depth: 25, ...violated });
  });

  it("of a search that met the depth limit proves nothing, although it counts no error", () => {
    expect(readOutput(CUT_SHORT)).toMatchObject({ errors: 0, isExhaustive: false });
  });

  it("of a state in which a process hangs says so in the verifier's words", () => {
    expect(readOutput("pan:1: invalid end state (at depth 6)\n").violated).toBe("invalid end state");
  });

  it("that is empty proves nothing", () => {
    expect(readOutput("").isExhaustive).toBe(false);
  });
});

interface Place {
  readonly file: string;
  readonly names: readonly string[];
}

/** The table of a model: what stands in its first column, and the files and names in its second. */
function tableOf({ name }: Model): { readonly parts: readonly string[]; readonly places: readonly Place[] } {
  const section = README.split(/^## /m).find((text) => text.startsWith(`${name}.pml\n`)) ?? "";
  const table = section.split(/^\| fault/m)[0] ?? "";
  const rows = [...table.matchAll(/^\| (`.+?) \| (.+?) \|$/gm)];
  const parts = rows.flatMap(([, model = ""]) => allIn(model, /`(\w+):?`/g));
  const places = rows.flatMap(([, , code = ""]) => code.split(";").flatMap(placeOf));
  return { parts, places };
}

function placeOf(text: string): Place[] {
  const [file, ...names] = [...text.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted ?? "");
  return file === undefined ? [] : [{ file, names }];
}

function isIn(source: string, name: string): boolean {
  return new RegExp(`^(active .*proctype |inline |)${name}\\b( \\{|\\(|:)`, "m").test(source);
}

function declares(file: string, name: string): boolean {
  if (!file.startsWith("lib/") || !existsSync(join(ROOT, file))) return false;
  const declared = `\\b(?:function\\*?|const|class|interface|type) ${name}\\b`;
  const method = `^ {2}(?:async )?${name}\\(`;
  return new RegExp(`${declared}|${method}`, "m").test(textOf(file));
}

function definesOf({ variants, weaknesses, mutants }: Model): string[] {
  const defines = [
    ...variants.flat(),
    ...weaknesses.flatMap((weakness) => weakness.defines),
    ...mutants.flatMap((mutant) => mutant.with ?? []),
  ];
  return defines.map((define) => define.split("=")[0] ?? "");
}

function allIn(text: string, pattern: RegExp): string[] {
  return sorted(new Set([...text.matchAll(pattern)].map(([, name]) => name ?? "")));
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

// What verifiers made by spin 6.5.2 have printed, shortened.
const CLEAN = `
(Spin Version 6.5.2 -- 6 December 2019)
	+ Partial Order Reduction

Full statespace search for:
	never claim         	- (none specified)
	assertion violations	+
	cycle checks       	- (disabled by -DSAFETY)
	invalid end states	+

State-vector 76 byte, depth reached 139, errors: 0
   618786 states, stored
  1298926 states, matched
  1917712 transitions (= stored+matched)
  3817774 atomic steps
hash conflicts:     60466 (resolved)
`;
const VIOLATED = `pan:1: assertion violated NOT_LOST (at depth 25)
pan: wrote claim.pml.trail

(Spin Version 6.5.2 -- 6 December 2019)
Warning: Search not completed
	+ Partial Order Reduction

State-vector 76 byte, depth reached 25, errors: 1
       18 states, stored
        0 states, matched
`;
const CUT_SHORT = `error: max search depth too small

(Spin Version 6.5.2 -- 6 December 2019)
	+ Partial Order Reduction

State-vector 76 byte, depth reached 59, errors: 0
   308477 states, stored
   766880 states, matched
`;
