// Runs one verification: spin writes a verifier in C, gcc compiles it, and the verifier walks through every reachable
// state. Builds in a folder of its own outside the repository and removes it. Knows nothing of what the models mean.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Longest path the verifier follows; a longer one makes the search incomplete, which counts as a failure. */
const MAX_DEPTH = 100_000;
/** Hash table of 2^22 slots: as many as the largest model has states, in sixteen bytes each. */
const HASH_BITS = 22;
const MAX_MEMORY_MB = 4_096;
const MAX_VERIFIER_MS = 5 * 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface Verification {
  readonly states: number;
  readonly depth: number;
  readonly seconds: number;
  readonly errors: number;
  /** The invariant that does not hold, or the verifier's own words for what is wrong. */
  readonly violated?: string;
  /** False when a bound of the search was met: then nothing is proved. */
  readonly isExhaustive: boolean;
}

/** What spin calls itself, with its version. */
export async function spinVersion(): Promise<string> {
  return (await run("spin", ["-V"])).stdout.trim();
}

/** The programs that are not there, with the command that installs them on Debian. */
export async function missingTools(): Promise<string | undefined> {
  const missing: string[] = [];
  for (const [tool, option] of [
    ["spin", "-V"],
    ["gcc", "--version"],
  ] as const) {
    await run(tool, [option]).catch(() => missing.push(tool));
  }
  if (missing.length === 0) return undefined;
  const commands = `test/models/install-tools.sh, or apt-get install -y ${missing.join(" ")}`;
  return `The models need ${missing.join(" and ")}, not installed here. On Debian or Ubuntu: ${commands}`;
}

/**
 * `compile` is what gcc is told. Most of a mutant's time is its compilation, because its search ends at the first error.
 *
 * @throws when the model cannot be translated or compiled, with what spin or gcc said
 */
export async function verify(
  file: string,
  defines: readonly string[],
  compile: "to run fast" | "fast",
): Promise<Verification> {
  const folder = await mkdtemp(join(tmpdir(), "perdure-model-"));
  try {
    await run("spin", ["-a", ...defines.map((name) => `-D${name}`), file], { cwd: folder });
    // Safety only: what must not be lost is asserted where nothing moves any more.
    const optimization = compile === "fast" ? "-O0" : "-O1";
    const options = [optimization, "-w", "-DSAFETY", `-DMEMLIM=${MAX_MEMORY_MB}`];
    await run("gcc", [...options, "-o", "pan", "pan.c"], { cwd: folder });
    const startedAt = performance.now();
    const output = await runVerifier(folder);
    return { ...readOutput(output), seconds: (performance.now() - startedAt) / 1_000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runVerifier(folder: string): Promise<string> {
  const options = { cwd: folder, timeout: MAX_VERIFIER_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const { stdout } = await run("./pan", [`-m${MAX_DEPTH}`, `-w${HASH_BITS}`], options);
  return stdout;
}

/** Of the verifier's report, what counts. */
export function readOutput(output: string): Omit<Verification, "seconds"> {
  const numberIn = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const states = numberIn(/([\d.e+]+) states, stored/);
  const errors = numberIn(/errors: (\d+)/);
  const violated = /^pan:\d+: (?:assertion violated )?(.+?)(?: \(at depth \d+\))?$/m.exec(output)?.[1];
  const wasCutShort = /max search depth too small|out of memory|Search not completed/.test(output);
  return {
    states,
    depth: numberIn(/depth reached (\d+)/),
    errors,
    ...(violated === undefined ? {} : { violated }),
    isExhaustive: Number.isFinite(states) && errors === 0 && !wasCutShort,
  };
}
