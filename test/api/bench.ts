// The API on memory ports, with the real engine behind it: what every test of the API starts from. Requests go through
// `app.request`, so nothing listens anywhere.
import type { Hono } from "hono";
import * as v from "valibot";
import { expect, onTestFinished } from "vitest";
import { RunSummary } from "../../lib/api/answers.ts";
import { type ApiOptions, createApi } from "../../lib/api/index.ts";
import { Problem } from "../../lib/api/problem.ts";
import { createRegistry, type Engine, LOCAL_SETTINGS } from "../../lib/engine/index.ts";
import { consoleLog } from "../../lib/local/console-log.ts";
import { MemoryBlobs } from "../../lib/local/memory-blobs.ts";
import { MemoryEvents } from "../../lib/local/memory-events.ts";
import { MemoryQueue } from "../../lib/local/memory-queue.ts";
import { MemoryStore } from "../../lib/local/memory-store.ts";
import { MemoryTimers } from "../../lib/local/memory-timers.ts";
import { SystemClock } from "../../lib/local/system-clock.ts";
import { systemRandom } from "../../lib/local/system-random.ts";
import { work } from "../../lib/local/worker.ts";
import type { AnyWorkflow } from "../../lib/sdk/workflow.ts";
import { recordWrites } from "./record-writes.ts";

export interface BenchOptions extends Partial<Omit<ApiOptions, "engine">> {
  /** Messages are handled, so runs go on. @default true */
  readonly works?: boolean;
}

export interface Bench {
  readonly app: Hono;
  readonly engine: Engine;
  /** Workflows that are deployed; may be changed at any time. */
  readonly registry: Map<string, AnyWorkflow>;
  /** Every write to the store, the blobs and the queues so far, by name. */
  readonly writes: readonly string[];
  readonly logLines: readonly string[];
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  /** Sends JSON; a string goes as it is. */
  readonly post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
  /** Starts a run and gives its id. */
  readonly start: (workflow: string, input?: unknown) => Promise<string>;
}

export function openBench(workflows: readonly AnyWorkflow[], options: BenchOptions = {}): Bench {
  const { works = true, pollEveryMs = 20, ...apiOptions } = options;
  const clock = new SystemClock();
  const writes: string[] = [];
  const logLines: string[] = [];
  const [activations, steps] = [new MemoryQueue({ clock }), new MemoryQueue({ clock })];
  const store = new MemoryStore();
  const registry = new Map(createRegistry(workflows));
  const engine: Engine = {
    ports: {
      store: {
        runs: recordWrites(store.runs, writes),
        journal: recordWrites(store.journal, writes),
        index: store.index,
        limits: store.limits,
      },
      activations: recordWrites(activations, writes),
      stepHandlers: { get: () => steps },
      timers: new MemoryTimers({ clock, queue: activations }),
      events: new MemoryEvents(),
      blobs: recordWrites(new MemoryBlobs(), writes),
      clock,
      random: systemRandom,
      log: consoleLog({ write: (line) => logLines.push(line) }),
    },
    registry,
    settings: LOCAL_SETTINGS,
    publicUrl: "https://perdure.example",
  };
  if (works) startWorking(engine, [activations, steps]);
  const app = createApi({ engine, pollEveryMs, ...apiOptions });
  const post: Bench["post"] = async (path, body, headers = {}) =>
    await app.request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return {
    app,
    engine,
    registry,
    writes,
    logLines,
    get: async (path, headers = {}) => await app.request(path, { headers }),
    post,
    start: async (workflow, input) => {
      const response = await post(`/workflows/${workflow}/runs`, { input });
      expect(response.status).toBe(201);
      return (await readJson(RunSummary, response)).runId;
    },
  };
}

function startWorking(engine: Engine, queues: readonly MemoryQueue[]): void {
  const over = new AbortController();
  const working = queues.map((queue) => work({ engine, queue, waitMs: 50 }, over.signal));
  onTestFinished(async () => {
    over.abort();
    await Promise.all(working);
  });
}

/** Reads an answer, and checks that it is of its schema. */
export async function readJson<Schema extends v.GenericSchema>(
  schema: Schema,
  response: Response | Promise<Response>,
): Promise<v.InferOutput<Schema>> {
  return v.parse(schema, await (await response).json());
}

/** Reads an answer that must be a problem, and checks that it is one in form. */
export async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = await readJson(Problem, response);
  expect(problem.status).toBe(response.status);
  expect(problem.type).toContain(problem.code);
  return problem;
}
