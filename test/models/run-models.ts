// `npm run models -- [--json] [--markdown]`: verifies every model, sees that every mutant is caught, and that what is
// known to be weak still is. Ends with 1 when a model has an error or too few states, when a mutant survives or a weakness
// is gone; with 2 when it cannot be run at all.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MODELS, type Model } from "./models.ts";
import { missingTools, spinVersion, type Verification, verify } from "./spin.ts";

const MAX_AT_ONCE = 2;

interface Result extends Verification {
  readonly model: string;
  readonly mutants: number;
  readonly weaknesses: number;
  /** Names of mutants, each with the invariant that gave it away. */
  readonly caught: Readonly<Record<string, string>>;
  readonly faults: readonly string[];
}

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, markdown: { type: "boolean", default: false } },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const missing = await missingTools();
if (missing !== undefined) {
  process.stderr.write(`${missing}\n`);
  process.exit(2);
}

const spin = await spinVersion();
if (!values.json) print(values.markdown ? `${spin}:\n` : spin);
const startedAt = performance.now();
const verifyNext = limited(MAX_AT_ONCE);
const results = await Promise.all(MODELS.map(check));
const seconds = (performance.now() - startedAt) / 1_000;
const hasFailed = results.some(({ faults }) => faults.length > 0);
if (values.json) print(JSON.stringify({ spin, seconds, models: results }));
else if (values.markdown) printTable();
else print(`${hasFailed ? "failed" : "verified"} in ${seconds.toFixed(0)} s`);
process.exitCode = hasFailed ? 1 : 0;

async function check(model: Model): Promise<Result> {
  const file = join(import.meta.dirname, `${model.name}.pml`);
  const [verification, variants, weaknesses, mutated] = await Promise.all([
    verifyNext(file, [], "to run fast"),
    Promise.all(model.variants.map((defines) => verifyNext(file, defines, "fast"))),
    Promise.all(model.weaknesses.map(({ defines }) => verifyNext(file, defines, "fast"))),
    Promise.all(
      model.mutants.map(({ name, with: also = [] }) => verifyNext(file, [`MUTANT_${name}`, ...also], "fast")),
    ),
  ]);
  const faults = faultsOf(model, verification);
  for (const [i, variant] of variants.entries()) {
    for (const fault of faultsOf({ leastStates: 0 }, variant)) faults.push(`${model.variants[i]}: ${fault}`);
  }
  for (const [i, { violated }] of weaknesses.entries()) {
    const known = model.weaknesses[i];
    if (known !== undefined && violated !== known.violates)
      faults.push(`no longer so, take it from models.ts and README.md: ${known.what}`);
  }
  const caught: Record<string, string> = {};
  for (const [i, { violated }] of mutated.entries()) {
    const name = model.mutants[i]?.name ?? "";
    if (violated !== undefined && model.invariants.includes(violated)) caught[name] = violated;
    else faults.push(`mutant ${name} survives${violated === undefined ? "" : `: ${violated}`}`);
  }
  const counts = { mutants: mutated.length, weaknesses: weaknesses.length };
  const result = { model: model.name, ...verification, ...counts, caught, faults };
  if (!values.json && !values.markdown) printResult(result);
  return result;
}

function faultsOf({ leastStates }: Pick<Model, "leastStates">, verification: Verification): string[] {
  const { errors, violated, isExhaustive, states } = verification;
  if (errors > 0 || violated !== undefined) return [`violated: ${violated ?? "unknown"}`];
  if (!isExhaustive) return ["the search met a bound"];
  return states < leastStates ? [`${states} states, fewer than ${leastStates}`] : [];
}

function printResult(result: Result): void {
  const { model, states, depth, caught, mutants, faults } = result;
  const size = `${String(states).padStart(9)} states, depth ${depth}, ${result.seconds.toFixed(1)} s`;
  print(`${model.padEnd(9)}${size}, ${Object.keys(caught).length} of ${mutants} mutants caught`);
  for (const fault of faults) print(`  ${fault}`);
}

function printTable(): void {
  print(
    "| model | states | depth | seconds | mutants caught | known weaknesses | errors |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |",
  );
  for (const { model, states, depth, caught, mutants, weaknesses, faults, ...result } of results) {
    const counts = `${Object.keys(caught).length} of ${mutants} | ${weaknesses}`;
    print(
      `| ${model} | ${states} | ${depth} | ${result.seconds.toFixed(1)} | ${counts} | ${faults.join("; ") || "none"} |`,
    );
  }
}

/** `verify`, of which no more than so many run at a time, first come first served. */
function limited(atOnce: number): typeof verify {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (...request) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await verify(...request);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
