// A message from outside to a run: stored, then counted, then announced (W1). Each part can be repeated from the start
// without harm (J4): the fact by its key, the count and the message because an activation with nothing new just leaves.
//
//   put I#key if absent ──► META: wake + 1 ──► send n = wake, unless leased (the owner sees `wake` before it leaves)
import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Blobs } from "../ports/blobs.ts";
import type { Fact } from "../ports/journal.ts";
import { isClosed } from "../ports/run.ts";
import type { SignalSchemas } from "../sdk/context.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkName, isReserved } from "../sdk/names.ts";
import { sha256Hex } from "./digest.ts";
import type { Engine } from "./engine.ts";
import { pack, unpack } from "./payloads.ts";
import { putFactOnce, readFact } from "./read-fact.ts";
import { checkKey } from "./start-run.ts";
import { checkInput } from "./validate.ts";
import { wake } from "./wake.ts";
import { wasTaken } from "./was-taken.ts";

export interface SignalRequest {
  readonly runId: string;
  readonly name: string;
  readonly payload: unknown;
  readonly idempotencyKey?: string;
}

interface SignalPowers {
  /** Also a run of a workflow of ours, which trusts what it is told. @default false */
  readonly mayTellOwn?: boolean;
}

/**
 * @throws E_RUN_NOT_FOUND, E_RUN_CLOSED, E_INVALID_INPUT, E_BAD_NAME, E_BAD_OPTION, E_TOO_LARGE: nothing was written
 * @throws E_IDEMPOTENCY_CONFLICT when the same key came before with another payload
 */
export async function sendSignal(
  engine: Engine,
  request: SignalRequest,
  { mayTellOwn = false }: SignalPowers = {},
): Promise<{ readonly stored: boolean }> {
  const { ports, registry } = engine;
  const { runId, name, idempotencyKey } = request;
  checkName("signal", name);
  if (idempotencyKey !== undefined) checkKey(idempotencyKey);
  const run = await ports.store.runs.get(runId);
  if (run === undefined) throw new PerdureError("E_RUN_NOT_FOUND", `There is no run "${runId}".`);
  if (isReserved(run.workflow) && !mayTellOwn) {
    const what = `runId is "${runId}", which carries a schedule; it must be a run of a workflow of yours. Schedules are paused, resumed, updated, triggered and filled in by name.`;
    throw new PerdureError("E_BAD_OPTION", what);
  }
  const payload = await checkInput(
    schemaOf(registry.get(run.workflow)?.signalSchemas, name),
    request.payload,
  );

  const at = ports.clock.now();
  const key =
    idempotencyKey === undefined
      ? `signal-${ports.random.id()}`
      : `signal-${sha256Hex(idempotencyKey).slice(0, 32)}`;
  const value = await pack(payload, runId, engine);
  const known = idempotencyKey === undefined ? undefined : await readFact(ports.store, runId, key);
  if (known === undefined && isClosed(run.status)) {
    throw new PerdureError("E_RUN_CLOSED", `Run ${runId} is ${run.status}; signal "${name}" was not stored.`);
  }
  const fact: Fact = { kind: "signal", key, at, signal: name, order: ports.random.id(), value };
  // Without a key of the caller's nobody else has this one.
  const result = await (idempotencyKey === undefined
    ? ports.store.journal.putFact(runId, fact)
    : putFactOnce(ports.store, runId, fact));
  if (!result.stored && !(await isSame(result.existing, fact, ports.blobs))) {
    throw new PerdureError(
      "E_IDEMPOTENCY_CONFLICT",
      `Run ${runId} got signal "${name}" under the same key with another payload.`,
    );
  }
  const open = await wake(engine, runId);
  const isTaken = async () =>
    await wasTaken(engine, runId, (entry) => "fact" in entry && entry.fact === fact.key);
  if (result.stored && !open && !(await isTaken()))
    throw new PerdureError("E_RUN_CLOSED", `Run ${runId} ended before signal "${name}" could reach it.`);
  return { stored: result.stored };
}

/** Nothing for a signal that nobody declared. */
export function schemaOf(schemas: SignalSchemas | undefined, name: string): StandardSchemaV1 | undefined {
  return schemas !== undefined && Object.hasOwn(schemas, name) ? schemas[name] : undefined;
}

/** The same message, whenever it was stored and however it was packed. */
async function isSame(a: Fact, b: Fact, blobs: Blobs): Promise<boolean> {
  if (a.kind !== "signal" || b.kind !== "signal" || a.signal !== b.signal) return false;
  return isDeepStrictEqual(await unpack(a.value, blobs), await unpack(b.value, blobs));
}
