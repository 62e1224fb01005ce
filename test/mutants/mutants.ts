// `npm run mutants -- [--only name]… [--seeds N] [--json] [--write] [--check]`: plants each bug of the catalogue in turn
// and sees that something catches it. First everything must pass without a bug, or a failure would prove nothing.
//
//   --only    mutants whose name has this in it; may be given many times
//   --write   writes the table in docs/design/proof.md; the rows of mutants that were not run stay as they are
//   --check   runs nothing; tells whether the table has the mutants of the catalogue
//
// Ends with 1 when a mutant survives or the table is out of date, with 2 when the suite fails without one.
import { parseArgs } from "node:util";
import { CATALOGUE } from "./catalogue.ts";
import { MAX_AREA_MS } from "./child.ts";
import { type Catch, hunt } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";
import { DEFAULT_SEEDS, runSimulator } from "./run-simulator.ts";
import { runTests } from "./run-tests.ts";
import { namesInTable, writeTable } from "./table.ts";

const PROCESSES = 2;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [""] },
    seeds: { type: "string", default: String(DEFAULT_SEEDS) },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(seeds) || seeds < 1)
  fail(`--seeds is "${values.seeds}"; it must be a whole number.`);
const print = (line: string) => process.stdout.write(`${line}\n`);

if (values.check) {
  const [known, shown] = [CATALOGUE.map(({ name }) => name), namesInTable()];
  const isCurrent = known.length === shown.length && known.every((name, i) => shown[i] === name);
  print(isCurrent ? `the table has all ${known.length} mutants` : "the table is out of date: run --write");
  process.exit(isCurrent ? 0 : 1);
}

for (const part of values.only)
  if (!CATALOGUE.some(({ name }) => name.includes(part)))
    fail(`there is no mutant with "${part}" in its name.`);
const chosen = CATALOGUE.filter(({ name }) => values.only.some((part) => name.includes(part)));
const startedAt = performance.now();
await passWithoutMutant(chosen);

const caught = new Map<Mutant, Catch>();
const waiting = chosen.values();
await Promise.all(
  Array.from({ length: PROCESSES }, async () => {
    for (const mutant of waiting) {
      const result = await hunt(mutant, seeds);
      caught.set(mutant, result);
      if (!values.json) print(lineOf(result));
    }
  }),
);
const catches = chosen.flatMap((mutant) => caught.get(mutant) ?? []);
const survivors = catches.filter(({ by }) => by === "nothing");
if (values.json) {
  const shown = catches.map(({ mutant, ...rest }) => ({ name: mutant.name, ...rest }));
  print(JSON.stringify({ seeds, mutants: shown, survivors: survivors.length }));
} else {
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  print(`${catches.length} mutants, ${survivors.length} survive, ${seconds} seconds`);
}
if (values.write) writeTable(catches);
process.exitCode = survivors.length === 0 ? 0 : 1;

/** What fails without a mutant would pass for catching every one. */
async function passWithoutMutant(mutants: readonly Mutant[]): Promise<void> {
  const files = [...new Set(mutants.flatMap(({ noticedIn = [] }) => noticedIn))];
  const [simulated, failed] = await Promise.all([
    runSimulator(undefined, seeds),
    runTests(undefined, files, MAX_AREA_MS),
  ]);
  if (simulated.violation !== undefined) fail(`without a mutant the simulator says: ${simulated.violation}`);
  if (failed !== undefined) fail(`without a mutant a test fails: ${failed.file}: ${failed.title}`);
}

function lineOf({ mutant, by, what, seeds: tried }: Catch): string {
  if (by === "simulator") return `caught    ${mutant.name}: seed ${tried} says ${what}`;
  if (by === "test") return `caught    ${mutant.name}: ${what}`;
  return `SURVIVES  ${mutant.name}: ${what}`;
}

function fail(what: string): never {
  process.stderr.write(`${what}\n`);
  return process.exit(2);
}
