// The local server: the whole of Perdure in one process on one SQLite file. Owns what is started and in which order it
// stops; killed at any moment it loses nothing, because the same engine keeps the same promises on the same protocol.
import { resolve } from "node:path";
import { createApi } from "../api/index.ts";
import { type Engine, LOCAL_SETTINGS, type Registry } from "../engine/index.ts";
import type { Log } from "../ports/log.ts";
import { consoleLog } from "./console-log.ts";
import { lockDataFile } from "./data-file-lock.ts";
import { fireTimers, sweepAgainAndAgain } from "./housekeeping.ts";
import { noteOwnEnd, settleLastEnd } from "./last-end.ts";
import { listen } from "./listen.ts";
import { createLocalPorts, type LocalPorts } from "./local-ports.ts";
import { openDatabase } from "./sqlite/database.ts";
import { SystemClock } from "./system-clock.ts";
import { work } from "./worker.ts";
import { WorkflowFiles } from "./workflow-files.ts";

/** Looks at a file of this machine cost next to nothing. */
const POLL_EVERY_MS = 100;
/** How long a worker waits for a message before it looks whether to stop; a message that comes ends the wait. */
const RECEIVE_WAIT_MS = 250;
/** Activations at the same time, and steps: a long step in one run must not keep the others waiting. */
const CONCURRENCY = 100;
/** How long work under way may go on after a stop; what is cut goes on at the next start. */
const STOP_GRACE_MS = 1_000;

export interface ServerOptions {
  /** Files or patterns of files that export workflows. @default examples/&#42;/workflow.ts */
  readonly workflows?: readonly string[];
  /** 0 takes any that is free. @default 4700 */
  readonly port?: number;
  /** @default ".perdure/perdure.db" */
  readonly dataFile?: string;
  /** Where people reach the server, when that is not this machine: links to approvals begin with it. @default - its own address */
  readonly publicUrl?: string;
  /** Folder that relative paths start from. @default - the working directory */
  readonly folder?: string;
  /** @default - lines on stderr */
  readonly log?: Log;
}

export interface RunningServer {
  /** `http://127.0.0.1:4700` */
  readonly url: string;
  readonly dataFile: string;
  /** As of the last reload. */
  readonly registry: Registry;
  stop(): Promise<void>;
}

/**
 * Starts the server and resolves when it answers.
 *
 * @example
 * const server = await startServer({ workflows: ["src/workflows/*.ts"] });
 * @throws StartError when the data file or the port is taken, or there is no workflow
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { port = 4700, folder = process.cwd(), log = consoleLog() } = options;
  const { workflows = ["examples/*/workflow.ts"] } = options;
  const dataFile = resolve(folder, options.dataFile ?? ".perdure/perdure.db");
  const cleanups: (() => unknown)[] = [];
  const cleanUp = async () => {
    // The last thing started is the first to stop.
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  try {
    // First, because it may fail and leaves nothing behind.
    const files = await WorkflowFiles.open({ patterns: workflows, folder, log });
    cleanups.push(() => files.close());
    const lock = lockDataFile(dataFile);
    cleanups.push(() => lock.release());
    const database = openDatabase(dataFile);
    cleanups.push(() => database.close());

    const clock = new SystemClock();
    const local = createLocalPorts(database, clock, log);
    await settleLastEnd(dataFile, database, local.ports.store.runs);
    const end = noteOwnEnd(dataFile);
    cleanups.push(() => end.forget());
    // Known once the server listens, which it does before anything runs.
    let ownUrl = "";
    const engine: Engine = {
      ports: local.ports,
      settings: LOCAL_SETTINGS,
      get registry() {
        return files.registry;
      },
      get publicUrl() {
        return options.publicUrl?.replace(/\/+$/, "") ?? ownUrl;
      },
    };
    const api = createApi({ engine, stream: true, pollEveryMs: POLL_EVERY_MS });
    const listening = await listen({ port, log, api });
    ownUrl = listening.url;
    const stopping = new AbortController();
    const loops = startLoops(engine, local, stopping.signal);
    cleanups.push(async () => {
      stopping.abort();
      listening.close();
      await Promise.race([loops, clock.sleep(STOP_GRACE_MS)]);
    });
    return {
      url: listening.url,
      dataFile,
      get registry() {
        return files.registry;
      },
      stop: cleanUp,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** What SQS, Lambda and Scheduler do on AWS. Resolves when all have ended after `signal`. */
async function startLoops(
  engine: Engine,
  { queues, timers }: LocalPorts,
  signal: AbortSignal,
): Promise<void> {
  const options = { engine, waitMs: RECEIVE_WAIT_MS, concurrency: CONCURRENCY };
  await Promise.all([
    work({ ...options, queue: queues.activations }, signal),
    work({ ...options, queue: queues.steps }, signal),
    work({ ...options, queue: queues.deadLetters, deadLetters: true }, signal),
    fireTimers(engine, timers, signal),
    sweepAgainAndAgain(engine, signal),
  ]);
}
