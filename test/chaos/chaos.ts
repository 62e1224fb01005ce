// `npm run chaos -- [--store dynamodb|sqlite|both] [--runs N] [--seed S] [--scenario NAME] [--json]`: N runs of each
// scenario while real processes are killed with -9 and the database comes and goes. Ends with 1 when anything was lost,
// wrong or done again after it was recorded; then the data folder stays. A seed decides what is killed when and what
// each run is; what it meets is up to the machine.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openAwsPlace } from "./aws-place.ts";
import { Effects } from "./effects.ts";
import { perform } from "./experiment.ts";
import type { Place, PlaceOptions } from "./place.ts";
import { startReaper } from "./reaper.ts";
import { type Report, writeReport } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openSqlitePlace } from "./sqlite-place.ts";

/** Of each scenario. */
const DEFAULT_RUNS = 85;
const TELL_EVERY_MS = 10_000;
/** In memory where there is such a place: kill -9 takes nothing from a file, so a disk would only add waiting. */
const FOLDERS = ["/dev/shm", tmpdir()].filter((folder) => existsSync(folder));
const PLACES = { dynamodb: openAwsPlace, sqlite: openSqlitePlace } as const;
type StoreName = keyof typeof PLACES;

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "both" },
    runs: { type: "string", default: String(DEFAULT_RUNS) },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1_000)) },
    scenario: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOf("runs", values.runs);
const seed = countOf("seed", values.seed);
const scenarios = values.scenario === undefined ? SCENARIOS : [oneOf("scenario", values.scenario, SCENARIOS)];
const stores: readonly StoreName[] =
  values.store === "both" ? ["dynamodb", "sqlite"] : [oneOf("store", values.store, ["dynamodb", "sqlite"])];

const watch = startReaper();
const print = (line: string) => process.stdout.write(`${line}\n`);
let place: Place | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // Whatever was started is killed at exit.
  process.once(signal, () => process.exit(1));
}

for (const store of stores) {
  const { report, folder } = await experimentIn(store);
  print(values.json ? JSON.stringify(report) : writeReport(report));
  if (report.violations.length === 0) continue;
  process.exitCode = 1;
  print(`the data is in ${folder}`);
  print(`again: npm run chaos -- --store ${store} --runs ${runs} --seed ${seed}`);
}
process.exit();

async function experimentIn(store: StoreName): Promise<{ report: Report; folder: string }> {
  const folder = mkdtempSync(path.join(FOLDERS[0] ?? ".", `perdure-chaos-${store}-`));
  const removeAtExit = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once("exit", removeAtExit);
  const effects = new Effects(path.join(folder, "effects"));
  const diedAt = new Map<string, number>();
  const violations: string[] = [];
  const options: PlaceOptions = {
    folder,
    effectsFile: effects.path,
    diedAt,
    complain: (what) => violations.push(what),
    watch,
  };
  place = await PLACES[store](options);
  const onProgress = teller(store);
  const common = { store, seed, scenarios, runs, place, effects, diedAt, violations, onProgress };
  const report = await perform(common);
  await place.stop();
  process.off("exit", removeAtExit);
  if (violations.length === 0) removeAtExit();
  return { report, folder };
}

/** A line now and then, for whoever watches. */
function teller(store: StoreName): (closed: number, started: number) => void {
  let toldAt = performance.now();
  return (closed, started) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    process.stderr.write(`${store}: ${started} started, ${closed} closed\n`);
  };
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  return refuse(option, text, "a whole number");
}

function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  return names.find((name) => name === text) ?? refuse(option, text, names.join(" or "));
}

function refuse(option: string, text: string, allowed: string): never {
  process.stderr.write(`--${option} is "${text}"; it must be ${allowed}.\n`);
  return process.exit(2);
}
