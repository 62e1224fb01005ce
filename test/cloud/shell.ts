// Programs that the cloud suite runs. Their output is kept and shown only when they fail.
import { type SpawnOptions, spawn } from "node:child_process";

/** How much of a failed program's output is shown: the end says why. */
const SHOWN_CHARS = 8_000;

/** Whatever the suite runs takes seconds; what takes this long hangs. */
const TIMEOUT_MS = 180_000;

/** Output of a program that ended well. @throws Error with the end of its output */
export async function run(
  command: string,
  args: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env"> = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  child.on("error", reject);
  child.on("close", (code, signal) => {
    if (code === 0) resolve(output);
    else
      reject(
        new Error(
          `${command} ${args.join(" ")} ended with ${code ?? signal}:\n${output.slice(-SHOWN_CHARS)}`,
        ),
      );
  });
  return await promise;
}
