// A DynamoDB server of one binary, in memory, for the life of a test file. The binary is bound to an operating system, so
// it is optional: where it is missing, the tests that need it are skipped, and say so.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../free-port.ts";

const PACKAGE = `@dynoxide/${process.platform}-${process.arch}`;
/** It is up in 40 ms; a busy machine may need more. */
const MAX_READY_CHECKS = 200;
const READY_CHECK_MS = 50;

export interface Dynoxide {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Path of the binary, or nothing where there is none for this machine. */
export const dynoxideBinary: string | undefined = findBinary();

/** Says why the tests of a file do not run, and answers whether that is so. */
export function skipsWithoutDynoxide(): boolean {
  if (dynoxideBinary !== undefined) return false;
  console.warn(`skipped: ${PACKAGE} is not installed, so there is no DynamoDB server to test against`);
  return true;
}

export async function startDynoxide(): Promise<Dynoxide> {
  if (dynoxideBinary === undefined) throw new Error(`${PACKAGE} is not installed`);
  const port = await freePort();
  const child = spawn(dynoxideBinary, ["serve", "--host", "127.0.0.1", "--port", String(port)], {
    stdio: "ignore",
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const endpoint = `http://127.0.0.1:${port}`;
  await untilReady(endpoint, child);
  return {
    endpoint,
    async stop() {
      process.off("exit", killWithUs);
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

function findBinary(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)), "dynoxide");
  } catch {
    return undefined;
  }
}

async function untilReady(endpoint: string, child: ChildProcess): Promise<void> {
  for (let check = 0; check < MAX_READY_CHECKS; check++) {
    if (child.exitCode !== null) throw new Error(`dynoxide ended at once with code ${child.exitCode}`);
    const response = await fetch(endpoint).catch(() => undefined);
    await response?.text();
    if (response?.ok === true) return;
    await pause(READY_CHECK_MS);
  }
  child.kill("SIGKILL");
  throw new Error(`dynoxide does not answer at ${endpoint}`);
}
