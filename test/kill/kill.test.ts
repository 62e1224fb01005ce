// kill -9 of the local server at random moments, at least 50 times: nothing is lost, and no recorded step runs again.
// The moments are random in progress, not in time, so the test does not depend on the machine's speed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const KILLS = 50;
const STEPS_PER_RUN = 10;
/** A run that was at work in most of the kills, and got nowhere in any, is given to a person, who tries again. */
const EXPLAINED: readonly (string | undefined)[] = ["E_POISON", "E_DEAD_LETTER"];

const folder = mkdtempSync(join(tmpdir(), "perdure-kill-"));
const effectsFile = join(folder, "effects");
writeFileSync(effectsFile, "");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = async () =>
  await startServerProcess({
    files: [fileURLToPath(new URL("workflow.ts", import.meta.url))],
    dataFile: join(folder, "perdure.db"),
    env: { EFFECTS_FILE: effectsFile },
  });

const effects = () => readFileSync(effectsFile, "utf8").split("\n").filter(Boolean);

/** Repeats a call until it was answered, as a caller would whose server is killed in the middle of it. */
async function post(
  server: () => ServerProcess,
  path: string,
  body: unknown,
  key: string,
): Promise<Response> {
  for (;;) {
    const at = server();
    try {
      const headers = { "content-type": "application/json", "idempotency-key": key };
      return await fetch(at.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    } catch (error) {
      if (at === server()) throw error;
    }
  }
}

async function progress(until: number, server: ServerProcess): Promise<void> {
  // Each answer of the server is a moment later; a look at the file follows it.
  while (effects().length < until)
    if (!(await fetch(`${server.url}/health`)).ok) throw new Error("the server is ill");
}

it(`loses nothing and repeats no recorded step over ${KILLS} kills`, async () => {
  const seed = Number(process.env.KILL_SEED ?? Date.now() % 100_000);
  console.log(`KILL_SEED=${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  let server = await start();
  const runIds: string[] = [];
  for (let kills = 0; kills < KILLS; kills += 1) {
    // This run alone brings STEPS_PER_RUN side effects from here on.
    const killAt = effects().length + random(STEPS_PER_RUN - 1);
    const answer = await post(() => server, "/workflows/journey/runs", { input: {} }, `run-${kills}`);
    expect([200, 201]).toContain(answer.status);
    const { runId } = (await answer.json()) as { runId: string };
    runIds.push(runId);
    const signalled = await post(
      () => server,
      `/runs/${runId}/signals/go%20on`,
      { payload: null },
      `go-${kills}`,
    );
    expect(signalled.status).toBe(202);
    await progress(killAt, server);
    await server.kill();
    server = await start();
  }
  let revived = 0;
  for (const runId of runIds) {
    let run: { status: string; stalled?: { code: string }; result?: string[] };
    for (;;) {
      run = (await (await fetch(`${server.url}/runs/${runId}?wait=20s`)).json()) as typeof run;
      if (run.status === "stalled" && EXPLAINED.includes(run.stalled?.code)) {
        revived += 1;
        await post(() => server, `/runs/${runId}/retry`, {}, `retry-${revived}`);
      } else if (["succeeded", "failed", "stalled"].includes(run.status)) break;
    }
    expect(run, JSON.stringify(run)).toMatchObject({ status: "succeeded" });
    expect(run.result?.length).toBe(STEPS_PER_RUN);
    const own = effects().filter((line) => line.startsWith(`${runId}/`));
    const last = new Map(own.map((line) => line.split(/ (?=[^ ]+$)/) as [string, string]));
    expect(last.size, "every step has happened").toBe(STEPS_PER_RUN);
    // Recorded is the last execution of each step: nothing has run once more after it was recorded.
    expect(new Set(run.result)).toEqual(new Set(last.values()));
  }
  const total = effects().length;
  const repeated = total - runIds.length * STEPS_PER_RUN;
  console.log(
    `${KILLS} kills, ${runIds.length} runs, ${total} side effects, ${repeated} repeated before they were recorded, ${revived} runs revived`,
  );
  await server.kill();
});
