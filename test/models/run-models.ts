// `npm run models -- [--json] [--markdown]`: verifies every model and sees that every mutant is caught. Ends with 1 when
// a model has an error or too few states, or a mutant survives; with 2 when it cannot be run at all.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MODELS, type Model } from "./models.ts";
import { missingTools, type Verification, verify } from "./spin.ts";

const MAX_AT_ONCE = 2;

interface Result extends Verification {
  readonly model: string;
  readonly mutants: number;
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

const startedAt = performance.now();
const verifyNext = limited(MAX_AT_ONCE);
const results = await Promise.all(MODELS.map(check));
const seconds = (performance.now() - startedAt) / 1_000;
const hasFailed = results.some(({ faults }) => faults.length > 0);
if (values.json) print(JSON.stringify({ seconds, models: results }));
else if (values.markdown) printTable();
else print(`${hasFailed ? "failed" : "verified"} in ${seconds.toFixed(0)} s`);
process.exitCode = hasFailed ? 1 : 0;

async function check(model: Model): Promise<Result> {
  const file = join(import.meta.dirname, `${model.name}.pml`);
  const [verification, ...mutated] = await Promise.all([
    verifyNext(file, []),
    ...model.mutants.map(async ({ name }) => ({ name, ...(await verifyNext(file, [`MUTANT_${name}`])) })),
  ]);
  const caught: Record<string, string> = {};
  const faults = faultsOf(model, verification);
  for (const { name, violated } of mutated) {
    if (violated !== undefined && model.invariants.includes(violated)) caught[name] = violated;
    else faults.push(`mutant ${name} survives${violated === undefined ? "" : `: ${violated}`}`);
  }
  const result = { model: model.name, ...verification, mutants: mutated.length, caught, faults };
  if (!values.json && !values.markdown) printResult(result);
  return result;
}

function faultsOf({ leastStates }: Model, verification: Verification): string[] {
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
    "| model | states | depth | seconds | mutants caught | errors |\n| --- | ---: | ---: | ---: | ---: | --- |",
  );
  for (const { model, states, depth, caught, mutants, faults, ...result } of results) {
    const count = `${Object.keys(caught).length} of ${mutants}`;
    print(
      `| ${model} | ${states} | ${depth} | ${result.seconds.toFixed(1)} | ${count} | ${faults.join("; ") || "none"} |`,
    );
  }
}

/** `verify`, of which no more than so many run at a time. */
function limited(atOnce: number): typeof verify {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve());
  let next = 0;
  return async (file, defines) => {
    const lane = next++ % atOnce;
    const verification = (lanes[lane] ?? Promise.resolve()).then(() => verify(file, defines));
    lanes[lane] = verification.catch(() => {});
    return await verification;
  };
}
