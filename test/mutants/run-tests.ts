// Asks the tests whether they notice a mutant: vitest over some files, until the first failure.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { MAX_MS, runNode } from "./child.ts";
import { ROOT } from "./patch.ts";

/** Title of what fails because it goes on for ever. */
export const ENDLESS = "does not end";

export interface FailedTest {
  readonly file: string;
  readonly title: string;
}

interface JsonReport {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The first test that fails, or does not end; nothing when all pass. @throws when vitest ends without a report */
export async function runTests(
  mutant: string | undefined,
  files: readonly string[],
  maxMs: number = MAX_MS,
): Promise<FailedTest | undefined> {
  if (files.length === 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "perdure-mutants-"));
  const outputFile = join(folder, "report.json");
  try {
    const { code, stdout, stderr } = await runNode(
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        "--project=unit",
        "--bail=1",
        "--maxWorkers=1",
        "--reporter=json",
        "--fsModuleCache=false",
        `--outputFile=${outputFile}`,
        ...files,
      ],
      mutant,
      maxMs,
    );
    // Without the mutant they do: a run that goes on for ever is a way to be noticed.
    if (code === undefined) return { file: files.join(", "), title: ENDLESS };
    const report = readReport(outputFile, `${stdout}\n${stderr}`);
    const failed = firstFailed(report);
    if (report.numTotalTests === 0 && failed === undefined)
      throw new Error(`there are no tests in ${files.join(", ")}`);
    if (code !== 0 && failed === undefined)
      return { file: files.join(", "), title: "an error that nobody handles" };
    return failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path: string, said: string): JsonReport {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as JsonReport;
  } catch {
    throw new Error(`vitest has left no report: ${said.slice(-2_000)}`);
  }
}

/** A file without a failed test says least: it may only have been cut off when a test of another file had failed. */
function firstFailed({ testResults }: JsonReport): FailedTest | undefined {
  const fileOf = (name: string) => relative(ROOT, name).replaceAll("\\", "/");
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find((result) => result.status === "failed");
    if (failed !== undefined) return { file: fileOf(name), title: failed.fullName };
  }
  const broken = testResults.find(({ status }) => status === "failed");
  if (broken === undefined) return undefined;
  return { file: fileOf(broken.name), title: broken.message.split("\n")[0] || "the file cannot be loaded" };
}
