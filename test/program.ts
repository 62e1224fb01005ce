// A program in a process of its own, to be killed. It is started when it has said that it is ready, its output is kept,
// and it never outlives the process that started it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** In its output: from here on it works. The groups are what it has to say. */
  readonly ready: RegExp;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** File that its output is added to. @default - kept until it is ready */
  readonly logFile?: string;
  /** Called with the process id as soon as there is one, and again when it has ended. */
  readonly onProcess?: (pid: number, isAlive: boolean) => void;
}

export interface Program {
  /** What `ready` has found. */
  readonly said: RegExpExecArray;
  /** kill -9; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** Resolves when the process is gone, with what it ended with. */
  readonly ended: Promise<string>;
}

/** Resolves when the program is ready. @throws with its output when it ends before that */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { command, args, cwd, env, onProcess } = options;
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const ended = endOf(child).finally(() => process.off("exit", killWithUs));
  const { pid } = child;
  if (pid !== undefined) {
    onProcess?.(pid, true);
    void ended.then(() => onProcess?.(pid, false));
  }
  const said = await readiness(child, options, ended);
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { said, kill, ended };
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, "exit");
    return String(code ?? signal);
  } catch (error) {
    return String(error);
  }
}

async function readiness(
  child: ChildProcess,
  { command, ready, logFile }: ProgramOptions,
  ended: Promise<string>,
): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: "a" });
  let output = "";
  let isReady = false;
  const hear = (data: Buffer) => {
    log?.write(data);
    if (isReady) return;
    output += data.toString();
    const said = ready.exec(output);
    if (said === null) return;
    isReady = true;
    resolve(said);
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  child.once("close", () => log?.end());
  void ended.then((end) => reject(new Error(`${command} ended with ${end} before it was ready:\n${output}`)));
  return await promise;
}
