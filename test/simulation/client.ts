// What people and other systems do: start runs, send signals, revive what stalled. A client that is not answered tries
// again under the same idempotency key; so it gets an answer in the end, and what it asked for happens once.
import { type Engine, reviveRun, sendSignal, startRun } from "../../lib/engine/index.ts";
import { type ErrorCode, PerdureError } from "../../lib/sdk/errors.ts";
import type { Actor } from "./fault.ts";
import { inputOf, type Program, type SentSignal, WORKFLOW } from "./program.ts";
import type { World } from "./world.ts";

const TRY_AGAIN_MS = 1_500;
const MAX_TRIES = 1_000;

type Answer<T> = { readonly value: T } | { readonly refusal: PerdureError } | "no answer";

export async function startAs(world: World, program: Program, run: number): Promise<string> {
  const request = { workflow: WORKFLOW, input: inputOf(program, run), idempotencyKey: `run ${run}` };
  const answer = await untilAnswered(world, async (engine) => (await startRun(engine, request)).run.runId);
  if ("refusal" in answer) throw answer.refusal;
  world.runIds.push(answer.value);
  return answer.value;
}

/** True when the signal was accepted, false when the run had ended. */
export async function signalAs(world: World, runId: string, sent: SentSignal): Promise<boolean> {
  const { name, payload, idempotencyKey } = sent;
  const answer = await untilAnswered(
    world,
    async (engine) => await sendSignal(engine, { runId, name, payload, idempotencyKey }),
  );
  if ("value" in answer) return true;
  expectRefusal(world, answer.refusal, "E_RUN_CLOSED");
  return false;
}

export async function reviveAs(world: World, runId: string): Promise<void> {
  const answer = await untilAnswered(world, async (engine) => await reviveRun(engine, runId), "operator");
  // An earlier try of ours was applied although we did not hear of it.
  if ("refusal" in answer) expectRefusal(world, answer.refusal, "E_RUN_NOT_STALLED");
}

function expectRefusal(world: World, { code, message }: PerdureError, expected: ErrorCode): void {
  if (code !== expected) world.complain(`a client was refused: ${code} ${message}`);
}

async function untilAnswered<T>(
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
