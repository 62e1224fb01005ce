// How an approval stands, for the person who has opened its link. Only looks: mail scanners and previews open links too.
import { isClosed } from "../ports/run.ts";
import type { Approval } from "../sdk/callback.ts";
import { PerdureError } from "../sdk/errors.ts";
import { readCallKey } from "./call-key.ts";
import type { Engine } from "./engine.ts";
import { callbackFactKey } from "./kinds/callback.ts";
import { unpack } from "./payloads.ts";
import { readFact } from "./read-fact.ts";
import { readToken } from "./tokens.ts";

export interface ApprovalState {
  readonly runId: string;
  readonly workflow: string;
  /** Id of the call that waits. */
  readonly approval: string;
  /** What this link says. */
  readonly decision: "approve" | "reject";
  /** Epoch ms. */
  readonly expiresAt?: number;
  readonly standing:
    | { readonly kind: "open" }
    | { readonly kind: "decided"; readonly by: Approval }
    /** Its time is up. */
    | { readonly kind: "expired" }
    /** The run has ended, or its code has given up waiting. */
    | { readonly kind: "closed" };
}

/** @throws E_CALLBACK_NOT_FOUND */
export async function readApproval(engine: Engine, token: string): Promise<ApprovalState> {
  const { ports } = engine;
  const { runId, fact } = await readToken(ports, token);
  const run = await ports.store.runs.get(runId);
  const { decision, expiresAt } = fact;
  if (decision === undefined || run === undefined)
    throw new PerdureError("E_CALLBACK_NOT_FOUND", "There is no approval with this token.");
  const hasExpired = expiresAt !== undefined && expiresAt <= ports.clock.now();
  return {
    runId,
    workflow: run.workflow,
    approval: readCallKey(fact.callback).id,
    decision,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    standing: await standingOf(engine, runId, fact.callback, hasExpired, isClosed(run.status)),
  };
}

async function standingOf(
  { ports }: Engine,
  runId: string,
  callback: string,
  hasExpired: boolean,
  isRunClosed: boolean,
): Promise<ApprovalState["standing"]> {
  const end = await readFact(ports.store, runId, callbackFactKey(callback));
  const outcome = end?.kind === "callback" ? end.outcome : undefined;
  if (outcome !== undefined && "closed" in outcome)
    return { kind: outcome.closed === "timed_out" ? "expired" : "closed" };
  // Only decideApproval completes an approval.
  if (outcome?.ok) return { kind: "decided", by: (await unpack(outcome.value, ports.blobs)) as Approval };
  return { kind: hasExpired ? "expired" : isRunClosed ? "closed" : "open" };
}
