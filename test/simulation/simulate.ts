// `npm run simulate -- --seeds N [--seed S] [--json] [--trace]`: tries N seeds from S on. Ends with 1 when an invariant
// was violated, when a seed gave two traces, or when a kind of fault never happened in very many seeds.
import { parseArgs } from "node:util";
import { play } from "./play.ts";
import { drawProgram } from "./program.ts";
import { Report, writeFailure, writeReport } from "./report.ts";
import { tryout } from "./trial.ts";

const DEFAULT_SEEDS = 1_000;
const MAX_FAILURES = 20;

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});
const seeds = countOf("seeds", values.seeds ?? String(DEFAULT_SEEDS));
const first = countOf("seed", values.seed ?? String(Math.floor(Date.now() / 1_000)));
const print = (line: string) => process.stdout.write(`${line}\n`);
const startedAt = performance.now();
const report = new Report();
let underWay = first;
let end = first + seeds;
// Who is stopped tells what it has found so far.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    end = underWay;
  });
}
process.on("unhandledRejection", (error) => {
  print(`seed ${underWay}: nobody handles ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(1);
});

if (!values.json) print(`seeds ${first} to ${first + seeds - 1}`);
for (underWay = first; underWay < end && report.failures.length < MAX_FAILURES; underWay += 1) {
  const trial = await tryout(underWay);
  const failure = report.add(trial);
  if (failure === undefined) continue;
  if (!values.json) print(writeFailure(failure));
  if (!values.trace) continue;
  const schedule = trial.shortest ?? [];
  const { lines } = await play(drawProgram(underWay), { schedule, doesKeepTrace: true });
  for (const line of lines) print(line);
}
const seconds = (performance.now() - startedAt) / 1_000;
print(
  values.json
    ? JSON.stringify({ first, ...report.toJSON(), seedsPerSecond: report.seeds / seconds })
    : writeReport(report, seconds),
);
process.exitCode = report.hasFailed ? 1 : 0;

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  process.stderr.write(`--${option} is "${text}"; it must be a whole number.\n`);
  return process.exit(2);
}
