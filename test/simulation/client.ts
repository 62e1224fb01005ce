// What people and other systems do: start runs, act on them, list them, revive what stalled. A client that is not
// answered tries again under the same idempotency key; so it gets an answer in the end, and what it asked for happens
// once.
import { type Engine, forkRun, resumeRun, retryRun, reviveRun, startRun } from "../../lib/engine/index.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { type ErrorCode, PerdureError } from "../../lib/sdk/errors.ts";
import type { Actor } from "./fault.ts";
import type { Action } from "./primitive.ts";
import { inputOf, keyOf, labelOf, type Program, runIdOf, WORKFLOW } from "./program.ts";
import { outsideOf } from "./vocabulary.ts";
import type { World } from "./world.ts";

const TRY_AGAIN_MS = 1_500;
const MAX_TRIES = 1_000;
const PAGE = 2;

type Answer<T> = { readonly value: T } | { readonly refusal: PerdureError } | "no answer";

export async function startAs(world: World, program: Program, run: number): Promise<string> {
  const input = inputOf(program, labelOf(run));
  const { laterMs } = program;
  const later = laterMs === undefined ? {} : { startAt: world.outside.clock.now() + laterMs };
  const request = { workflow: WORKFLOW, input, idempotencyKey: keyOf(run), ...later };
  const answer = await untilAnswered(world, async (engine) => (await startRun(engine, request)).run.runId);
  if ("refusal" in answer) throw answer.refusal;
  if (answer.value !== runIdOf(run)) world.flowRules.answeredWith(answer.value, runIdOf(run));
  return answer.value;
}

/** True when it was accepted, false when the run had ended or the like. */
export async function actAs(world: World, program: Program, runId: string, action: Action): Promise<boolean> {
  return await outsideOf(action).act(action, {
    runId,
    start: { workflow: WORKFLOW, input: inputOf(program, labelOf(action.run)) },
    tokens: async (name) => await world.tokensOf(runId, name),
    sleep: async (ms) => await world.outside.clock.sleep(ms),
    complain: (what) => world.complain(`${runId}: ${what}`),
    hold: (how) => {
      if (how === "over") world.endRules.holds.delete(runId);
      else world.endRules.holds.set(runId, how);
    },
    ask: async (act, ...expected) => {
      const answer = await untilAnswered(world, act);
      if ("value" in answer) return true;
      expectRefusal(world, answer.refusal, ...expected);
      return false;
    },
  });
}

export async function reviveAs(world: World, runId: string): Promise<void> {
  const answer = await untilAnswered(world, async (engine) => await reviveRun(engine, runId), "operator");
  // An earlier try of ours was applied although we did not hear of it.
  if ("refusal" in answer) expectRefusal(world, answer.refusal, "E_RUN_NOT_STALLED");
}

/** Somebody looks after what was paused too late: by a request that had been given up. */
export async function resumeAs(world: World, runId: string): Promise<void> {
  const answer = await untilAnswered(world, async (engine) => await resumeRun(engine, runId), "operator");
  if ("refusal" in answer) expectRefusal(world, answer.refusal, "E_RUN_NOT_PAUSED");
}

/**
 * Mends what was broken for a run that has failed, and has it taken up by a new one; `underWay` until whoever asked is
 * answered.
 */
export async function repairAs(world: World, program: Program, run: number, runId: string): Promise<void> {
  const { repairRules: rules } = world;
  const { checkpoints } = await world.outside.ports.store.journal.load(runId);
  const after = rules.mend(runId, labelOf(run), checkpoints);
  const { how, people = 0 } = program.repair ?? {};
  const ask = async (engine: Engine) =>
    how === "fork"
      ? await forkRun(engine, { runId, after, idempotencyKey: "mended" })
      : await retryRun(engine, { runId, idempotencyKey: "mended" });
  for (let person = 0; person < people; person += 1) {
    rules.underWay += 1;
    void untilAnswered(world, ask)
      .then((answer) => {
        if ("refusal" in answer) expectRefusal(world, answer.refusal);
        else rules.answered(runId, answer.value.runId);
      })
      .finally(() => {
        rules.underWay -= 1;
      });
  }
}

/** Goes through the list page by page. It may be behind; then runs may be missing, and nothing else may be wrong. */
export async function listAs(world: World): Promise<void> {
  const known = await world.runIdsOf(WORKFLOW);
  const closed = new Set<string>();
  for (const runId of known) if (isClosed((await world.run(runId)).status)) closed.add(runId);
  const listed = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const query = { workflows: [WORKFLOW], limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const answer = await untilAnswered(
      world,
      async ({ ports }) => await ports.store.index.list(query),
      "reader",
    );
    if ("refusal" in answer) throw answer.refusal;
    for (const { runId, createdAt, status } of answer.value.runs) {
      if (listed.has(runId)) world.complain(`list: ${runId} is on two pages`);
      const isWrong = [...listed.values()].some((earlier) => earlier < createdAt);
      if (isWrong) world.complain(`list: ${runId} comes after an older run`);
      if (closed.has(runId) && !isClosed(status) && !world.course.has("list behind"))
        world.complain(`list: ${runId} is ${status} after its end`);
      listed.set(runId, createdAt);
    }
    ({ cursor } = answer.value);
  } while (cursor !== undefined);
  if (world.course.has("list behind")) return;
  for (const runId of known) if (!listed.has(runId)) world.complain(`list: ${runId} is not in it`);
}

export function expectRefusal(
  world: World,
  { code, message }: PerdureError,
  ...expected: readonly ErrorCode[]
): void {
  if (!expected.includes(code)) world.complain(`a client was refused: ${code} ${message}`);
}

export async function untilAnswered<T>(
  world: World,
  act: (engine: Engine) => Promise<T>,
  actor: Actor = "client",
): Promise<Exclude<Answer<T>, "no answer">> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const process = world.start(actor);
    const answer = await Promise.race([
      answerOf(act(process.engine)),
      process.died.then(() => "no answer" as const),
    ]);
    world.end(process);
    if (answer !== "no answer") return answer;
    await world.outside.clock.sleep(TRY_AGAIN_MS);
  }
  throw new Error(`a client was not answered ${MAX_TRIES} times`);
}

async function answerOf<T>(asked: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await asked };
  } catch (error) {
    return error instanceof PerdureError ? { refusal: error } : "no answer";
  }
}
