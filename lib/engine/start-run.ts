// Starting a run: one conditional put, then the first wake-up. Repeatable from its start (J4): the run id follows from
// the idempotency key, so a second start finds the first, and sends the message again if nobody has claimed the run.
//
//   put input (only when large) ──► put META if absent ──► send n = 1
import { MAX_CALLER_KEY_CHARS, MAX_INLINE_INPUT_BYTES, MAX_VALUE_DEPTH } from "../limits.ts";
import type { Attributes, Origin, Parent, Run, ScheduledFor } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";
import { type Time, timeMs } from "../sdk/time.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { checkAttributes, checkAttributesSize } from "./attributes.ts";
import { BEHAVIOUR } from "./behaviour.ts";
import { encode } from "./codec.ts";
import { sha256Hex, shortDigest } from "./digest.ts";
import type { Engine } from "./engine.ts";
import { existingRun } from "./flow/door.ts";
import { limiterRefsOf } from "./flow/limiters.ts";
import { pack, payloadBytes } from "./payloads.ts";
import { sweepTime } from "./settings.ts";
import { checkInput } from "./validate.ts";
import { sendWakeUp } from "./wake.ts";

export interface StartRequest {
  readonly workflow: string;
  readonly input: unknown;
  /** Chosen by the caller; not together with an idempotency key. */
  readonly runId?: string;
  readonly idempotencyKey?: string;
  readonly parent?: Parent;
  /** What the run is found by; a repeated start does not change them. */
  readonly attributes?: Attributes;
  /** Nothing of it happens before; a repeated start does not change it. @default at once */
  readonly startAt?: Time;
  readonly scheduled?: ScheduledFor;
}

/**
 * @throws E_UNKNOWN_WORKFLOW, E_INVALID_INPUT, E_BAD_OPTION, E_NOT_SERIALIZABLE, E_TOO_LARGE: nothing was written
 * @throws E_IDEMPOTENCY_CONFLICT when the same key came before with another input
 */
export async function startRun(
  engine: Engine,
  request: StartRequest,
): Promise<{ readonly created: boolean; readonly run: Run }> {
  const start = await checkStart(engine, request);
  const existing = await existingRun(engine, start);
  if (existing === undefined) return await createRun(engine, start);
  await announce(engine, existing);
  return { created: false, run: existing };
}

/** Writes nothing. @throws E_UNKNOWN_WORKFLOW, E_INVALID_INPUT, E_BAD_OPTION, E_NOT_SERIALIZABLE */
export async function checkStart(engine: Engine, request: StartRequest): Promise<CheckedStart> {
  const workflow = workflowNamed(engine, request.workflow);
  const runId = runIdOf(engine, request);
  if (request.attributes !== undefined) {
    checkAttributes("attributes", request.attributes, false);
    checkAttributesSize("The attributes", request.attributes);
  }
  const { startAt, ...rest } = request;
  const times = startAt === undefined ? {} : { startAt: timeMs(startAt, "startAt") };
  const inputHash = hashInput(request.input);
  const value = await checkInput(workflow.inputSchema, request.input);
  return { ...rest, ...times, workflow, runId, value, inputHash };
}

/** @throws E_UNKNOWN_WORKFLOW */
export function workflowNamed(engine: Engine, name: string): AnyWorkflow {
  const workflow = engine.registry.get(name);
  if (workflow !== undefined) return workflow;
  throw new PerdureError("E_UNKNOWN_WORKFLOW", `There is no workflow "${name}".`);
}

export interface CheckedStart {
  readonly workflow: AnyWorkflow;
  readonly runId: string;
  /** What the workflow gets. */
  readonly value: unknown;
  readonly inputHash: string;
  readonly parent?: Parent;
  readonly forkedFrom?: Origin;
  /** That of the run whose entries it begins with. @default the newest */
  readonly behaviour?: number;
  /** Position up to which the journal is there already, and nothing of it is to be sent again. @default 0 */
  readonly lastSeq?: number;
  readonly attributes?: Attributes;
  /** Epoch ms. */
  readonly startAt?: number;
  readonly scheduled?: ScheduledFor;
}

/** Puts META if absent and sends the first wake-up. @throws E_IDEMPOTENCY_CONFLICT */
export async function createRun(
  engine: Engine,
  start: CheckedStart,
): Promise<{ readonly created: boolean; readonly run: Run }> {
  const result = await engine.ports.store.runs.create(await newRun(engine, start));
  assertSame(result.run, start);
  await announce(engine, result.run);
  return result;
}

/** @throws E_IDEMPOTENCY_CONFLICT */
export function assertSame(run: Run, { workflow, inputHash }: CheckedStart): void {
  if (run.workflow === workflow.name && run.inputHash === inputHash) return;
  throw new PerdureError("E_IDEMPOTENCY_CONFLICT", `Run ${run.runId} was started before with other content.`);
}

/** Whoever has made it may have died before it sent the first wake-up. */
async function announce(engine: Engine, run: Run): Promise<void> {
  if (run.fence === 0 && run.status === "pending") await sendWakeUp(engine, run.runId, 1, 0);
}

async function newRun(engine: Engine, start: CheckedStart): Promise<Run> {
  const { workflow, runId, value, inputHash, parent, forkedFrom, lastSeq = 0, attributes } = start;
  const { behaviour = BEHAVIOUR, scheduled } = start;
  const now = engine.ports.clock.now();
  const beginsAt = Math.max(now, start.startAt ?? now);
  const limiters = limiterRefsOf(workflow, value);
  return {
    runId,
    workflow: workflow.name,
    version: workflow.version,
    status: "pending",
    input: await storeInput(engine, runId, value, inputHash, now),
    inputHash,
    createdAt: now,
    ...(parent === undefined ? {} : { parent }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(forkedFrom === undefined ? {} : { forkedFrom }),
    ...(scheduled === undefined ? {} : { scheduled }),
    ...(limiters.length === 0 ? {} : { limiters }),
    ...(beginsAt === now ? {} : { startAt: beginsAt }),
    ...(workflow.timeoutMs === undefined ? {} : { deadline: beginsAt + workflow.timeoutMs }),
    behaviour,
    fence: 0,
    wake: 1,
    handled: 0,
    fails: 0,
    lastSeq,
    waits: [],
    sweepAt: sweepTime(now, engine.settings),
  };
}

/** Large input is a fact under its own hash: of two conflicting starts, META alone decides whose is used. */
async function storeInput(
  engine: Engine,
  runId: string,
  value: unknown,
  inputHash: string,
  at: number,
): Promise<Run["input"]> {
  const { store } = engine.ports;
  const payload = await pack(value, runId, engine);
  if (payloadBytes(payload) <= MAX_INLINE_INPUT_BYTES) return { payload };
  const key = `input-${inputHash.slice(0, 32)}`;
  await store.journal.putFact(runId, { kind: "input", key, at, value: payload });
  return { fact: key };
}

function runIdOf({ ports }: Engine, { workflow, runId, idempotencyKey }: StartRequest): string {
  if (runId !== undefined && idempotencyKey !== undefined) {
    throw new PerdureError(
      "E_BAD_OPTION",
      "runId and an idempotency key were both given; a chosen runId is its own idempotency key.",
    );
  }
  if (runId !== undefined) {
    if (/^[\w.:-]+$/.test(runId) && runId.length <= MAX_CALLER_KEY_CHARS) return runId;
    throw new PerdureError(
      "E_BAD_OPTION",
      `runId must be 1 to ${MAX_CALLER_KEY_CHARS} letters, digits, '_', '.', ':' or '-'.`,
    );
  }
  if (idempotencyKey === undefined) return `run_${ports.random.id()}`;
  checkKey(idempotencyKey);
  return `run_${shortDigest(JSON.stringify([workflow, idempotencyKey]))}`;
}

/** @throws E_BAD_OPTION */
export function checkKey(key: string): void {
  if (key.length >= 1 && key.length <= MAX_CALLER_KEY_CHARS) return;
  throw new PerdureError(
    "E_BAD_OPTION",
    `The idempotency key has ${key.length} characters; it must have 1 to ${MAX_CALLER_KEY_CHARS}.`,
  );
}

/** Of what the caller sent, whatever the order of its keys. */
export function hashInput(input: unknown): string {
  const { encoding, text } = encode(sortKeys(input));
  return sha256Hex(`${encoding} ${text}`);
}

/** @throws E_NOT_SERIALIZABLE when nested too deep, or in a cycle */
function sortKeys(value: unknown, depth = 0): unknown {
  if (depth > MAX_VALUE_DEPTH)
    throw new PerdureError("E_NOT_SERIALIZABLE", `The input is nested more than ${MAX_VALUE_DEPTH} deep.`);
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, depth + 1));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item, depth + 1)]));
}
