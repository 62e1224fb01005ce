// Which limiters a run goes through. Decided once, when the run is started, and kept in META: the keys follow from the
// input as it was then. The limits themselves are those of the code that is deployed now, so a limit may be changed over
// runs in flight; one that is taken away bars nobody.
//
//   s/<key>   the one run at a time of a singleton
//   k/<key>   the concurrency limit that has a key
//   w/        the concurrency limit of the whole workflow
//   r/<key>   its rate
//
// Slots are asked for in this order by every run and all code, and a run that waits keeps what it has: so runs never wait
// for each other in a circle.
import { MAX_CONCURRENCY, MAX_LIMIT_KEY_CHARS } from "../../limits.ts";
import type { Run, Wait } from "../../ports/run.ts";
import { PerdureError } from "../../sdk/errors.ts";
import type { FlowControl, LimitKey } from "../../sdk/flow-control.ts";
import type { AnyWorkflow } from "../../sdk/workflow.ts";
import { cut } from "../cut.ts";
import type { Engine } from "../engine.ts";

/** What a key function says may quote the whole input. */
const MAX_KEY_ERROR_CHARS = 300;

/** A limiter with slots, of which a run must hold one. */
export interface SlotLimiter {
  /** Unique among all limiters. */
  readonly name: string;
  /** For people. */
  readonly id: string;
  readonly kind: Extract<Wait["kind"], "concurrency" | "singleton">;
  /** As the code has it now; MAX_CONCURRENCY when the code has it no more. */
  readonly limit: number;
  /** The newest run counts: it asks the older ones to end. */
  readonly cancelsOthers: boolean;
  /** Its slot is taken before its run is made. */
  readonly usesExisting: boolean;
}

export interface Pace {
  readonly name: string;
  readonly id: string;
  readonly intervalMs: number;
  readonly burst: number;
}

/** @throws E_INVALID_INPUT when a key cannot be made of the input */
export function limiterRefsOf({ name, flowControl }: AnyWorkflow, input: unknown): readonly string[] {
  const { singleton, keyed, whole, rate } = flowControl;
  const refs: string[] = [];
  if (singleton !== undefined) refs.push(`s/${keyFrom(name, singleton.key, input)}`);
  if (keyed !== undefined) refs.push(`k/${keyFrom(name, keyed.key, input)}`);
  if (whole !== undefined) refs.push("w/");
  if (rate !== undefined) refs.push(`r/${keyFrom(name, rate.key, input)}`);
  return refs;
}

/** Those whose slots a run needs, in order. */
export function slotLimitersOf(engine: Engine, run: Run): readonly SlotLimiter[] {
  return allSlotLimitersOf(engine, run).filter(({ isGone }) => !isGone);
}

/** Those that a run may hold or stand in line at, also when the code has them no more. */
export function allSlotLimitersOf(
  { registry }: Engine,
  { workflow, limiters = [] }: Run,
): readonly (SlotLimiter & { readonly isGone: boolean })[] {
  const flowControl = registry.get(workflow)?.flowControl ?? {};
  return limiters
    .filter((ref) => !ref.startsWith("r/"))
    .map((ref) => {
      const limit = limitOf(flowControl, ref);
      const isSingleton = ref.startsWith("s/");
      return {
        name: limiterName(workflow, ref),
        id: idOf(workflow, ref),
        kind: isSingleton ? "singleton" : "concurrency",
        limit: limit ?? MAX_CONCURRENCY,
        isGone: limit === undefined,
        cancelsOthers: isSingleton && flowControl.singleton?.onConflict === "cancel-other",
        usesExisting: isSingleton && flowControl.singleton?.onConflict === "use-existing",
      };
    });
}

export function paceOf({ registry }: Engine, { workflow, limiters }: Run): Pace | undefined {
  const rate = registry.get(workflow)?.flowControl.rate;
  const ref = limiters?.find((each) => each.startsWith("r/"));
  if (rate === undefined || ref === undefined) return undefined;
  return { ...rate, name: limiterName(workflow, ref), id: idOf(workflow, ref) };
}

/** A workflow's name holds no '/', so no two limiters share a name. */
export function limiterName(workflow: string, ref: string): string {
  return `${workflow}/${ref}`;
}

/** The key, or the workflow where there is none. */
function idOf(workflow: string, ref: string): string {
  return ref.slice(2) || workflow;
}

function limitOf({ singleton, keyed, whole }: FlowControl, ref: string): number | undefined {
  if (ref.startsWith("s/")) return singleton === undefined ? undefined : 1;
  return (ref.startsWith("k/") ? keyed : whole)?.limit;
}

function keyFrom(workflow: string, key: LimitKey<unknown> | undefined, input: unknown): string {
  if (key === undefined) return "";
  const made = attempt(key, input);
  if (made.ok && typeof made.value === "string" && isKey(made.value)) return made.value;
  const why = made.ok
    ? `its key is ${describe(made.value)}; it must be a well-formed text of 1 to ${MAX_LIMIT_KEY_CHARS} characters`
    : `its key function failed: ${cut(made.error, MAX_KEY_ERROR_CHARS)}`;
  throw new PerdureError("E_INVALID_INPUT", `A limit of workflow "${workflow}" cannot be applied: ${why}.`);
}

function isKey(text: string): boolean {
  return text.length >= 1 && text.length <= MAX_LIMIT_KEY_CHARS && text.isWellFormed();
}

function attempt(key: LimitKey<unknown>, input: unknown) {
  try {
    return { ok: true, value: key(input) as unknown } as const;
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) } as const;
  }
}

function describe(value: unknown): string {
  return typeof value === "string" ? `a text of ${value.length} characters` : `of type ${typeof value}`;
}
