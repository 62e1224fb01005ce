// A signal for a run that is started if it is not there yet. Start and signal, each of which can be repeated (J4): whoever
// dies between them, or hears of neither, sends the whole again. What is wrong with the signal is found out before
// anything is started.
import type { Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkName } from "../sdk/names.ts";
import { encode } from "./codec.ts";
import type { Engine } from "./engine.ts";
import { schemaOf, sendSignal } from "./send-signal.ts";
import { checkKey, startRun } from "./start-run.ts";
import { checkInput, InputError } from "./validate.ts";

export interface SignalWithStartRequest {
  readonly workflow: string;
  /** Of the signal. */
  readonly name: string;
  /** Used when the run is not there yet. */
  readonly input: unknown;
  readonly payload: unknown;
  /** The run that is meant; without it, the one that belongs to the idempotency key. */
  readonly runId?: string;
  /** Of the signal, and of the run when it has no id. */
  readonly idempotencyKey?: string;
}

export interface SignalledWithStart {
  readonly run: Run;
  /** The run was not there. */
  readonly created: boolean;
  /** False when the same signal had come before. */
  readonly stored: boolean;
}

/**
 * @throws E_UNKNOWN_WORKFLOW, E_BAD_NAME, E_BAD_OPTION, E_INVALID_INPUT, E_NOT_SERIALIZABLE, E_TOO_LARGE: nothing was written
 * @throws E_IDEMPOTENCY_CONFLICT when the run is one of another workflow, or the key came before with other content
 * @throws E_RUN_CLOSED when the run has ended
 */
export async function signalWithStart(
  engine: Engine,
  request: SignalWithStartRequest,
): Promise<SignalledWithStart> {
  const { name, payload, idempotencyKey } = request;
  await checkSignal(engine, request);
  const { run, created } = await startOrFind(engine, request);
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  const { stored } = await sendSignal(engine, { runId: run.runId, name, payload, ...key });
  return { run, created, stored };
}

async function checkSignal(
  { registry }: Engine,
  { workflow, name, payload, idempotencyKey }: SignalWithStartRequest,
): Promise<void> {
  checkName("signal", name);
  if (idempotencyKey !== undefined) checkKey(idempotencyKey);
  const found = registry.get(workflow);
  if (found === undefined)
    throw new PerdureError("E_UNKNOWN_WORKFLOW", `There is no workflow "${workflow}".`);
  encode(await below("/payload", () => checkInput(schemaOf(found.signalSchemas, name), payload)));
}

async function startOrFind(
  engine: Engine,
  { workflow, input, runId, idempotencyKey }: SignalWithStartRequest,
): Promise<{ readonly run: Run; readonly created: boolean }> {
  const { runs } = engine.ports.store;
  if (runId === undefined) {
    const key = idempotencyKey === undefined ? {} : { idempotencyKey };
    return await below("/input", () => startRun(engine, { workflow, input, ...key }));
  }
  const standing = await runs.get(runId);
  if (standing?.workflow === workflow) return { run: standing, created: false };
  try {
    return await below("/input", () => startRun(engine, { workflow, input, runId }));
  } catch (error) {
    // Somebody else may have started it since, with another input: it is there, and that is all that was asked for.
    const isConflict = error instanceof PerdureError && error.code === "E_IDEMPOTENCY_CONFLICT";
    const run = isConflict ? await runs.get(runId) : undefined;
    if (run?.workflow !== workflow) throw error;
    return { run, created: false };
  }
}

/** There are two values that may be wrong: says which. */
async function below<Result>(pointer: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: `${pointer}${path}`, message }));
    throw new InputError(error.code, `The value does not fit its schema at ${issues[0]?.path}.`, issues);
  }
}
