// Python packages of the emulator and of the fuzzer, installed once into a virtual environment that is named by what is asked for, so that
// a changed pin gets a new one and an install that was interrupted is never taken for a whole one.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "./folders.ts";
import { run } from "./shell.ts";

const REQUIREMENTS = path.join(import.meta.dirname, "requirements.txt");
const LEAST_PYTHON = [3, 10] as const;

/**
 * Path of a program of the virtual environment.
 *
 * @param requirements path of the list of packages, @default the emulator's
 * @throws Error when it cannot be installed
 */
export async function pythonProgram(name: string, requirements = REQUIREMENTS): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const whole = path.join(cacheFolder(), `python-${hash}`);
  // Programs of a virtual environment name their interpreter by its path, so it is made where it stays. The mark is last.
  const mark = path.join(whole, "installed");
  if (!existsSync(mark)) await install(whole, mark, requirements);
  return path.join(whole, "bin", name);
}

async function install(folder: string, mark: string, requirements: string): Promise<void> {
  const python = await findPython();
  rmSync(folder, { recursive: true, force: true });
  await run(python, ["-m", "venv", folder]);
  const pip = path.join(folder, "bin", "pip");
  await run(pip, ["install", "--disable-pip-version-check", "--no-input", "--requirement", requirements]);
  writeFileSync(mark, "");
}

async function findPython(): Promise<string> {
  for (const python of ["python3", "python"]) {
    const version = await run(python, ["-c", "import sys; print(*sys.version_info[:2])"]).catch(() => "");
    const [major = 0, minor = 0] = version.trim().split(" ").map(Number);
    if (major === LEAST_PYTHON[0] && minor >= LEAST_PYTHON[1]) return python;
  }
  throw new Error(`there is no Python ${LEAST_PYTHON.join(".")} or newer`);
}
