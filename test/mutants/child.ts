// A child process that gets a mutant by its environment, and what it said.
import { spawn } from "node:child_process";
import { MUTANT_VARIABLE, ROOT } from "./patch.ts";

/** A bound for a mutant that never ends; not a measure of speed. */
const MAX_MS = 5 * 60_000;

export interface Said {
  /** Nothing when it was stopped because it did not end. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs node from the root of the repository, with the mutant of this name or, without a name, with none. */
export async function runNode(args: readonly string[], mutant: string | undefined): Promise<Said> {
  const env = { ...process.env, [MUTANT_VARIABLE]: mutant ?? "", NO_COLOR: "1" };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
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
    child.kill("SIGKILL");
  }, MAX_MS);
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code: isStopped || code === null ? undefined : code, ...said });
    });
  });
}
