// `npm run simulate -- --seeds N [--seed S] [--jobs J] [--json] [--trace]`: tries N seeds from S on, in J processes.
// Ends with 1 when an invariant was violated, when a seed gave two traces, or when a kind of fault or a state that
// should come up now and then never did in very many seeds.
import { parseArgs } from "node:util";
import { tryAll } from "./jobs.ts";
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
    jobs: { type: "string" },
    json: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});
const seeds = countOf("seeds", values.seeds ?? String(DEFAULT_SEEDS));
const first = countOf("seed", values.seed ?? String(Math.floor(Date.now() / 1_000)));
const jobs = Math.max(1, countOf("jobs", values.jobs ?? "1"));
const print = (line: string) => process.stdout.write(`${line}\n`);
const startedAt = performance.now();
const report = new Report();
let end = first + seeds;
// Who is stopped tells what it has found so far.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    end = first;
  });
}
process.on("unhandledRejection", (error) => {
  print(
    `seed ${first + report.seeds}: nobody handles ${error instanceof Error ? error.stack : String(error)}`,
  );
  process.exit(1);
});

if (!values.json) print(`seeds ${first} to ${first + seeds - 1}`);
await tryAll({
  first,
  end: () => (report.failures.length < MAX_FAILURES ? end : first),
  jobs,
  onTally: (tally) => {
    const failure = report.add(tally);
    if (failure !== undefined && !values.json) print(writeFailure(failure));
  },
});
if (values.trace) for (const { seed } of report.failures) await printTrace(seed);
const seconds = (performance.now() - startedAt) / 1_000;
print(
  values.json
    ? JSON.stringify({ first, ...report.toJSON(), seedsPerSecond: report.seeds / seconds })
    : writeReport(report, seconds),
);
process.exitCode = report.hasFailed ? 1 : 0;

/** What happened under the shortest schedule that fails. */
async function printTrace(seed: number): Promise<void> {
  const { shortest = [] } = await tryout(seed);
  const { lines } = await play(drawProgram(seed), { schedule: shortest, doesKeepTrace: true });
  for (const line of lines) print(line);
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  process.stderr.write(`--${option} is "${text}"; it must be a whole number.\n`);
  return process.exit(2);
}
