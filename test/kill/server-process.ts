// The local server as a process of its own, to be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface ServerProcess {
  readonly url: string;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts `perdure dev` and resolves at its ready line. @throws with its output when it ends before that */
export async function startServerProcess(options: {
  readonly files: readonly string[];
  readonly dataFile: string;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<ServerProcess> {
  const args = ["--conditions=perdure-source", join(ROOT, "bin/perdure.ts"), "dev", ...options.files];
  const child = spawn(process.execPath, [...args, "--port", "0", "--data", options.dataFile], {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  child.once("exit", () => process.off("exit", killWithUs));
  return { url: await readyUrl(child), kill: async () => await killed(child) };
}

async function readyUrl(child: ChildProcess): Promise<string> {
  let output = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onData = (data: Buffer) => {
    output += data.toString();
    const ready = /Perdure is ready at (\S+)/.exec(output)?.[1];
    if (ready !== undefined) resolve(ready);
  };
  child.stdout?.on("data", onData);
  child.stderr?.on("data", onData);
  child.once("exit", (code) =>
    reject(new Error(`the server ended with ${code} before it was ready:\n${output}`)),
  );
  return await promise;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
