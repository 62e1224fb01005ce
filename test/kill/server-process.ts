// The local server as a process of its own, to be killed.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProgramOptions, startProgram } from "../program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface ServerOptions extends Pick<ProgramOptions, "logFile" | "onProcess"> {
  readonly files: readonly string[];
  readonly dataFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerProcess {
  readonly url: string;
  /** kill -9; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** Resolves when the process is gone, with what it ended with. */
  readonly ended: Promise<string>;
}

/** Starts `perdure dev` and resolves at its ready line. @throws with its output when it ends before that */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const { files, dataFile, env, ...others } = options;
  const command = ["--conditions=perdure-source", join(ROOT, "bin/perdure.ts"), "dev", ...files];
  const program = await startProgram({
    ...others,
    command: process.execPath,
    args: [...command, "--port", "0", "--data", dataFile],
    cwd: ROOT,
    env: { ...process.env, ...env },
    ready: /Perdure is ready at (\S+)/,
  });
  return { url: program.said[1] ?? "", kill: program.kill, ended: program.ended };
}
