// The engine over DynamoDB, SQS and S3 as dynoxide and fauxqs speak them, in five processes: dynoxide, fauxqs, two workers,
// and this one, which has the API and nothing else of the engine.
//
// dynoxide keeps its table in a SQLite file and is killed and started again on it: what it has acknowledged survives
// kill -9. fauxqs keeps everything in memory and lives on. Nothing here speaks EventBridge Scheduler, so no sleep is
// longer than a queue can delay.
import path from "node:path";
import { build } from "esbuild";
import * as v from "valibot";
import { createApi } from "../../lib/api/index.ts";
import { createTableClient } from "../../lib/aws/clients.ts";
import { workflowsOf } from "../../lib/engine/index.ts";
import { assemble } from "../../lib/lambda/assemble.ts";
import { SETTING_VARIABLES, VARIABLES } from "../../lib/lambda/variables.ts";
import { createTable } from "../aws/create-table.ts";
import { dynoxideBinary } from "../aws/dynoxide.ts";
import { freePort } from "../free-port.ts";
import { startProgram } from "../program.ts";
import type { Place, PlaceOptions } from "./place.ts";
import { Slot } from "./slot.ts";
import * as workflows from "./workflows.ts";

const WORKERS = 2;
const TABLE = "runs";
const HERE = import.meta.dirname;
/** Short, so that the work of a killed worker goes on soon; longer than the database is ever away. */
const TIMINGS = { leaseMs: 5_000, renewEveryMs: 1_200, visibilityMs: 6_000, sweepGrainMs: 10_000 } as const;

const QueuePlaces = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ port: v.number(), activations: v.string(), steps: v.string(), deadLetters: v.string() }),
);

export async function openAwsPlace(options: PlaceOptions): Promise<Place> {
  const { folder, effectsFile, watch } = options;
  const logFile = (name: string) => path.join(folder, `${name}.log`);
  const common = { command: process.execPath, onProcess: watch };
  const queues = await startProgram({
    ...common,
    args: ["--conditions=perdure-source", path.join(HERE, "queue-server.ts")],
    ready: /ready (.*)\n/,
    logFile: logFile("fauxqs"),
  });
  const port = await freePort();
  const database = startDatabase(options, port);
  await database.ready();
  // The SDK's clients, in this process too, find their services by these.
  Object.assign(process.env, environmentFor(v.parse(QueuePlaces, queues.said[1]), port));
  await createTable(createTableClient(), TABLE);

  const bundle = await bundleWorker(folder);
  const workers = Array.from({ length: WORKERS }, (_, i) => {
    const start = async (generation: string) =>
      await startProgram({
        ...common,
        args: [bundle],
        env: {
          ...process.env,
          CHAOS_EFFECTS: effectsFile,
          CHAOS_PROCESS: generation,
          POWERTOOLS_LOG_LEVEL: "WARN",
          NODE_COMPILE_CACHE: path.join(folder, "compiled"),
        },
        ready: /ready/,
        logFile: logFile(`worker-${i}`),
      });
    return new Slot({ ...options, name: `worker-${i}`, start });
  });
  const engine = assemble({ workflows: workflowsOf(workflows) });
  const api = createApi({ engine });
  const stop = async () => {
    await Promise.all([...workers, database].map(async (slot) => await slot.stop()));
    await queues.kill();
  };
  return {
    request: async (address, init) => await api.request(address, init),
    workers,
    database,
    inFlight: 80,
    stop,
    read: async () => ({ store: engine.ports.store, blobs: engine.ports.blobs, close: () => {} }),
  };
}

function startDatabase(options: PlaceOptions, port: number) {
  if (dynoxideBinary === undefined) throw new Error("dynoxide is not installed: there is no DynamoDB server");
  const command = dynoxideBinary;
  const dataFile = path.join(options.folder, "dynoxide.db");
  const args = ["serve", "--host", "127.0.0.1", "--port", String(port), "--db-path", dataFile];
  const logFile = path.join(options.folder, "dynoxide.log");
  const start = async () =>
    await startProgram({ command, args, ready: /listening on/, logFile, onProcess: options.watch });
  return new Slot({ ...options, name: "dynoxide", start });
}

/** One file, and its code compiled once, start in a fraction of the time that hundreds take; a worker is started often. */
async function bundleWorker(folder: string): Promise<string> {
  const outfile = path.join(folder, "worker.mjs");
  await build({
    entryPoints: [path.join(HERE, "worker.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    minify: true,
    conditions: ["perdure-source", "module"],
    alias: { "@aws-sdk/credential-provider-node": path.join(HERE, "../../functions/credentials.ts") },
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return outfile;
}

function environmentFor(queues: v.InferOutput<typeof QueuePlaces>, tablePort: number) {
  const at = (queuePath: string) => `http://127.0.0.1:${queues.port}${queuePath}`;
  const timings = Object.entries(TIMINGS).map(([name, ms]) => [
    SETTING_VARIABLES[name as keyof typeof TIMINGS],
    String(ms),
  ]);
  return {
    ...(Object.fromEntries(timings) as Record<string, string>),
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL: at(""),
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${tablePort}`,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    CHAOS_DEAD_LETTERS: at(queues.deadLetters),
    [VARIABLES.table]: TABLE,
    [VARIABLES.bucket]: "blobs",
    [VARIABLES.activationQueueUrl]: at(queues.activations),
    [VARIABLES.stepQueues]: JSON.stringify({ shipping: at(queues.steps) }),
    [VARIABLES.eventBus]: "none",
    [VARIABLES.scheduleGroup]: "none",
    [VARIABLES.scheduleRoleArn]: "none",
    [VARIABLES.scheduleTargetArn]: "none",
    [VARIABLES.scheduleDeadLetterArn]: "none",
  };
}
