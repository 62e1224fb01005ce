// The deployed stack on a bad day: between its functions and DynamoDB, SQS and S3 stands a proxy that throttles, fails
// and cuts connections. The runs, their client and the verdict are those of test/chaos; the side effects are counted in
// a file, which functions can write because the emulator runs them as processes of this machine.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDynamoStore } from "../../lib/aws/dynamo-store.ts";
import { createS3Blobs } from "../../lib/aws/s3-blobs.ts";
import { inBatches } from "../batches.ts";
import { drive, type Job } from "../chaos/client.ts";
import { Effects } from "../chaos/effects.ts";
import { ALONE } from "../chaos/scenarios.ts";
import { judge } from "../chaos/verdict.ts";
import { Chance } from "../simulation/chance.ts";
import type { Api } from "./api.ts";
import { FAULTS, type FaultProxy, startFaultProxy } from "./chaos/fault-proxy.ts";
import { reroute } from "./chaos/reroute.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { startEmulator } from "./emulator.ts";

const RUNS_PER_SCENARIO = 10;
/** Each is a few processes of the emulator. */
const AT_ONCE = 8;
const READ_EVERY_MS = 200;
/** Backing off takes its time: a bound for what never ends. */
const WITHIN_MS = 15 * 60_000;

const emulator = await startEmulator();
const isMinistack = emulator.kind === "emulator" && emulator.name === "ministack";
if (!isMinistack) console.warn("Faults are not injected: functions reach the proxy on ministack only.");

describe.skipIf(!isMinistack)("a deployed stack whose services fail", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "perdure-cloud-chaos-"));
  const effects = new Effects(path.join(folder, "effects"));
  const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 100_000);
  let deployment: Deployment | undefined;
  let proxy: FaultProxy | undefined;
  let putBack: (() => Promise<void>) | undefined;
  const reading = setInterval(() => effects.readOn(), READ_EVERY_MS);

  beforeAll(async () => {
    if (emulator.kind === "none") return;
    console.log(`CHAOS_SEED=${seed}`);
    deployment = await deploy(emulator);
    proxy = await startFaultProxy(emulator.endpoint, seed);
    const extra = { CHAOS_EFFECTS: effects.path };
    putBack = await reroute(deployment, { from: emulator.endpoint, to: proxy.origin, extra });
  });
  afterAll(async () => {
    clearInterval(reading);
    await putBack?.();
    await proxy?.stop();
    if (emulator.kind === "emulator") await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    "brings every run to its right end, with each recorded step recorded once",
    async () => {
      if (deployment === undefined || proxy === undefined) throw new Error("nothing is deployed");
      const { api, clients, outputs } = deployment;
      const runIds = new Map<string, Job>();
      let again = 0;
      const revived: string[] = [];
      const options = {
        place: { request: requestOf(api) },
        effects,
        prefix: `chaos-${seed}`,
        chanceFor: ({ scenario, n }: Job) => new Chance(seed, `${scenario} ${n}`),
        onAgain: () => {
          again += 1;
        },
        onRevived: (code: string) => void revived.push(code),
        onStarted: (job: Job, runId: string) => void runIds.set(runId, job),
      };
      const jobs = ALONE.flatMap((scenario) =>
        Array.from({ length: RUNS_PER_SCENARIO }, (_, n): Job => ({ scenario, n })),
      );
      const ends = await inBatches(jobs, AT_ONCE, async (job) => await drive(options, job));
      expect(new Set(ends)).toEqual(new Set(["succeeded"]));
      expect(runIds.size).toBe(jobs.length);

      effects.readOn();
      const stored = {
        store: createDynamoStore({ client: clients.dynamo, tableName: outputs.TableName }),
        blobs: createS3Blobs({ client: clients.s3, bucket: outputs.BucketName }),
        close: () => {},
      };
      const faults: string[] = [];
      let late = 0;
      for (const [runId, job] of runIds) {
        const executions = effects.byRun.get(runId) ?? [];
        // No function is killed: another one at work means that this one has lost its lease to a slow request.
        const isExplained = (recorded: { process: string }, after: { process: string }) =>
          recorded.process !== after.process;
        const verdict = await judge(stored, runId, job, { executions, isExplained });
        faults.push(...verdict.faults.map((what) => `${job.scenario} ${job.n}, run ${runId}: ${what}`));
        late += verdict.late;
      }
      const { counts, services } = proxy;
      console.log(JSON.stringify({ counts, services, sideEffects: effects.count, late, again, revived }));
      expect(faults).toEqual([]);
      for (const fault of FAULTS) expect(counts[fault], fault).toBeGreaterThan(0);
      // Large values are few, so S3 may be spared.
      for (const service of ["dynamodb", "sqs"] as const)
        expect(services[service], service).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );
});

/** The API as the client of test/chaos asks it. */
function requestOf(api: Api): (address: string, init?: RequestInit) => Promise<Response> {
  return async (address, { method, body, headers } = {}) => {
    const { status, body: answer } =
      method === "POST"
        ? await api.post(
            address,
            typeof body === "string" ? JSON.parse(body) : undefined,
            Object.fromEntries(new Headers(headers)),
          )
        : await api.get(address);
    return Response.json(answer, { status });
  };
}
