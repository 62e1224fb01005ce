// A child process that gets a mutant by its environment, and what it said.
import { type ChildProcess, spawn } from "node:child_process";
import { MUTANT_VARIABLE, ROOT } from "./patch.ts";

/** A bound for a mutant that never ends; not a measure of speed. */
export const MAX_MS = 5 * 60_000;
/** A bound for all tests of an area, one after the other. */
export const MAX_AREA_MS = 30 * 60_000;

/** Who ends takes with it what he has started. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach(stop));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

export interface Said {
  /** Nothing when it was stopped because it did not end. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** With its whole process group. */
function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Runs node from the root of the repository, with the mutant of this name or, without a name, with none. */
export async function runNode(
  args: readonly string[],
  mutant: string | undefined,
  maxMs: number = MAX_MS,
): Promise<Said> {
  const env = { ...process.env, [MUTANT_VARIABLE]: mutant ?? "", NO_COLOR: "1" };
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own.
    detached: true,
  });
  running.add(child);
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  let isStopped = false;
  const timer = setTimeout(() => {
    isStopped = true;
    stop(child);
  }, maxMs);
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: isStopped || code === null ? undefined : code, ...said });
    });
  });
}
