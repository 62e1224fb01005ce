// What waits: sleeps of every length that takes another path through the engine, or until a time; signals with and without
// a timeout and a schema.
import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { sendSignal } from "../../lib/engine/index.ts";
import type { Chance } from "./chance.ts";
import {
  type Action,
  bulk,
  type Client,
  type EndedRun,
  type Interpreter,
  type Primitive,
} from "./primitive.ts";
import { isNudge } from "./run-primitives.ts";

/** In the process, by a delayed message, around the longest delay, by a schedule, over days. */
export const SPANS_MS = [
  0, 500, 1_500, 3_000, 10_000, 60_000, 300_000, 840_000, 900_000, 901_000, 920_000, 985_000, 1_000_000,
  2_000_000, 7_200_000, 90_000_000,
];
export const SIGNALS_AT_MS = [0, 1, 100, 1_000, 5_000, 60_000, 600_000, 1_000_000, 5_000_000, 100_000_000];
export const SIGNALS = ["a", "b"] as const;

export interface SleepNode {
  readonly kind: "sleep";
  readonly name: string;
  readonly ms: number;
}

export const sleep: Primitive<SleepNode> = {
  draw: ({ chance, newName }) => ({ kind: "sleep", name: newName(), ms: chance.pick(SPANS_MS) }),
  run: async ({ name, ms }, { ctx }) => {
    await ctx.sleep(name, ms);
    return "slept";
  },
  expect: () => "slept",
  longestMs: ({ ms }) => ms,
};

export interface UntilNode {
  readonly kind: "until";
  readonly name: string;
  /** After the start of the simulation, or after the call. */
  readonly from: "start" | "now";
  /** Negative when it is past. */
  readonly ms: number;
  readonly as: "date" | "text" | "number";
}

const SIMULATION_STARTS_AT = Date.UTC(2026, 0, 1);

export const until: Primitive<UntilNode> = {
  draw: ({ chance, newName }) => ({
    kind: "until",
    name: newName(),
    from: chance.pick(["start", "now"]),
    ms: chance.happens(0.1) ? -86_400_000 : chance.pick(SPANS_MS) + chance.int(0, 999),
    as: chance.pick(["date", "text", "number"]),
  }),
  run: async ({ name, from, ms, as }, { ctx, complain, hands, label }) => {
    const at = (from === "start" ? SIMULATION_STARTS_AT : ctx.now().getTime()) + ms;
    const date = new Date(at);
    await ctx.sleepUntil(name, as === "date" ? date : as === "text" ? date.toISOString() : at);
    // What it has taken over from another run was slept by that one.
    if (ctx.now().getTime() < at && !hands.isMended(label))
      complain(`T1: sleep ${name} ended before ${date.toISOString()}`);
    return "slept until then";
  },
  expect: () => "slept until then",
  longestMs: ({ ms }) => Math.max(0, ms),
};

type SchemaKind = "accepts" | "refuses" | "throws";

export interface SignalNode {
  readonly kind: "signal";
  readonly signal: (typeof SIGNALS)[number];
  readonly timeoutMs?: number;
  readonly schema?: SchemaKind;
}

export interface SentSignal extends Action {
  /** The kind of what waits for it. */
  readonly by: "signal" | "stream";
  readonly name: string;
  readonly payload: unknown;
  readonly idempotencyKey: string;
}

export const signal: Primitive<SignalNode, SentSignal> = {
  draw: ({ chance }) => ({
    kind: "signal",
    signal: chance.pick(SIGNALS),
    ...(chance.happens(0.5) ? { timeoutMs: chance.pick(SPANS_MS.slice(2)) } : {}),
    ...(chance.happens(0.3) ? { schema: chance.pick<SchemaKind>(["accepts", "refuses", "throws"]) } : {}),
  }),
  run: async (node, at) => {
    try {
      checkPayload(node, await waitFor(node, at), at);
    } catch (error) {
      if (!isExpected(node, error)) throw error;
    }
    return "waited";
  },
  expect: () => "waited",
  longestMs: ({ timeoutMs = 0 }) => timeoutMs,
  outside: {
    draw: (waits, chance, run) => SIGNALS.flatMap((name) => drawSignals(name, waits, chance, run)),
    act: send,
    judge: judgeSignals,
  },
};

export async function send(
  { name, payload, idempotencyKey }: SentSignal,
  { runId, ask }: Client,
): Promise<boolean> {
  return await ask(
    async (engine) => await sendSignal(engine, { runId, name, payload, idempotencyKey }),
    "E_RUN_CLOSED",
  );
}

/** As many as the workflow may wait for, now and then one too many; some are sent twice, as a client does that was not answered. */
function drawSignals(
  name: string,
  waits: readonly SignalNode[],
  chance: Chance,
  run: number,
): readonly SentSignal[] {
  const wanted = waits.filter((wait) => wait.signal === name).length;
  // What comes again in a later turn must be no news.
  const isRepeated = new Set(waits).size < waits.length;
  const count = wanted + (chance.happens(wanted === 0 ? 0.1 : 0.2) ? 1 : 0);
  return Array.from({ length: count }, (_, i) => {
    const idempotencyKey = `${name}${i}`;
    const payload = chance.happens(0.1) ? bulk(`${run} ${idempotencyKey}`) : { run, name, i };
    const atMs = chance.pick(SIGNALS_AT_MS) + chance.int(0, 3_000);
    const sent = { by: "signal", atMs, run, name, payload, idempotencyKey } as const;
    if (!chance.happens(isRepeated ? 0.7 : 0.25)) return [sent];
    return [sent, { ...sent, atMs: atMs + chance.pick([0, 10, 5_000, 2_000_000]) }];
  }).flat();
}

/** None lost, none delivered twice. */
export function judgeSignals(
  { facts, entries, checkpoints }: EndedRun,
  accepted: readonly Pick<SentSignal, "idempotencyKey">[],
  complain: (what: string) => void,
): void {
  const consumed = entries.flatMap((entry) =>
    entry.type === "signal.received" || entry.type === "signal.refused" ? [entry.fact] : [],
  );
  // A wait that was given up by an entry of the same checkpoint leaves its signal to the next who asks.
  const inVain = checkpoints.flatMap(({ entries: own }) => own.slice(1)).filter((entry) => "fact" in entry);
  for (const [i, fact] of consumed.entries()) {
    const isFirst = consumed.indexOf(fact) === i;
    if (!isFirst && !inVain.some((entry) => entry.fact === fact)) complain("a signal was delivered twice");
  }
  const stored = new Set(facts.flatMap((fact) => (fact.kind === "signal" ? [fact.key] : [])));
  for (const key of consumed) if (!stored.has(key)) complain(`signal ${key} was delivered and never sent`);
  const count = new Set(accepted.map(({ idempotencyKey }) => idempotencyKey)).size;
  if (stored.size < count) complain(`${count} signals were accepted and ${stored.size} are stored`);
}

/** Kinds of actions that send signals. */
const SENT_BY = ["signal", "stream", "summon"];

export function wasSent({ actions }: Interpreter, name: string, payload: unknown): boolean {
  if (isNudge(payload)) return true;
  return actions.some(
    (action) =>
      SENT_BY.includes(action.by) &&
      (action as SentSignal).name === name &&
      isDeepStrictEqual((action as SentSignal).payload, payload),
  );
}

async function waitFor({ signal: name, timeoutMs, schema }: SignalNode, { ctx }: Interpreter) {
  const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs };
  return schema === undefined
    ? await ctx.waitForSignal(name, limit)
    : await ctx.waitForSignal(name, { ...limit, schema: schemaOf(schema) });
}

function checkPayload({ signal: name, schema }: SignalNode, payload: unknown, at: Interpreter): void {
  const sent =
    schema === "accepts" ? (payload as { readonly checked?: unknown } | undefined)?.checked : payload;
  if (schema === "refuses" || schema === "throws")
    at.complain(`signal ${name} passed a schema that ${schema}`);
  else if (!wasSent(at, name, sent)) at.complain(`signal ${name} has a payload that nobody sent`);
}

function isExpected({ timeoutMs, schema }: SignalNode, error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  if (code === "E_TIMEOUT") return timeoutMs !== undefined;
  return (
    (schema === "refuses" && code === "E_INVALID_INPUT") || (schema === "throws" && error.message === schema)
  );
}

/** Gives `{ checked: value }`, refuses, or breaks. */
function schemaOf(kind: SchemaKind): StandardSchemaV1<unknown, { readonly checked: unknown }> {
  const validate = async (value: unknown) => {
    if (kind === "throws") throw new Error(kind);
    return kind === "accepts"
      ? { value: { checked: value } }
      : { issues: [{ message: "never good enough" }] };
  };
  return { "~standard": { version: 1, vendor: "perdure-simulation", validate } };
}
