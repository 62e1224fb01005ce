// An AWS to deploy to. In this order: the endpoint that AWS_ENDPOINT_URL names, ministack (Python, no Docker), a
// LocalStack container, or nothing and the reason why. Whatever is started listens on the loopback only and is stopped.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "../free-port.ts";
import { cacheFolder } from "./folders.ts";
import { pythonProgram } from "./python.ts";
import { run } from "./shell.ts";
import { until } from "./until.ts";

export interface Emulator {
  readonly kind: "emulator";
  readonly name: string;
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface NoEmulator {
  readonly kind: "none";
  readonly reason: string;
}

/** Open version without an account; the suite needs no more. */
const LOCALSTACK_IMAGE = "localstack/localstack:4.9";
/** Part of the addresses ministack hands out. Not 127.0.0.1: `id.execute-api.127.0.0.1` is no host to a URL parser. */
const MINISTACK_HOST = "localhost";
const START_WITHIN_MS = 60_000;
/** Answers of an emulator that is still starting are not waited for. */
const PROBE_TIMEOUT_MS = 1_000;
/** Ends the program when its own input ends: also when the process that holds the other end was killed. */
const RUN_UNTIL_ORPHANED = [
  '"$0" & server=$!',
  "cat > /dev/null",
  "kill $server",
  "(sleep 10; kill -9 $server) > /dev/null 2>&1 & killer=$!",
  "wait $server",
  "kill $killer",
].join("\n");

/** @throws Error when REQUIRE_CLOUD is 1 and there is none */
export async function startEmulator(): Promise<Emulator | NoEmulator> {
  const endpoint = process.env["AWS_ENDPOINT_URL"];
  if (endpoint) {
    await untilReady(endpoint, `AWS_ENDPOINT_URL, ${endpoint}`);
    return { kind: "emulator", name: endpoint, endpoint, stop: async () => {} };
  }
  const reasons: string[] = [];
  for (const start of [startMinistack, startLocalStack]) {
    try {
      return await start();
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const reason = `No AWS emulator: ${reasons.join("; ")}`;
  if (process.env["REQUIRE_CLOUD"] === "1") throw new Error(reason);
  return { kind: "none", reason };
}

async function startMinistack(): Promise<Emulator> {
  const program = await pythonProgram("ministack");
  const port = await freePort();
  const endpoint = `http://${MINISTACK_HOST}:${port}`;
  // Functions are unpacked here: away from the repository, whose package.json and node_modules are not theirs.
  const temporary = mkdtempSync(path.join(tmpdir(), "perdure-cloud-"));
  const logFile = path.join(cacheFolder("logs"), `ministack-${port}.log`);
  // Its functions inherit its environment: they must find it, and nothing of ours.
  const { AWS_PROFILE: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const child = spawn("sh", ["-c", RUN_UNTIL_ORPHANED, program], {
    env: {
      ...inherited,
      BIND_HOST: "127.0.0.1",
      MINISTACK_HOST,
      AWS_ENDPOINT_URL: endpoint,
      GATEWAY_PORT: String(port),
      TMPDIR: temporary,
      LOG_LEVEL: "WARNING",
      // Functions run on the `node` it finds first: the one that runs this.
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"]}`,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const stop = async () => {
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.stdin.end();
    if (child.exitCode === null) await closed;
    rmSync(temporary, { recursive: true, force: true });
  };
  try {
    await untilReady(endpoint, `ministack, whose log is ${logFile}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kind: "emulator", name: "ministack", endpoint, stop };
}

async function startLocalStack(): Promise<Emulator> {
  await run("docker", ["version"]).catch(() => {
    throw new Error("no Docker engine answers");
  });
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const name = `perdure-cloud-${port}`;
  // The socket lets it run functions in containers of their own.
  const socket = "/var/run/docker.sock";
  const publish = `127.0.0.1:${port}:4566`;
  const options = [
    "--detach",
    "--rm",
    "--name",
    name,
    "--publish",
    publish,
    "--volume",
    `${socket}:${socket}`,
  ];
  await run("docker", ["run", ...options, LOCALSTACK_IMAGE]);
  const stop = async () => {
    await run("docker", ["stop", name]);
  };
  try {
    await untilReady(endpoint, `LocalStack, whose container is ${name}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kind: "emulator", name: LOCALSTACK_IMAGE, endpoint, stop };
}

/** Any answer but a server error means that it listens. */
async function untilReady(endpoint: string, what: string): Promise<void> {
  await until({ what, withinMs: START_WITHIN_MS }, async () => {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status < 500;
  });
}
